"""A stage of a recipe that grows."""

from dataclasses import dataclass
from math import isfinite

from gantk.errors import PluginError


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A part of a run, with images, batches and players of its own.

    All that it says is relative to the run, so that a user's steps, size and batch size scale all stages together.
    Raises PluginError for a value outside its range.

    Attributes:
        name: what users and logs call it.
        share: its length: of two stages with shares 1 and 3, the first has a quarter of the run's steps.
        scale: its images' height and width, as a part of the run's size, in (0, 1].
        batch: its batch size, as a multiple of the run's; at least one image passes.
    """

    name: str
    share: float = 1.0
    scale: float = 1.0
    batch: float = 1.0

    def __post_init__(self) -> None:
        for name, value in {"share": self.share, "scale": self.scale, "batch": self.batch}.items():
            if not (isfinite(value) and value > 0):
                raise PluginError(f"stage {self.name!r}: {name} {value} must be above 0")
        if self.scale > 1:
            raise PluginError(f"stage {self.name!r}: scale {self.scale} must be at most 1, which is the run's size")


WHOLE = (Stage(name=""),)
"""The only stage of a recipe that does not grow."""
