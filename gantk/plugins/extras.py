"""Which extra of gantk brings a module that is not installed."""

import re
from importlib.metadata import PackageNotFoundError, requires

_BROUGHT_BY = {"cv2": "albumentations"}


def install_line(error: ImportError) -> str | None:
    """Return the command that installs the module whose import failed, or None where no extra of gantk brings it."""
    module = (error.name or "").split(".")[0]
    wanted = _normalized(_BROUGHT_BY.get(module, module))
    try:
        requirements = requires("gantk") or []
    except PackageNotFoundError:
        return None
    for requirement in requirements:
        distribution = re.match(r"[\w.-]+", requirement)
        extra = re.search(r"extra\s*==\s*['\"]([\w.-]+)['\"]", requirement)
        if distribution and extra and _normalized(distribution[0]) == wanted:
            return f"pip install 'gantk[{extra[1]}]'"
    return None


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
