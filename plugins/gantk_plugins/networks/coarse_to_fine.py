"""pix2pixHD's generators (Wang et al. 2018, arXiv:1711.11585, section 3.1): a global one, and what enhances its images.

The global generator G1 is Johnson et al.'s (2016) with four halvings: c7s1-64, d128, d256, d512, d1024, R1024 nine
times, u512, u256, u128, u64, c7s1-3. A local enhancer works at twice the size with half of the filters: c7s1-32, d64,
to which it adds what the generator below it has before its last layer, then R64 three times, u32, c7s1-3. Images for
the generator below are halved by means over 3x3 pixels. The appendix's ReLU after the last layer is tanh, as images are
in [-1, 1].

In a run with the stages that `stages` gives, those enhancers work whose stage has come; in any other, all of them.
"""

from __future__ import annotations

from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d
from torch.utils.checkpoint import checkpoint

from gantk import Build, GeneratorSpec, Informed, Normalization, Stage, Unsupported, UsageError
from gantk_plugins.networks.resnet import Block, convolution, doubling, halving, normed

Upsampling = Literal["transposed", "resize"]


class Blocks(nn.Module):
    """Residual blocks, whose inner activations are computed again for the gradient if memory should be saved."""

    def __init__(self, channels: int, count: int, normalization: Normalization, *, saves_memory: bool) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(channels, normalization, dropout=False) for _ in range(count))
        self.saves_memory = saves_memory

    def forward(self, x: Tensor) -> Tensor:
        again = self.saves_memory and self.training and torch.is_grad_enabled()
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=False) if again else block(x)
        return x


class GlobalGenerator(nn.Module):
    """Translates images (N, inputs, H, W) to (N, outputs, H, W) in [-1, 1].

    Attributes:
        body: what gives the activations (N, filters, H, W) before the last layer.
        last: the last layer.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        normalization: Normalization,
        *,
        filters: int,
        blocks: int,
        halvings: int,
        upsampling: Upsampling,
        saves_memory: bool = False,
    ) -> None:
        super().__init__()
        widths = [filters * 2**number for number in range(halvings + 1)]
        self.body = nn.Sequential(
            normed(convolution(inputs, filters, 7, normalization), filters, normalization),
            *(normed(halving(width, normalization), 2 * width, normalization) for width in widths[:-1]),
            Blocks(widths[-1], blocks, normalization, saves_memory=saves_memory),
            *(
                normed(doubling(width, normalization, upsampling), width // 2, normalization)
                for width in reversed(widths[1:])
            ),
        )
        self.last = _last(filters, outputs, normalization)

    def forward(self, image: Tensor) -> Tensor:
        made: Tensor = self.last(self.body(image))
        return made


class LocalEnhancer(nn.Module):
    """Makes images (N, outputs, H, W) of images, and of what the generator below has at half their size.

    Attributes:
        before: what halves the image.
        after: what gives the activations (N, filters, H, W) before the last layer.
        last: the last layer.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        normalization: Normalization,
        *,
        filters: int,
        blocks: int,
        upsampling: Upsampling,
        saves_memory: bool,
    ) -> None:
        super().__init__()
        self.before = nn.Sequential(
            normed(convolution(inputs, filters, 7, normalization), filters, normalization),
            normed(halving(filters, normalization), 2 * filters, normalization),
        )
        self.after = nn.Sequential(
            Blocks(2 * filters, blocks, normalization, saves_memory=saves_memory),
            normed(doubling(2 * filters, normalization, upsampling), filters, normalization),
        )
        self.last = _last(filters, outputs, normalization)

    def forward(self, image: Tensor, below: Tensor) -> Tensor:
        """Return the activations before the last layer."""
        activations: Tensor = self.after(self.before(image) + below)
        return activations


