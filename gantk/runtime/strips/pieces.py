"""The strips of a section: which rows each makes, and which it reads."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from gantk.data.dataset import Array
from gantk.errors import Unsupported
from gantk.runtime.strips.operators import RowSpan
from gantk.runtime.strips.sections import Plan, Section


@dataclass(frozen=True)
class Strip:
    """A piece of a section's work: rows wanted of its outputs, rows read of its inputs, and the former in the strip."""

    wanted: Mapping[str, RowSpan]
    read: Mapping[str, RowSpan]
    bounds: Mapping[str, Array]


def strips_of(plan: Plan, section: Section, heights: Mapping[str, int], width: int, tile: int) -> Iterator[Strip]:
    """Yield the strips of a section from top to bottom.

    A strip is read from an aligned row of the image on, so that each tensor in it begins at a whole row.
    """
    ratios, step = plan.ratios, plan.alignment(section)
    image = heights[plan.images[0]]
    for output in section.outputs:
        if heights[output] != image * ratios[output]:
            raise Unsupported(f"cannot run in strips: {output} has {heights[output]} rows for {image} of the image")
    # Channels grow as sizes shrink: strips of coarse tensors may be higher.
    finest = max(ratios[name] for name in (*section.inputs, *section.outputs))
    rows = max(step, int(tile * tile / (width * finest)) // step * step)
    for top in range(0, image, rows):
        bottom = min(top + rows, image)
        wanted = {name: _span(top, bottom, ratios[name]) for name in section.outputs}
        needed = plan.spans(section, wanted)
        first = min(span.first / ratios[name] for name, span in needed.items())
        end = max(span.end / ratios[name] for name, span in needed.items())
        above, below = max(math.floor(first / step) * step, 0), min(math.ceil(end / step) * step, image)
        read = {name: _span(above, below, ratios[name]) for name in section.inputs}
        bounds: dict[str, Array] = {}
        for name, span in wanted.items():
            offset = int(above * ratios[name])
            bounds |= {f"{name}.first": np.array([span.first - offset]), f"{name}.end": np.array([span.end - offset])}
        yield Strip(wanted, read, bounds)


def _span(top: int, bottom: int, ratio: Fraction) -> RowSpan:
    return RowSpan(int(top * ratio), int(bottom * ratio))
