"""Checkerboards: patterns that repeat every few pixels, in made images and not in real ones."""

from collections.abc import Iterator

import torch
from torch import Tensor

from gantk.training.doctor.detector import Detector, Finding, Shown

PERIODS = (2, 4)
"""Pixels after which the patterns of strides repeat."""

PEAK, BEYOND = 8.0, 4.0
"""How many times as strong as its neighbours a frequency is before it is said, and as in real images."""

SEEN = 0.01
"""The amplitude in [-1, 1] from which on a pattern can be seen."""

LEAST = 16
"""Pixels of a side below which a spectrum tells nothing."""


class Patterns(Detector):
    """Looks at the spectrum of made images (what Odena et al. 2016 call checkerboard artifacts)."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def shown(self, seen: Shown) -> Iterator[Finding]:
        """Yield graphs whose images have a pattern twice in a row, once they are not young."""
        for graph, images in seen.made.items():
            if min(images.shape[2:]) < LEAST or seen.young:
                continue
            found = [(period, *peak(images, period)) for period in PERIODS]
            real = seen.real.get(graph)
            usual = {period: peak(real, period)[0] if real is not None else 1.0 for period in PERIODS}
            strong = [one for one in found if one[1] > max(PEAK, BEYOND * usual[one[0]]) and one[2] > SEEN]
            self._seen[graph] = self._seen.get(graph, 0) + 1 if strong else 0
            if self._seen[graph] >= 2:
                period, times, amplitude = max(strong, key=lambda one: one[2])
                yield Finding(
                    "a checkerboard",
                    graph,
                    f"images of {graph} have a pattern that repeats every {period} pixels, {times:.0f} times as strong "
                    f"as what is beside it in the spectrum ({255 / 2 * amplitude:.1f} of 255)",
                    "generator.upsampling=resize, in a new run, where the generator has that option",
                )


def peak(images: Tensor, period: int) -> tuple[float, float]:
    """Return how strong the frequency of a period is beside its neighbours, and its amplitude in the images' unit.

    The stronger of both directions, images (N, C, H, W).
    """
    images = images.detach().float().cpu()
    best = (0.0, 0.0)
    for axis in (2, 3):
        lines = images - images.mean((2, 3), keepdim=True)
        side = lines.shape[axis] - lines.shape[axis] % 4
        spectrum = torch.fft.rfft(lines.narrow(axis, 0, side), dim=axis).abs().square()
        power = spectrum.mean([other for other in range(4) if other != axis])
        at = side // period
        beside = [place for place in (at - 3, at - 2, at - 1, at + 1, at + 2) if 0 < place < len(power) and place != at]
        floor = float(power[beside].median()) + 1e-12
        amplitude = float(power[at]) ** 0.5 / side * (1 if period == 2 else 2)
        best = max(best, (float(power[at]) / floor, amplitude), key=lambda one: one[1])
    return best
