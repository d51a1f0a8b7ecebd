"""EBGAN: a GAN whose discriminator is an auto-encoder, its error the energy (Zhao et al. 2016, arXiv:1609.03126).

An image's energy is ||Dec(Enc(x)) - x|| (section 2.3), here divided by the root of how many numbers an image has: the
root of its mean squared error, which means the same at any size. Figure 1 says mean squared error, but the paper's
margins fit the norm as written: 20 at 64 pixels, 40 at 128 and 80 at 256 are all 0.18 in this unit, the default margin.
MNIST's 10 is 0.36 here, LSUN's 80 at 64 pixels 0.72. So that the generator's two terms keep their balance, the weight
0.1 of the pulling-away term is divided alike: 0.0036 for MNIST, 0.0009 for 64 pixels in colour. Under image conditions
the auto-encoder reads them with the image, and what it must give back is the image alone.

The discriminator for 64 pixels is the paper's: kernels of 4, stride 2, channels 64, 128, 256, then 128, 64 and the
image's. Images that cannot be halved thrice down to 4 pixels are halved less often; points, which are images of one
pixel, go through two dense layers either way. As the paper asks, it follows DCGAN's guidance (arXiv:1511.06434): leaky
ReLU in the encoder, ReLU in the decoder, no norm in the first and last layers, Adam at 2e-4 with beta1 0.5, batches of
128, DCGAN's generator. Weights are drawn as the paper's appendix is reported to have it: the discriminator's from
N(0, 0.002), ten times as narrow as the generator's. The last layer is linear: the paper names no bound, and points have
none. The encoder's last activation is the representation that the pulling-away term spreads.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, relu

from gantk import (
    AdversarialLoss,
    Build,
    Critic,
    Defaults,
    DiscriminatorSpec,
    Graph,
    Normalization,
    Points,
    Recipe,
    Scores,
    Settings,
    Unsupported,
    UsageError,
    Vector,
    hookimpl,
    initialize_normal,
    single_scores,
)
from gantk_plugins.gan.algorithm import LatentGAN


def pulling_away(codes: Tensor) -> Tensor:
    """Return the mean squared cosine between different samples' representations (N, ...); 0 for one (section 2.4)."""
    directions = normalize(codes.flatten(1), dim=1)
    squares = (directions @ directions.T).square()
    pairs = len(codes) * (len(codes) - 1)
    return (squares.sum() - squares.diagonal().sum()) / max(pairs, 1)


class EnergyMargin(AdversarialLoss):
    """The discriminator gives real images low energies, and fake ones energies up to a margin (section 2.1).

    Args:
        margin: the energy at which a fake image is left alone, in the discriminator's unit; the paper's m.
        pulling_away: weight of the pulling-away term in the generator's loss; the paper's 0.1, in this unit of energy,
            is 0.1 divided by the root of how many numbers an image has.
    """

    wants: ClassVar[Literal["scores", "energies"]] = "energies"

    def __init__(self, *, margin: float = 0.18, pulling_away: float = 0.0) -> None:
        super().__init__()
        if margin <= 0 or pulling_away < 0:
            raise UsageError(f"ebgan needs margin > 0 and pulling_away >= 0, not {margin} and {pulling_away}")
        self.margin = margin
        self.pulling_away = pulling_away
        self.wants_features = pulling_away > 0

    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Return E[D(x)] + E[max(0, m - D(G(z)))] (equation 1)."""
        return real_scores.mean() + relu(self.margin - fake_scores).mean()

    def generator(self, fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
        """Return E[D(G(z))] (equation 2)."""
        return fake_scores.mean()

    def fool(
        self,
        critic: Critic | None,
        fake: Points,
        real: Points | None = None,
        *,
        scores: tuple[Scores, Scores | None] | None = None,
    ) -> Tensor:
        """Return E[D(G(z))], and the weighted pulling-away term of the batch's last features (section 2.4)."""
        if not self.pulling_away:
            return super().fool(critic, fake, real, scores=scores)
        if critic is None:
            raise Unsupported("the pulling-away term reads the discriminator's features, and there are scores alone")
        energies, features = critic.both(*(fake if isinstance(fake, tuple) else (fake,)))
        alike = pulling_away(features[-1])
        self.note(pulling_away=alike)
        return self.generator(single_scores(energies)) + self.pulling_away * alike


