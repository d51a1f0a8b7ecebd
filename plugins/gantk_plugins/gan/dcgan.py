"""DCGAN: a GAN of convolutions (Radford et al. 2015, arXiv:1511.06434).

Section 3's rules: strided convolutions instead of pooling, and no hidden dense layer; batch norm in both networks, but
neither in the generator's last layer nor in the discriminator's first; ReLU and a last tanh in the generator, LeakyReLU
in the discriminator. Noise is uniform, and training as in section 4. Where the paper is silent, or images are of other
sizes than its figure 1:

- Kernels are 5x5, as in the figure and in the authors' code. What the field took up since is `kernel=4`: a third less
  work.
- The coarsest map has 4 to 7 pixels to a side, the paper's 4 at 64 pixels; any size that is one of these times a power
  of two will do, such as 28, 32 or 96. Channels double from the image inwards, up to eight times `filters`, which is
  the figure's 1024 at 64 pixels, and stay so in deeper networks.
- The first batch norm has a scale a channel; the authors' code has one a unit. Layers without batch norm have biases.
- The discriminator and the generator move once each for every batch; in the authors' code they take turns at batches,
  and weights decay a little.

The options `activation` and `--normalization none` give the variants on which WGAN-GP was tried (arXiv:1704.00028).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn

from gantk import (
    Build,
    Defaults,
    DiscriminatorSpec,
    GeneratorSpec,
    Normalization,
    Recipe,
    Settings,
    UsageError,
    hookimpl,
    initialize_normal,
)
from gantk_plugins.gan.algorithm import LatentGAN
from gantk_plugins.networks.attention import attend
from gantk_plugins.networks.layers import Staged, activations, coarsest, minibatched


class DCGAN(LatentGAN):
    """Makes images of noise with convolutions.

    Args:
        latent: length of the noise vector.
    """

    defaults = Defaults(
        generator="dcgan",
        discriminator="dcgan",
        loss="non-saturating",
        normalization={"generator": "batch", "discriminator": "batch"},
    )
    # Figure 1's size, and the length of the authors' code for faces; on the larger LSUN the paper shows 1 and 5 passes.
    settings = Settings(
        optimizer="adam",
        learning_rate=2e-4,
        betas=(0.5, 0.999),
        batch_size=128,
        size=64,
        epochs=25,
        precision="fp32",
    )
    distribution = "uniform"


class ConvolutionalGenerator(nn.Module):
    """Makes images (N, outputs, size, size) in [-1, 1] of latent vectors (N, latent).

    They become maps of `base` pixels to a side, and each layer doubles that; `widths` are the channels of these maps
    and after each layer but the last.
    """

    def __init__(
        self,
        latent: int,
        outputs: int,
        normalization: Normalization,
        *,
        base: int,
        widths: list[int],
        kernel: int,
        activation: type[nn.Module],
        upsampling: Literal["transposed", "resize"],
    ) -> None:
        super().__init__()
        bias = not normalization.shifts
        projection = normalization.weight(nn.Linear(latent, widths[0] * base**2, bias=bias))
        enlarging = partial(_enlarging, kernel, normalization, upsampling)
        layers = [[projection, nn.Unflatten(1, (widths[0], base, base))]]
        layers += [enlarging(before, width, bias=bias) for before, width in pairwise(widths)]
        self.stages = nn.ModuleList(
            nn.Sequential(*made, normalization.activation(width), activation())
            for made, width in zip(layers, widths, strict=True)
        )
        self.image = nn.Sequential(*enlarging(widths[-1], outputs, bias=True), nn.Tanh())

    def forward(self, latent: Tensor) -> Tensor:
        image: Tensor = self.image(self.features(latent)[-1])
        return image

    def features(self, latent: Tensor) -> list[Tensor]:
        """Return the activations after each layer but the last, coarse to fine."""
        return activations(self.stages, latent)


def _enlarging(
    kernel: int,
    normalization: Normalization,
    upsampling: Literal["transposed", "resize"],
    inputs: int,
    outputs: int,
    *,
    bias: bool,
) -> list[nn.Module]:
    """Return layers that double height and width."""
    if upsampling == "resize":
        layer: nn.Module = nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias)
        return [nn.Upsample(scale_factor=2), normalization.weight(layer)]
    layer = nn.ConvTranspose2d(
        inputs, outputs, kernel, stride=2, padding=(kernel - 1) // 2, output_padding=kernel % 2, bias=bias
    )
    return [normalization.weight(layer)]


def _plan(size: int, filters: int, kernel: int) -> tuple[int, list[int]]:
    """Return the coarsest map's height and width, and the channels of each layer, fine to coarse."""
    if filters < 1 or kernel not in (4, 5):
        raise UsageError(f"dcgan needs filters >= 1 and a kernel of 4 or 5, not filters={filters}, kernel={kernel}")
    base, depth = coarsest(size)
    return base, [filters * 2 ** min(layer, 3) for layer in range(depth)]


