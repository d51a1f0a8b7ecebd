"""What a run is told: the request of a user, and the configuration that a run's folder keeps."""

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gantk.errors import UsageError


class Config(BaseModel):
    """Everything a run can be told; as a run's `config.yaml`, everything resolved.

    Attributes:
        plugins: names or paths; the first leads.
        data: names or paths; empty: the images that ship with gantk.
        generator: the plugin that brings the generator, likewise the other parts.
        normalization: a plugin by role; the empty role stands for every one.
        set: options and settings by dotted name ("cycle", "generator.filters", "learning_rate").
        scale: `quick`: the data set's quick scale, else a general one; `paper`: none; unsaid: the data set's, if any.
        device, precision, compile, workers: how it is computed.
        channels_last: whether images are laid out with channels last; unsaid: where networks compute in bf16.
        seed: what initial weights, random draws and the order of the data follow from.
        init: a run whose weights it starts from.
        log_every, preview_every, checkpoint_every: steps between two of each.
        keep: how many of the newest checkpoints are kept.
        skip_bad: whether files that cannot be read are left out.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    plugins: list[str] = Field(default_factory=list)
    data: list[str] = Field(default_factory=list)
    generator: str | None = None
    discriminator: str | None = None
    loss: str | None = None
    normalization: dict[str, str] = Field(default_factory=dict)
    set: dict[str, Any] = Field(default_factory=dict)
    scale: Literal["quick", "paper"] | None = None
    device: str = "auto"
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    channels_last: bool | None = None
    compile: bool = False
    workers: int | None = Field(default=None, ge=0)
    seed: int = Field(default=0, ge=0, lt=2**62)
    init: str | None = None
    log_every: int = Field(default=50, ge=1)
    preview_every: int = Field(default=500, ge=1)
    checkpoint_every: int = Field(default=500, ge=1)
    keep: int = Field(default=3, ge=1)
    skip_bad: bool = False


def read_config(path: Path) -> Config:
    """Return the configuration in a YAML file. Raises UsageError."""
    try:
        return check_config(yaml.safe_load(path.read_text(encoding="utf-8")) or {}, str(path))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not YAML: {' '.join(str(error).split())}") from None


def check_config(values: Any, where: str) -> Config:
    """Return values as a configuration. Raises UsageError, naming where they came from."""
    if not isinstance(values, dict):
        raise UsageError(f"{where}: names and values are expected, such as `plugins: [cyclegan]`")
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        known = f"; known: {', '.join(Config.model_fields)}" if first["type"] == "extra_forbidden" else ""
        raise UsageError(f"{where}: {name}: {first['msg'].lower()}{known}") from None


def write_config(config: Config, path: Path) -> None:
    """Write a configuration as YAML, in the order of its fields."""
    path.write_text(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True), "utf-8")
