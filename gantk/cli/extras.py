"""What a command needs beyond the base installation."""

from importlib.util import find_spec

from gantk.errors import GantkError
from gantk.installing import extra_line


def require_training(command: str) -> None:
    """Raise GantkError, saying what to install, where the packages that `command` needs are not there."""
    needed = ("torch", "albumentations", "safetensors", "onnx", "onnxscript")
    if missing := [name for name in needed if find_spec(name) is None]:
        raise GantkError(f"{command} needs {', '.join(missing)}: {extra_line('train')}")