def generator_network(
    spec: GeneratorSpec,
    build: Build,
    *,
    filters: int = 128,
    kernel: int = 5,
    activation: Literal["relu", "tanh"] = "relu",
    upsampling: Literal["transposed", "resize"] = "transposed",
    attention: int = 0,
) -> nn.Module:
    """Build a generator of fractionally strided convolutions.

    Args:
        filters: channels of the layer before the image; they double at each coarser one, up to eight times as many.
        kernel: height and width of the transposed convolutions, 4 or 5.
        activation: what follows each layer but the last.
        upsampling: "transposed" convolution, or "resize": enlarge, then a 3x3 convolution.
        attention: height and width in pixels of the map that attends to itself, as in SAGAN; 0: none.
    """
    spec.accept("latent", "features")
    base, widths = _plan(spec.square, filters, kernel)
    normalization = build.normalization("generator")
    network = ConvolutionalGenerator(
        spec.need("latent"),
        spec.outputs,
        normalization,
        base=base,
        widths=widths[::-1],
        kernel=kernel,
        activation=nn.ReLU if activation == "relu" else nn.Tanh,
        upsampling=upsampling,
    )
    attend(network.stages, [base << stage for stage in range(len(widths))], widths[::-1], attention, normalization)
    return initialize_normal(normalization.network(network))


def discriminator_network(
    spec: DiscriminatorSpec,
    build: Build,
    *,
    filters: int = 128,
    kernel: int = 5,
    activation: Literal["leaky", "tanh"] = "leaky",
    minibatch: int = 0,
    attention: int = 0,
) -> nn.Module:
    """Build a discriminator of strided convolutions.

    Args:
        filters: channels of the first layer; they double at each coarser one, up to eight times as many.
        kernel: height and width of the convolutions, 4 or 5.
        activation: what follows each layer but the last: "leaky" ReLU with slope 0.2, or "tanh".
        minibatch: kernels of minibatch discrimination before the score, such as 100; 0: none.
        attention: height and width in pixels of the map that attends to itself, as in SAGAN; 0: none.
    """
    spec.accept("condition_channels", "features")
    base, widths = _plan(spec.square, filters, kernel)
    normalization = build.normalization("discriminator")
    made = nn.Tanh if activation == "tanh" else partial(nn.LeakyReLU, 0.2)
    stages: list[nn.Module] = []
    for before, width in pairwise([spec.channels + spec.condition_channels, *widths]):
        bias = not stages or not normalization.shifts
        layer = nn.Conv2d(before, width, kernel, stride=2, padding=(kernel - 1) // 2, bias=bias)
        norm = [normalization.activation(width)] if stages else []
        stages.append(nn.Sequential(normalization.weight(layer), *norm, made()))
    attend(stages, [base << stage for stage in reversed(range(len(widths)))], widths, attention, normalization)
    beside, read = minibatched(widths[-1] * base**2, minibatch)
    scores = nn.Sequential(nn.Flatten(), *beside, normalization.weight(nn.Linear(read, 1)))
    return initialize_normal(normalization.network(Staged(stages, scores)))


@hookimpl
def recipe() -> type[Recipe]:
    """Return DCGAN's training algorithm."""
    return DCGAN


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the convolutional generator."""
    return generator_network


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the convolutional discriminator."""
    return discriminator_network
