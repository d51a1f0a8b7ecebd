"""ONNX Runtime's telemetry, which from version 1.29 on tells its maker what is run, unless it is switched off."""

import os


def switch_off() -> None:
    """Keep ONNX Runtime from telling and from writing an identifier of this user's into their cache folder.

    It must be called before onnxruntime is first imported, and leaves to users who set the variable what they set.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
