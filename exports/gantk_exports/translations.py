"""The table of torch's operators in ONNX, which torch's exporter makes anew for each graph, in a third of its time."""

from contextlib import suppress
from functools import cache
from importlib import import_module


def keep_translations() -> None:
    """Let all exports of this process share the table. A torch that has it elsewhere makes it for each, as ever."""
    with suppress(ImportError, AttributeError):
        home = import_module("torch.onnx._internal._lazy_import").onnxscript_apis
        if not hasattr(home.get_torchlib_ops, "cache_info"):
            home.get_torchlib_ops = cache(home.get_torchlib_ops)
