"""The models that an app or a server offers, by name."""

from collections.abc import Sequence
from pathlib import Path

from gantk.errors import UsageError
from gantk.runtime.named_models import named_models, none_installed


def shelf(models: Sequence[Path]) -> dict[str, Path]:
    """Return the models by the names that they go by: the files', or `RUN-NAME` where several are called the same.

    A folder stands for the models in it, a run for those in its `exports`, nothing for those that installed packages
    bring. Raises UsageError where there are none, or where names cannot be told apart.
    """
    if not models:
        brought = named_models()
        if not brought:
            raise UsageError(f"say MODEL, the file of a model, a folder of models or a run; {none_installed()}")
        return {name: model.path for name, model in brought.items()}
    files = list(dict.fromkeys(file.resolve() for path in models for file in _files(path)))
    stems = [file.stem for file in files]
    named: dict[str, Path] = {}
    for file in files:
        name = file.stem if stems.count(file.stem) == 1 else f"{_origin(file)}-{file.stem}"
        if name in named:
            raise UsageError(f"{named[name]} and {file} would both be called {name}: rename one")
        named[name] = file
    return named


def _files(path: Path) -> list[Path]:
    """Return a model's file, or the models of a folder or a run."""
    if not path.is_dir():
        return [path]
    found = list(path.glob("*.onnx")) or list(path.glob("exports/*.onnx"))
    if not found:
        raise UsageError(f"{path}: holds no models; `gantk export RUN` writes them")
    # A model comes before the same in a lower precision, a_to_b.onnx before a_to_b.fp16.onnx.
    return sorted(found, key=lambda file: (file.name.count("."), file.name))


def _origin(file: Path) -> str:
    """Return the name of the run, or else the folder, that a model lies in."""
    return (file.parents[1] if file.parent.name == "exports" else file.parent).name
