"""How a ready model was trained: what lies beside its file as `NAME.training.json` and `NAME.yaml`."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from gantk.documents import read_text, shortened
from gantk.errors import GantkError
from gantk.runtime.files import written_aside
from gantk.runtime.schema import FieldError, from_json, mapping, record, several, text

_MOST_BYTES = 1 << 16
_LINE = text(least=1, most=2000)
_WORDS = several(text(most=2000), least=2, most=500)
_FIELDS = {
    "what": _LINE,
    "train": _WORDS,
    "export": _WORDS,
    "data": _LINE,
    "fingerprint": text(most=500),
    "device": text(most=100),
    "precision": text(most=100),
    "versions": mapping(text(most=100), most=50),
}
_CHECK = record(_FIELDS, set(_FIELDS))


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """How a model came about, so that it can be made again.

    Attributes:
        what: what it does, in a sentence.
        train: the words of the command that trained it.
        export: the words of the command that exported it.
        data: what it was trained on, in a sentence.
        fingerprint: the hash of that data.
        device: where it was trained.
        precision: in which precision.
        versions: of gantk and the packages that it was trained with, by name.
    """

    what: str
    train: tuple[str, ...]
    export: tuple[str, ...]
    data: str
    fingerprint: str
    device: str
    precision: str
    versions: Mapping[str, str]

    def write(self, model: Path) -> None:
        """Write it beside a model's file."""
        with written_aside(training_of(model)) as aside:
            aside.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", "utf-8")


def read_provenance(model: Path) -> Provenance:
    """Return what lies beside a model's file. Raises GantkError where that is missing or damaged."""
    path = training_of(model)
    try:
        return Provenance(**_CHECK(from_json(read_text(path, _MOST_BYTES), "text"), "content"))
    except FieldError as fault:
        raise GantkError(f"{path}: its {fault}") from None
    except (OSError, ValueError) as error:
        raise GantkError(f"cannot read {path}: {shortened(error)}") from error


def training_of(model: Path) -> Path:
    """Return where it stands how a model was trained."""
    return model.with_name(f"{model.name.removesuffix('.onnx')}.training.json")


def config_of(model: Path) -> Path:
    """Return where the configuration stands that a model was trained with, everything resolved."""
    return model.with_name(f"{model.name.removesuffix('.onnx')}.yaml")


def read_config_text(model: Path) -> str:
    """Return that configuration as YAML. Raises GantkError where it is missing or no text."""
    path = config_of(model)
    try:
        return read_text(path, _MOST_BYTES)
    except (OSError, ValueError) as error:
        raise GantkError(f"cannot read {path}: {shortened(error)}") from error
