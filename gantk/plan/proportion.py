"""A checkpoint's size, against that of the networks that a run's options make."""

from pathlib import Path

from gantk.data.infos import Contents
from gantk.errors import GantkError
from gantk.parts.context import Context
from gantk.parts.valueless import without_values
from gantk.plan.assemble import build_recipe
from gantk.plan.resolve import Resolved

_SLACK = 2**26
"""Bytes that networks may always have."""


def check_size(resolved: Resolved, contents: Contents, checkpoint: Path) -> None:
    """Raise GantkError where the options make networks far larger than the checkpoint's, before memory is asked for."""
    try:
        with without_values():
            networks = build_recipe(resolved, contents, Context()).networks().values()
    except Exception:
        # A network that cannot be made without values is made with them, and says itself what is wrong.
        return
    needed = sum(tensor.nbytes for network in networks for tensor in network.module.state_dict().values())
    held = sum(file.stat().st_size for file in checkpoint.glob("*.safetensors"))
    if needed > 2 * held + _SLACK:
        raise GantkError(
            f"cannot load {checkpoint}: its files hold {held / 1e6:.1f} MB, and the options of the run make networks "
            f"of {needed / 1e6:,.1f} MB"
        )