class AutoEncoder(nn.Module):
    """Gives images (N, channels, size, size), under image conditions of that size, their energies (N,).

    Args:
        channels: channels of the image.
        condition_channels: channels of its conditions together.
        widths: channels after each of the encoder's layers.
        kernel: height and width of the kernels: 4 with stride 2, or 1 with stride 1.
    """

    def __init__(
        self, channels: int, condition_channels: int, normalization: Normalization, *, widths: list[int], kernel: int
    ) -> None:
        super().__init__()
        stride, padding = (2, 1) if kernel == 4 else (1, 0)
        self.encoder, self.decoder = nn.ModuleList(), nn.ModuleList()
        for before, width in pairwise([channels + condition_channels, *widths]):
            first = not self.encoder
            bias = first or not normalization.shifts
            layer = nn.Conv2d(before, width, kernel, stride, padding, bias=bias)
            norm = [] if first else [normalization.activation(width)]
            self.encoder.append(nn.Sequential(normalization.weight(layer), *norm, nn.LeakyReLU(0.2)))
        for before, width in pairwise([*widths[::-1], channels]):
            last = len(self.decoder) == len(widths) - 1
            bias = last or not normalization.shifts
            enlarging = nn.ConvTranspose2d(before, width, kernel, stride, padding, bias=bias)
            after = [] if last else [normalization.activation(width), nn.ReLU()]
            self.decoder.append(nn.Sequential(normalization.weight(enlarging), *after))

    def forward(self, image: Tensor, *conditions: Tensor) -> Tensor:
        return self.score(self.features(image, *conditions))

    def features(self, image: Tensor, *conditions: Tensor) -> list[Tensor]:
        """Return the image and the encoder's activations; the last is the image's representation."""
        x = torch.cat([*conditions, image], 1) if conditions else image
        features = [image]
        for stage in self.encoder:
            x = stage(x)
            features.append(x)
        return features

    def score(self, features: list[Tensor]) -> Tensor:
        """Return the energies that belong to features: the root mean square of what the decoder misses."""
        image, x = features[0], features[-1]
        for stage in self.decoder:
            x = stage(x)
        # A norm's gradient is zero where the norm is; a root's would be infinite.
        missed: Tensor = torch.linalg.vector_norm((x - image).flatten(1), dim=1)
        return missed / math.sqrt(math.prod(image.shape[1:]))


def auto_encoder(spec: DiscriminatorSpec, build: Build, *, filters: int = 64, spread: float = 0.002) -> nn.Module:
    """Build the auto-encoder whose error is the energy.

    Args:
        filters: channels of the first layer; they double at each further one. Dense layers have twice as many units.
        spread: standard deviation of the initial weights.
    """
    if spec.output != "energies":
        raise Unsupported("gives energies, not scores: play the game of energies, --loss ebgan")
    spec.accept("condition_channels", "output", "features")
    if filters < 1 or not 0 < spread < math.inf:
        raise UsageError(f"ebgan needs filters >= 1 and a finite spread > 0, not filters={filters}, spread={spread}")
    normalization = build.normalization("discriminator")
    if spec.square == 1:
        if isinstance(normalization.activation(filters), nn.InstanceNorm2d):
            raise Unsupported("needs another normalization for points: that of a single pixel is zero")
        widths, kernel = [2 * filters] * 2, 1
    else:
        widths, kernel = [filters * 2**level for level in range(_depth(spec.square))], 4
    network = AutoEncoder(spec.channels, spec.condition_channels, normalization, widths=widths, kernel=kernel)
    return initialize_normal(normalization.network(network), spread)


def _depth(size: int) -> int:
    """Return how often images are halved: thrice, or less often where that would leave no 4 pixels."""
    depths = [depth for depth in range(1, 4) if size % 2**depth == 0 and size >= 4 * 2**depth]
    if not depths:
        raise Unsupported(f"needs an even size of at least 8 pixels, or points, not {size} pixels")
    return depths[-1]


class EBGAN(LatentGAN):
    """Makes images of noise, and gives images an energy that tells how unlike those it has seen they are.

    Args:
        latent: length of the noise vector.
    """

    defaults = Defaults(
        generator="dcgan",
        discriminator="ebgan",
        loss="ebgan",
        normalization={"generator": "batch", "discriminator": "batch"},
    )
    # DCGAN's length; the paper's is not known here.
    settings = Settings(
        optimizer="adam",
        learning_rate=2e-4,
        betas=(0.5, 0.999),
        batch_size=128,
        size=64,
        epochs=25,
        jitter=1.0,
        flip=False,
        precision="fp32",
    )
    distribution = "uniform"

    def __init__(self, build: Build, *, latent: int = 100) -> None:
        super().__init__(build, latent=latent)
        if self.game.wants != "energies":
            raise Unsupported("ebgan is a game of energies, and this loss reads scores; the same with scores is dcgan")
        self.size = build.data.size

    def graphs(self) -> dict[str, Graph]:
        """Return the generator, and the energy."""
        energy = Vector(name="energy")
        return {
            **super().graphs(),
            "energy": Graph(
                network=self.discriminator, task="score", inputs=("image",), outputs=(energy,), size=self.size
            ),
        }


@hookimpl
def recipe() -> type[Recipe]:
    """Return EBGAN's training algorithm."""
    return EBGAN


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the auto-encoder."""
    return auto_encoder


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return the game of energies."""
    return EnergyMargin
