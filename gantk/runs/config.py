"""The configuration of a run: as a user asks for it, and as the run's folder keeps it."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gantk.documents import at_most, first_fault, read_text
from gantk.errors import UsageError
from gantk.plainyaml import parse_yaml

MOST_BYTES = 1 << 16
"""The largest configuration file that is read: ten times what a run with every option said has."""

Name = Annotated[str, at_most(4096)]
"""A plugin, a data set, or a path."""

Dotted = Annotated[str, at_most(200)]
"""The name of an option or a setting."""

Every = Annotated[int, Field(ge=1, le=10**9)]
"""Steps between two of something."""


class Config(BaseModel):
    """Everything a run can be told; as a run's `config.yaml`, everything resolved.

    Attributes:
        plugins: names or paths; the first leads.
        data: names or paths; empty: the images that ship with gantk.
        generator: the plugin that brings the generator, likewise the other parts.
        normalization: a plugin by role; the empty role stands for every one.
        set: options and settings by dotted name ("cycle", "generator.filters", "learning_rate").
        scale: `quick`: the data set's quick scale, else a general one; `paper`: none; unsaid: the data set's, if any.
        device, precision, compile, workers: how it is computed; the precision `auto` is the recipe's, if it states one.
        channels_last: whether images are laid out with channels last; unsaid: on CPUs, and in bf16.
        seed: what initial weights, random draws and the order of the data follow from.
        init: a run whose weights it starts from.
        log_every, preview_every, checkpoint_every: steps between two of each.
        preview_images: the held-out images that previews show, counted from 0; empty: some, spread over all.
        keep: how many of the newest checkpoints are kept.
        evaluate_every: steps between two evaluations; unsaid: there are none.
        metrics: what is measured then, the first of which says which checkpoint is the best; empty: `kid`.
        evaluate_images: how many held-out images an evaluation reads at most, and how many are made.
        patience: evaluations without a better score after which the training ends; unsaid: it does not.
        doctor: whether it is said what looks wrong while a training goes on.
        skip_bad: whether files that cannot be read are left out.
        steps_are: what a step is: a round, in which every player moves, or a turn of the critics, as in version 0.2.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    plugins: list[Name] = Field(default_factory=list, max_length=100)
    data: list[Name] = Field(default_factory=list, max_length=100)
    generator: Name | None = None
    discriminator: Name | None = None
    loss: Name | None = None
    normalization: dict[Dotted, Name] = Field(default_factory=dict)
    augmentation: Name | None = None
    set: dict[Dotted, Any] = Field(default_factory=dict)
    scale: Literal["quick", "paper"] | None = None
    device: str = Field(default="auto", max_length=32)
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    channels_last: bool | None = None
    compile: bool = False
    workers: int | None = Field(default=None, ge=0, le=256)
    seed: int = Field(default=0, ge=0, lt=2**62)
    init: Name | None = None
    log_every: Every = 50
    preview_every: Every = 500
    preview_images: list[Annotated[int, Field(ge=0)]] = Field(default_factory=list, max_length=32)
    checkpoint_every: Every = 500
    keep: Every = 3
    evaluate_every: Every | None = None
    metrics: list[Name] = Field(default_factory=list, max_length=32)
    evaluate_images: Annotated[int, Field(ge=2, le=10**7)] = 250
    patience: Every | None = None
    doctor: bool = True
    skip_bad: bool = False
    steps_are: Literal["rounds", "turns"] = "rounds"

    @model_validator(mode="after")
    def _evaluates(self) -> "Config":
        if self.evaluate_every is None and (self.metrics or self.patience is not None):
            raise ValueError(
                "asks for metrics or patience without evaluate_every (--evaluate-every N), the steps between two "
                "evaluations"
            )
        return self

    @property
    def measured_by(self) -> list[str]:
        """The metrics that measure the training while it goes on, the one that says what is the best first."""
        return (self.metrics or ["kid"]) if self.evaluate_every is not None else []


def read_config(path: Path) -> Config:
    """Return the configuration in a YAML file. Raises UsageError."""
    try:
        values = parse_yaml(read_text(path, MOST_BYTES))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{path} is {error}") from None
    return check_config(values or {}, str(path))


def check_config(values: Any, where: str) -> Config:
    """Return values as a configuration. Raises UsageError, naming where they came from."""
    if not isinstance(values, dict):
        raise UsageError(f"{where}: names and values are expected, such as `plugins: [cyclegan]`")
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        unknown = error.errors(include_input=False)[0]["type"] == "extra_forbidden"
        known = f"; known: {', '.join(Config.model_fields)}" if unknown else ""
        raise UsageError(f"{where}: {first_fault(error)}{known}") from None


def write_config(config: Config, path: Path) -> None:
    """Write a configuration as YAML, in the order of its fields."""
    path.write_text(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True), "utf-8")
