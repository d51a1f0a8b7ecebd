"""Dilated convolutions (Yu and Koltun 2015, arXiv:1511.07122), as a generator (Chen et al. 2017, arXiv:1709.00643).

Chen, Xu and Koltun translate images at their full size by 3x3 convolutions whose dilation doubles from layer to layer,
with leaky ReLUs of slope 0.2. Here the normalization is the one that is chosen, not their adaptive one; layers begin
as torch draws them, not as the identity; the dilations are fewer, and an option; and tanh ends the network, as images
are in [-1, 1].
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from gantk import Build, GeneratorSpec, Normalization, UsageError, hookimpl

gantk_api = ">=1.0,<2"


class Dilated(nn.Module):
    """Translates images (N, inputs, H, W) to (N, outputs, H, W) in [-1, 1], without ever making them smaller.

    Attributes:
        multiple: H and W must be a multiple of it.
        minimum: smallest H and W.
        halo: pixels on each side that an output pixel reads.
    """

    multiple = 1
    minimum = 1

    def __init__(
        self, inputs: int, outputs: int, normalization: Normalization, *, filters: int, dilations: tuple[int, ...]
    ) -> None:
        super().__init__()
        self.halo = sum(dilations)
        self.stages = nn.Sequential()
        for dilation in dilations:
            layer = nn.Conv2d(inputs, filters, 3, padding=dilation, dilation=dilation, bias=not normalization.shifts)
            norm = normalization.activation(filters)
            self.stages.append(nn.Sequential(normalization.weight(layer), norm, nn.LeakyReLU(0.2)))
            inputs = filters
        self.output = normalization.weight(nn.Conv2d(filters, outputs, 1))

    def forward(self, image: Tensor) -> Tensor:
        output: Tensor = self.output(self.stages(image))
        return output.tanh()

    def features(self, image: Tensor) -> list[Tensor]:
        """Return the activations after each dilated layer, each (N, filters, H, W)."""
        features = []
        for stage in self.stages:
            image = stage(image)
            features.append(image)
        return features


def dilated(
    spec: GeneratorSpec, build: Build, *, filters: int = 32, dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 1)
) -> nn.Module:
    """Build convolutions that see far and lose no pixel.

    Args:
        filters: channels of every layer.
        dilations: of each layer; an output pixel reads twice their sum, and one, to a side: 65 pixels.
    """
    spec.accept("inputs", "features", "sides")
    if filters < 1 or not dilations or min(dilations) < 1:
        raise UsageError(f"dilated needs filters and dilations >= 1, not filters={filters}, dilations={dilations}")
    normalization = build.normalization("generator")
    network = Dilated(spec.need("inputs"), spec.outputs, normalization, filters=filters, dilations=dilations)
    return normalization.network(network)


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the generator."""
    return dilated
