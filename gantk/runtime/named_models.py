"""The models that installed packages bring, said as `gantk:NAME` wherever a model's file is wanted."""

from dataclasses import dataclass
from pathlib import Path

from gantk.errors import GantkError, UsageError
from gantk.packages import entries, find_module, name_and_version
from gantk.text import nearest

PREFIX = "gantk:"
"""What a model's name begins with where it stands for a file."""


@dataclass(frozen=True)
class NamedModel:
    """A model of an installed package.

    Attributes:
        name: what it is called, behind `gantk:`.
        path: its file.
        package: the distribution that brings it.
        version: the distribution's version.
    """

    name: str
    path: Path
    package: str
    version: str


def named_models() -> dict[str, NamedModel]:
    """Return the models of installed packages by name; nothing of a package is imported.

    An entry point of the group `gantk.models` names a Python package, whose folder holds `NAME.onnx` for each model.
    Raises GantkError where two packages bring models of one name.
    """
    found: dict[str, NamedModel] = {}
    for entry in entries("gantk.models"):
        spec = find_module(entry.module)
        folders = spec.submodule_search_locations if spec is not None else None
        for path in sorted(path for folder in folders or () for path in Path(folder).glob("*.onnx")):
            model = NamedModel(path.name.removesuffix(".onnx"), path, *name_and_version(entry.dist))
            other = found.setdefault(model.name, model)
            if other != model:
                raise GantkError(
                    f"two installed packages bring a model {model.name!r}: {other.package} {other.version} and "
                    f"{model.package} {model.version}; uninstall one of them"
                )
    return dict(sorted(found.items()))


def is_named(said: object) -> bool:
    """Return whether this is the name of a model, not a path; a `Path` is a file's, whatever it is called."""
    return isinstance(said, str) and said.startswith(PREFIX)


def model_file(said: str | Path) -> Path:
    """Return the file of a model that is said as `gantk:NAME`, or by its path. Raises as `named_model`."""
    return named_model(str(said).removeprefix(PREFIX)).path if is_named(said) else Path(said)


def named_model(name: str) -> NamedModel:
    """Return the model of a name, without the prefix.

    Raises UsageError where no model is called so, GantkError where several are.
    """
    known = named_models()
    if not known:
        raise UsageError(f"{PREFIX}{name}: {none_installed()}")
    if name not in known:
        raise UsageError(f"no model is called {name!r}{nearest(name, known)} (gantk models shows what each does)")
    return known[name]


def none_installed() -> str:
    """Return that there are no models, with the command that installs some where their package is not there."""
    from gantk.install_lines import models_line

    packages = sorted({" ".join(name_and_version(entry.dist)) for entry in entries("gantk.models")})
    if packages:
        return f"{' and '.join(packages)} {'hold' if packages[1:] else 'holds'} no models yet"
    return f"no ready models are installed: {models_line()}"
