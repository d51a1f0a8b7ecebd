"""The commands that install what is missing, as they work in this environment.

No registry is assumed to know gantk: an extra of it is installed from where gantk itself came from.
"""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from gantk.errors import GantkError
from gantk.text import pasted

_BROUGHT_BY = {"cv2": "albumentations"}

_EXTRAS = {"serve": "serve", **dict.fromkeys(("train", "export", "evaluate", "import", "bench"), "train")}
"""The extra that belongs to a command; the others need none."""

_MODELS = "exports/models"
"""Where the source of the package gantk-models lies in a checkout."""


def require_training(command: str) -> None:
    """Raise GantkError, saying what to install, where the packages that `command` needs are not there."""
    needed = ("torch", "albumentations", "safetensors", "onnx", "onnxscript")
    if missing := [name for name in needed if find_spec(name) is None]:
        raise GantkError(f"{command} needs {', '.join(missing)}: {extra_line('train')}")


def install_line(error: ImportError, command: str = "") -> str | None:
    """Return what installs the module whose import failed, or None where gantk does not bring it.

    Where several extras do, it is the one that belongs to gantk's command.
    """
    module = (error.name or "").split(".")[0]
    wanted = _normalized(_BROUGHT_BY.get(module, module))
    found = {extra: one for one, extra in _requirements() if _normalized(_name(one)) == wanted}
    if not found:
        return None
    if "" in found:
        # It belongs to every installation, and is gone from this one.
        return packages_line(found[""])
    own = _EXTRAS.get(command, "")
    return extra_line(own if own in found else next(iter(found)))


def extra_line(extra: str) -> str:
    """Return the command that installs what an extra of gantk brings."""
    origin = _origin()
    if origin is None:
        # Gone, or unknown: what the extra brings can be named without gantk.
        return packages_line(*(requirement for requirement, of in _requirements() if of == extra))
    if origin.get("dir_info", {}).get("editable"):
        return pasted(*_tool(), "-e", f"{_path(origin['url'])}[{extra}]")
    return packages_line(f"gantk[{extra}] @ {_reference(origin)}")


def packages_line(*packages: str) -> str:
    """Return the command that installs packages of others."""
    return pasted(*_tool(), *packages)


def editable_line(folder: Path) -> str:
    """Return the command that installs a package whose source is being written."""
    return pasted(*_tool(), "-e", folder)


def models_line() -> str:
    """Return how the package of ready models is installed, whose source lies in gantk's."""
    origin = _origin() or {"url": ""}
    if "vcs_info" in origin:
        return packages_line(f"gantk-models @ {_reference(origin)}#subdirectory={_MODELS}")
    folder = (_path(origin["url"]) or Path()) / _MODELS
    if folder.is_absolute() and folder.is_dir():
        return packages_line(str(folder))
    return f"{packages_line(_MODELS)}, in a checkout of gantk"


def newer_line() -> str:
    """Return how a newer gantk is installed."""
    origin = _origin()
    path = _path(origin["url"]) if origin else None
    if path is not None and path.is_dir():
        return f"update {pasted(path)} and install it again: {pasted(*_tool(), path)}"
    return "install a newer gantk"


def _tool() -> tuple[str, ...]:
    """Return the words that install into this environment: pip's where it is there, else uv's."""
    if find_spec("pip") is not None:
        return (sys.executable, "-m", "pip", "install")
    beside = shutil.which("uv", path=str(Path(sys.executable).parent))
    if beside is not None or shutil.which("uv") is not None:
        return (beside or "uv", "pip", "install", "--python", sys.prefix)
    return ("pip", "--python", sys.prefix, "install")


def _origin() -> dict[str, Any] | None:
    """Return where gantk was installed from (PEP 610); None where that is unknown, or a path that is gone."""
    try:
        origin: Any = json.loads(distribution("gantk").read_text("direct_url.json") or "null")
    except (PackageNotFoundError, ValueError):
        return None
    if not isinstance(origin, dict) or not isinstance(origin.get("url"), str):
        return None
    path = _path(origin["url"])
    return origin if path is None or path.exists() else None


def _path(url: str) -> Path | None:
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def _reference(origin: dict[str, Any]) -> str:
    repository = origin.get("vcs_info")
    return f"{repository['vcs']}+{origin['url']}@{repository['commit_id']}" if repository else str(origin["url"])


def _requirements() -> Iterator[tuple[str, str]]:
    """Yield each requirement without its condition, and the extra it is of; empty: every installation's."""
    try:
        requirements = distribution("gantk").requires or []
    except PackageNotFoundError:
        return
    for requirement in requirements:
        wanted, _, condition = requirement.partition(";")
        extra = re.search(r"extra\s*==\s*['\"]([\w.-]+)['\"]", condition)
        yield wanted.strip(), extra[1] if extra else ""


def _name(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    return found[0] if found else ""


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
