"""The generator translates images: an encoder, and a decoder that adds its activations.

What the encoder saw at each size is added on the way back, as in LinkNet (Chaurasia and
Culurciello 2017, arXiv:1707.03718, figure 1). Its residual blocks are plain
convolutions here, and each step up repeats pixels and convolves them.
"""

from collections.abc import Callable
from itertools import pairwise

from gantk import (
    Build,
    GeneratorSpec,
    Normalization,
    Unsupported,
    UsageError,
    hookimpl,
)
from torch import Tensor, nn


def convolved(
    before: int, after: int, normalization: Normalization, *, stride: int = 1
) -> nn.Sequential:
    """Return a 3x3 convolution, its norm and a ReLU."""
    bias = not normalization.shifts
    layer = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=bias)
    return nn.Sequential(
        normalization.weight(layer), normalization.activation(after), nn.ReLU()
    )


class AddingNetwork(nn.Module):
    """Translates images (N, inputs, H, W) into images (N, outputs, H, W) in [-1, 1].

    Attributes:
        multiple: height and width must be multiples of it, which exports read.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        normalization: Normalization,
        *,
        filters: int,
        levels: int,
    ) -> None:
        super().__init__()
        self.multiple = 2**levels
        widths = [filters * 2**level for level in range(levels + 1)]
        self.first = nn.Sequential(nn.Conv2d(inputs, filters, 3, padding=1), nn.ReLU())
        self.downs, self.ups = nn.ModuleList(), nn.ModuleList()
        for narrow, wide in pairwise(widths):
            self.downs.append(convolved(narrow, wide, normalization, stride=2))
            larger = nn.Upsample(scale_factor=2)
            up = nn.Sequential(larger, convolved(wide, narrow, normalization))
            self.ups.insert(0, up)
        self.last = nn.Sequential(nn.Conv2d(filters, outputs, 3, padding=1), nn.Tanh())

    def forward(self, image: Tensor) -> Tensor:
        x = self.first(image)
        seen = []
        for down in self.downs:
            seen.append(x)
            x = down(x)
        for up in self.ups:
            x = up(x) + seen.pop()
        output: Tensor = self.last(x)
        return output


def adding_network(
    spec: GeneratorSpec, build: Build, *, filters: int = 32, levels: int = 2
) -> nn.Module:
    """Build the generator.

    Args:
        filters: channels of the first layer; each level doubles them.
        levels: how often height and width are halved.
    """
    spec.accept("inputs", "sides")
    if filters < 1 or levels < 1:
        raise UsageError(
            f"filters and levels must be at least 1, not {filters} and {levels}"
        )
    # A norm over each image's pixels needs more than one of them.
    if any(side % 2**levels for side in spec.sides) or max(spec.sides) == 2**levels:
        raise Unsupported(
            f"needs a larger multiple of {2**levels} pixels, not {spec.sides}"
        )
    normalization = build.normalization("generator")
    network = AddingNetwork(
        spec.need("inputs"), spec.outputs, normalization, filters=filters, levels=levels
    )
    return normalization.network(network)


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the generator."""
    return adding_network