class CoarseToFine(Informed, nn.Module):
    """A global generator and the enhancers of its images, each at twice the size.

    Args:
        coarse: the global generator.
        enhancers: what enhances, the first at twice the global generator's size.
        halvings: how often the global generator halves an image.
        halo: pixels on each side that an output pixel of the global generator reads through its convolutions.
        reach: pixels on each side that an output pixel reads by what follows where an enhancer adds.
    """

    def __init__(
        self, coarse: GlobalGenerator, enhancers: list[LocalEnhancer], halvings: int, halo: int, reach: int
    ) -> None:
        super().__init__()
        self.coarse = coarse
        self.enhancers = nn.ModuleList(enhancers)
        self._names = [stage.name for stage in stages(len(enhancers))]
        self._halvings, self._halo, self._reach = halvings, halo, reach
        # Where the stages do not come, the last layers of all but the last enhancer make no image.
        for idle in [self.coarse, *enhancers][:-1]:
            idle.last.requires_grad_(False)

    @property
    def working(self) -> int:
        """How many enhancers work in the present stage."""
        name = self.stage.name
        return (self._names.index(name) + 1) // 2 if name in self._names else len(self.enhancers)

    @property
    def multiple(self) -> int:
        """H and W must be a multiple of it."""
        return 1 << (self._halvings + self.working)

    @property
    def minimum(self) -> int:
        """The smallest H and W, below which there is nothing left to reflect."""
        return max(2 * self.multiple, 4 << self.working)

    @property
    def halo(self) -> int:
        """Pixels on each side that an output pixel reads through convolutions, rounded up to `multiple`."""
        pixels = self._halo
        for _ in range(self.working):
            pixels = 2 * (pixels + 1) + self._reach
        return -(-pixels // self.multiple) * self.multiple

    def in_use(self) -> list[nn.Module]:
        """Return the modules that work in the present stage, whose weights move."""
        working = self._working_ones()
        below = [part for each in working for part in (each.before, each.after)]
        last = working[-1].last if working else self.coarse.last
        return [self.coarse.body, *below, last.requires_grad_()]

    def _working_ones(self) -> list[LocalEnhancer]:
        return [cast(LocalEnhancer, each) for each in self.enhancers[: self.working]]

    def forward(self, image: Tensor) -> Tensor:
        sizes = [image]
        for _ in range(self.working):
            sizes.append(avg_pool2d(sizes[-1], 3, stride=2, padding=1, count_include_pad=False))
        x = self.coarse.body(sizes.pop())
        last = self.coarse.last
        for enhancer in self._working_ones():
            x, last = enhancer(sizes.pop(), x), enhancer.last
        made: Tensor = last(x)
        return made


def stages(enhancers: int) -> list[Stage]:
    """Return the authors' schedule: the global generator; then each enhancer alone for 10 epochs, and all for 90."""
    if not enhancers:
        return [Stage(name="whole")]
    found = [Stage(name="coarse", share=200, scale=0.5**enhancers)]
    for number in range(1, enhancers + 1):
        scale = 0.5 ** (enhancers - number)
        found.append(Stage(name=f"enhancer {number} alone", share=10, scale=scale))
        found.append(Stage(name=f"enhancer {number} with all", share=90, scale=scale))
    return found


def coarse_to_fine(
    spec: GeneratorSpec,
    build: Build,
    *,
    filters: int = 64,
    blocks: int = 9,
    halvings: int = 4,
    enhancers: int = 1,
    enhancer_blocks: int = 3,
    upsampling: Upsampling = "transposed",
    checkpointing: bool = False,
) -> nn.Module:
    """Build a global generator and the enhancers of its images.

    Args:
        filters: channels of the global generator's first layer; each enhancer has half as many as what is below it.
        blocks: residual blocks of the global generator.
        halvings: how often it halves an image.
        enhancers: local enhancers, each of which doubles the size; the global generator alone works at what is left.
        enhancer_blocks: residual blocks of an enhancer.
        upsampling: "transposed" convolution, or "resize": enlarge, then convolve.
        checkpointing: whether a training computes the inner activations of residual blocks twice, for less memory.
    """
    spec.accept("inputs", "sides")
    inputs = spec.need("inputs")
    if min(filters >> enhancers if enhancers >= 0 else 0, halvings) < 1 or min(blocks, enhancer_blocks) < 0:
        raise UsageError(
            "pix2pixhd needs halvings >= 1, enhancers, blocks and enhancer_blocks >= 0, and filters that can be halved "
            f"for each enhancer, not halvings={halvings}, enhancers={enhancers}, blocks={blocks}, "
            f"enhancer_blocks={enhancer_blocks}, filters={filters}"
        )
    normalization = build.normalization("generator")
    coarse = GlobalGenerator(
        inputs,
        spec.outputs,
        normalization,
        filters=filters,
        blocks=blocks,
        halvings=halvings,
        upsampling=upsampling,
        saves_memory=checkpointing,
    )
    finer = [
        LocalEnhancer(
            inputs,
            spec.outputs,
            normalization,
            filters=filters >> number,
            blocks=enhancer_blocks,
            upsampling=upsampling,
            saves_memory=checkpointing,
        )
        for number in range(1, enhancers + 1)
    ]
    # A block reads 2 pixels to each side of what is halved; the layers around it read the rest.
    halo = 2**halvings * 2 * blocks + (2 ** (halvings + 1) + 4 if upsampling == "transposed" else 2 ** (halvings + 2))
    network = CoarseToFine(coarse, finer, halvings, halo, 4 * enhancer_blocks + 8)
    if any(side % network.multiple or side < network.minimum for side in spec.sides):
        raise Unsupported(
            f"with {halvings} halvings and {enhancers} enhancers needs a size that is a multiple of {network.multiple} "
            f"and at least {network.minimum}, not {spec.sides}"
        )
    return normalization.network(network)


def _last(filters: int, outputs: int, normalization: Normalization) -> nn.Sequential:
    layer = normalization.weight(nn.Conv2d(filters, outputs, 7, padding=3, padding_mode="reflect"))
    return nn.Sequential(layer, nn.Tanh())
