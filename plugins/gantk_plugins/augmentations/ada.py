"""ADA: adaptive discriminator augmentation (Karras et al. 2020, arXiv:2006.06676).

Every image that the discriminator sees is changed, each change being made with a probability p. p rises while the
discriminator takes too many real images for real, which it does once it knows a small data set by heart, and falls
otherwise: r = E[sign(D(real))] is held at 0.6 (equation 1 and section 3). While p stays well below 1, the generator
does not learn to make changed images.

The changes are those that the paper trains with (appendix B): pixel blitting (mirroring, quarter turns, whole pixels),
geometry (scale, turns, stretch, fractions of a pixel) and colour (brightness, contrast, luma flip, hue, saturation),
with its distributions. As in the paper's runs, filtering in image space and corruptions are left out.

Where this leaves the paper: images are sampled bilinearly, without the low-pass filter around it (kornia offers no
wavelets); p is held at 1 at most; what the discriminator sees of a sample in one turn is changed alike, so that a
recipe may compare its features. Where images have not three channels, the axis of luma is that of all their channels,
and there is no hue. An image is taken for real above the score in the middle of the game, 0 in the paper's.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gantk import Augmentation, Drawn, Scores, UsageError, hookimpl

WHOLE, FRACTION = 0.125, 0.125
"""How far images move, as shares of the size: at most by whole pixels, and as a standard deviation by fractions."""
SCALE, BRIGHTNESS, CONTRAST, SATURATION = 0.2, 0.2, 0.5, 1.0
"""Standard deviations; of all but the brightness, of the logarithm to the base 2."""


class ADA(Augmentation):
    """Changes images with a probability that adapts to how sure the discriminator is of real ones.

    Args:
        target: the share of real images that are taken for real, less the share of those that are not.
        images: real images within which the probability can rise from 0 to 1.
        every: batches between two changes of the probability.
    """

    reads_scores = True
    p: Tensor
    heard: Tensor

    def __init__(self, *, target: float = 0.6, images: int = 500_000, every: int = 4) -> None:
        super().__init__()
        if not -1 < target < 1 or images < 1 or every < 1:
            raise UsageError(
                f"ada needs a target between -1 and 1, and images and every of at least 1, not target={target}, "
                f"images={images}, every={every}"
            )
        self.target, self.rise_within, self.every = target, images, every
        self.register_buffer("p", torch.zeros(()))
        self.register_buffer("heard", torch.zeros(()))

    def watch(self, real_scores: Scores, boundary: float) -> None:
        """Hear how many real images are taken for real."""
        scales = real_scores if isinstance(real_scores, list) else [real_scores]
        signs = [(scores.detach() - boundary).sign().float().mean() for scores in scales]
        self.feed_back(torch.stack(signs).mean())

    def adapt(self, feedback: Tensor) -> None:
        """Add a step's sign up, and move p by a fixed amount every few batches."""
        rounds = max(round(self.every / self.context.critic_steps), 1)
        self.heard += feedback
        if (self.context.round + 1) % rounds == 0:
            seen = rounds * self.context.critic_steps * self.context.images
            self.p += (self.heard / rounds - self.target).sign() * (seen / self.rise_within)
            self.p.clamp_(0, 1)
            self.heard.zero_()
        self.note(**{f"{self.name}_p": self.p, f"{self.name}_sign": feedback})

    def drawn(self, images: Tensor) -> Drawn:
        """Return what is done to each sample, each with probability p: numbers (N,) or (N, 2), else of no effect."""
        count, device = len(images), images.device

        def uniform(*shape: int) -> Tensor:
            return torch.rand(count, *shape, device=device)

        def normal(*shape: int) -> Tensor:
            return torch.randn(count, *shape, device=device)

        def chosen(change: Tensor, neutral: float, p: Tensor = self.p) -> Tensor:
            gate = torch.rand(count, *(1 for _ in change.shape[1:]), device=device) < p
            return torch.where(gate, change, neutral)

        # Two turns, of which one before and one after the stretch, together happen with probability p.
        turning = 1 - (1 - self.p).sqrt()
        return {
            "mirror": chosen(1 - 2 * (uniform() < 0.5).float(), 1.0),
            "quarter": chosen((uniform() * 4).floor().clamp(max=3) * (math.pi / 2), 0.0),
            "whole": chosen((uniform(2) * 2 - 1) * WHOLE, 0.0),
            "scale": chosen((normal() * SCALE).exp2(), 1.0),
            "before": chosen((uniform() * 2 - 1) * math.pi, 0.0, turning),
            "stretch": chosen((normal() * SCALE).exp2(), 1.0),
            "after": chosen((uniform() * 2 - 1) * math.pi, 0.0, turning),
            "fraction": chosen(normal(2) * FRACTION, 0.0),
            "brightness": chosen(normal() * BRIGHTNESS, 0.0),
            "contrast": chosen((normal() * CONTRAST).exp2(), 1.0),
            "luma": chosen(1 - 2 * (uniform() < 0.5).float(), 1.0),
            "hue": chosen((uniform() * 2 - 1) * math.pi, 0.0),
            "saturation": chosen((normal() * SATURATION).exp2(), 1.0),
        }

    def images(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Return images moved and with other colours."""
        return coloured(moved(images, drawn, "bilinear"), drawn)

    def layouts(self, layouts: Tensor, drawn: Drawn) -> Tensor:
        """Return label maps moved."""
        return moved(layouts, drawn, "nearest")


def moved(images: Tensor, drawn: Drawn, mode: str) -> Tensor:
    """Return images (N, C, H, W), mirrored at their edges where they end, as the numbers move them."""
    from kornia.geometry.transform import homography_warp

    height, width = images.shape[2:]
    # Filled there: a copy from the processor would wait for the device.
    sides = torch.stack([torch.full((), float(side), device=images.device) for side in (width, height)])
    matrices = _inverse(drawn, sides)
    still = (matrices == torch.eye(3, device=images.device)).all((1, 2))
    # From -1 to 1 across the image, in place of pixels from its middle.
    pixels = torch.cat([sides / 2, sides.new_ones(1)])
    normalized = matrices * pixels / pixels[:, None]
    warped = homography_warp(images, normalized.to(images.dtype), (height, width), mode=mode, padding_mode="reflection")
    return torch.where(still.view(-1, 1, 1, 1), images, warped)


def coloured(images: Tensor, drawn: Drawn) -> Tensor:
    """Return images (N, C, H, W) with other colours."""

    def number(name: str) -> Tensor:
        return drawn[name].view(-1, 1, 1, 1)

    brightness, contrast, luma, hue, saturation = map(number, ("brightness", "contrast", "luma", "hue", "saturation"))
    changed = contrast * (images + brightness)
    grey = changed.mean(1, keepdim=True)
    colour = changed - grey
    if images.shape[1] == 3:
        # A turn about the axis of grey; the cross product with it is the difference of the two other channels.
        across = (colour.roll(1, 1) - colour.roll(-1, 1)) / math.sqrt(3)
        colour = hue.cos() * colour + hue.sin() * across
    else:
        hue = torch.zeros_like(hue)
    same = (brightness == 0) & (contrast == 1) & (luma == 1) & (hue == 0) & (saturation == 1)
    return torch.where(same, images, luma * grey + saturation * colour)


def _inverse(drawn: Drawn, sides: Tensor) -> Tensor:
    """Return matrices (N, 3, 3) that take a place of the new image, in pixels from its middle, to that of the old."""
    scale, stretch = 1 / drawn["scale"], drawn["stretch"]
    one = torch.ones_like(scale)
    steps = (
        _scaling(drawn["mirror"], one),
        _turn(drawn["quarter"]),
        _shift(-(drawn["whole"] * sides).round()),
        _scaling(scale, scale),
        _turn(drawn["before"]),
        _scaling(1 / stretch, stretch),
        _turn(drawn["after"]),
        _shift(-drawn["fraction"] * sides),
    )
    inverse = steps[0]
    for step in steps[1:]:
        inverse = inverse @ step
    return inverse


def _scaling(x: Tensor, y: Tensor) -> Tensor:
    return torch.diag_embed(torch.stack([x, y, torch.ones_like(x)], 1))


def _turn(angle: Tensor) -> Tensor:
    cosine, sine, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    # Quarter turns must meet pixels.
    cosine, sine = (torch.where(part.abs() < 1e-6, zero, part) for part in (cosine, sine))
    rows = [cosine, sine, zero, -sine, cosine, zero, zero, zero, torch.ones_like(angle)]
    return torch.stack(rows, 1).view(-1, 3, 3)


def _shift(by: Tensor) -> Tensor:
    matrices = torch.eye(3, device=by.device).repeat(len(by), 1, 1)
    matrices[:, :2, 2] = by
    return matrices


@hookimpl
def augmentation() -> type[Augmentation]:
    """Return ADA."""
    return ADA
