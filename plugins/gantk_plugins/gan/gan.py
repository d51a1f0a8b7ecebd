"""GAN: images made of noise by a game of two networks (Goodfellow et al. 2014, arXiv:1406.2661).

The discriminator moves first, on images and on what the generator makes of fresh noise; then the generator moves, on
noise drawn anew (algorithm 1, with k = 1: the setting `critic_steps` is its k). The generator maximizes log D(G(z)), as
section 3 advises; `--loss minimax` plays equation 1 as it stands.

The paper names the layers (section 5) and leaves their sizes to the authors' published configuration for MNIST, whose
networks, initial weights, batch size and rate are the defaults here. Images are in [0, 1] there, and inside these
networks too: the generator's sigmoid is brought to [-1, 1], and the discriminator brings images back. As there, the
generator starts at the mean image, here that of the first thousand. As there, the rate is divided by 1.000004 at each
step, down to 1e-6, and momentum grows in a straight line from 0.5 after the first pass to 0.7 at the end of 250; over a
run of another length it grows likewise.

Departure: the players move in turn, by algorithm 1; there they move at once, and the discriminator by half of its
gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import prod
from typing import Literal

from torch import Tensor, nn

from gantk import (
    Build,
    Defaults,
    DiscriminatorSpec,
    Exponential,
    GeneratorSpec,
    Linear,
    Recipe,
    Settings,
    UsageError,
    hookimpl,
)
from gantk_plugins.gan.algorithm import LatentGAN
from gantk_plugins.networks.layers import (
    ImageLayer,
    Initial,
    Maxout,
    SignedSigmoid,
    Unit,
    VectorNorm,
    activations,
    dense,
    drawing,
    joined,
    minibatched,
)

MOST_LAYERS = 1000
"""Hidden layers that a network of dense layers may have."""


class GAN(LatentGAN):
    """Makes images of noise by the game of two dense networks.

    Args:
        latent: length of the noise vector.
    """

    defaults = Defaults(
        generator="gan",
        discriminator="gan",
        loss="non-saturating",
        normalization={"generator": "none", "discriminator": "none"},
    )
    # MNIST's size, and the passes over which the authors' momentum grows; their configuration states no end.
    settings = Settings(
        optimizer="sgd",
        learning_rate=0.1,
        schedule=Exponential(factor=1 / 1.000004, end=1e-5),
        betas=(Linear(start=0.5, end=0.7, begin=1 / 250), 0.999),
        batch_size=100,
        size=28,
        epochs=250,
        precision="fp32",
    )


class DenseGenerator(nn.Module):
    """Makes images (N, outputs, H, W) of latent vectors (N, latent), with labels (N,) joined to them if asked.

    Args:
        stages: the hidden layers, one after another.
        image: the layer that makes images of what the last of them gives.
        classes: number of labels, or None.
    """

    def __init__(self, stages: Iterable[nn.Module], image: nn.Module, classes: int | None) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.image = image
        self.classes = classes

    def forward(self, *inputs: Tensor) -> Tensor:
        image: Tensor = self.image(self.features(*inputs)[-1])
        return image

    def features(self, *inputs: Tensor) -> list[Tensor]:
        """Return the activations (N, units) of each hidden layer."""
        return activations(self.stages, joined(inputs, self.classes))


class DenseDiscriminator(nn.Module):
    """Scores images (N, channels, H, W) joined with all that is given besides: (N, 1).

    That may be a latent vector (N, joint_latent), then images (N, condition_channels, H, W) and labels (N,).

    Args:
        read: what each image passes first.
        stages: the hidden layers, one after another.
        scores: the layer that makes scores of what the last of them gives.
        classes: number of labels, or None.
    """

    def __init__(self, read: nn.Module, stages: Iterable[nn.Module], scores: nn.Module, classes: int | None) -> None:
        super().__init__()
        self.read = read
        self.stages = nn.ModuleList(stages)
        self.scores = scores
        self.classes = classes

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.score(self.features(*inputs))

    def features(self, *inputs: Tensor) -> list[Tensor]:
        """Return the activations (N, units) of each hidden layer."""
        read = [self.read(x) if x.dim() == 4 else x for x in inputs]
        return activations(self.stages, joined(read, self.classes))

    def score(self, features: list[Tensor]) -> Tensor:
        """Return the scores that belong to inner activations."""
        scores: Tensor = self.scores(features[-1])
        return scores


def generator_network(
    spec: GeneratorSpec,
    build: Build,
    *,
    units: int = 1200,
    layers: int = 2,
    activation: Literal["relu", "tanh"] = "relu",
    output: Literal["sigmoid", "tanh", "linear"] = "sigmoid",
    initial: Initial = "uniform",
    spread: float = 0.05,
) -> nn.Module:
    """Build a generator of dense layers.

    Args:
        units: width of each hidden layer.
        layers: number of hidden layers.
        activation: what follows each hidden layer.
        output: "sigmoid", brought to [-1, 1], "tanh", or "linear": values beyond [-1, 1] too, as points have.
        initial: what weights are drawn from: "uniform" from -spread to spread, "normal" of the deviation spread, or
            "he": as wide as keeps the scale of activations in ReLU networks (He et al. 2015, arXiv:1502.01852).
        spread: half width or standard deviation of the initial weights.
    """
    spec.accept("latent", "classes", "features", "sides")
    latent = spec.need("latent")
    if units < 1 or not 1 <= layers <= MOST_LAYERS:
        raise UsageError(
            f"gan needs units >= 1 and layers >= 1, at most {MOST_LAYERS}, not units={units}, layers={layers}"
        )
    normalization, draw = build.normalization("generator"), drawing(initial, spread)
    widths = [latent + (spec.classes or 0), *[units] * layers]
    stages = [
        nn.Sequential(
            dense(before, units, normalization, draw, bias=not normalization.shifts),
            VectorNorm(normalization, units),
            nn.ReLU() if activation == "relu" else nn.Tanh(),
        )
        for before in widths[:-1]
    ]
    bounded = {"sigmoid": SignedSigmoid(), "tanh": nn.Tanh(), "linear": nn.Identity()}[output]
    image = ImageLayer(widths[-1], (spec.outputs, *spec.sides), normalization, draw, bounded)
    return normalization.network(DenseGenerator(stages, image, spec.classes))


def discriminator_network(
    spec: DiscriminatorSpec,
    build: Build,
    *,
    units: int = 240,
    layers: int = 2,
    pieces: int = 5,
    window: Literal["unit", "signed"] = "unit",
    input_dropout: float = 0.2,
    dropout: float = 0.5,
    initial: Initial = "uniform",
    spread: float = 0.005,
    minibatch: int = 0,
) -> nn.Module:
    """Build a discriminator of dense maxout layers.

    Args:
        units: width of each hidden layer.
        layers: number of hidden layers.
        pieces: linear pieces of which a unit takes the largest.
        window: "unit": images are brought from [-1, 1] to [0, 1], or "signed": read as they are, as points should be.
        input_dropout: share of an image's values that become zero in training.
        dropout: share of each hidden layer's activations dropped in training.
        initial: what weights are drawn from, as the generator's.
        spread: half width or standard deviation of the initial weights.
        minibatch: kernels of minibatch discrimination before the score, such as 100; 0: none.
    """
    spec.accept("condition_channels", "classes", "joint_latent", "features", "sides")
    dropouts = 0 <= input_dropout < 1 and 0 <= dropout < 1
    if min(units, pieces) < 1 or not 1 <= layers <= MOST_LAYERS or not dropouts:
        raise UsageError(
            f"gan needs units, layers and pieces >= 1, at most {MOST_LAYERS} layers, and both dropouts in [0, 1), not "
            f"units={units}, layers={layers}, pieces={pieces}, input_dropout={input_dropout}, dropout={dropout}"
        )
    normalization, draw = build.normalization("discriminator"), drawing(initial, spread)
    pixels = (spec.channels + spec.condition_channels) * prod(spec.sides)
    widths = [pixels + (spec.joint_latent or 0) + (spec.classes or 0), *[units] * layers]
    read = nn.Sequential(nn.Identity() if window == "signed" else Unit(), nn.Dropout(input_dropout))
    stages = [
        nn.Sequential(
            Maxout(dense(before, units * pieces, normalization, draw), pieces),
            VectorNorm(normalization, units),
            nn.Dropout(dropout),
        )
        for before in widths[:-1]
    ]
    beside, numbers = minibatched(widths[-1], minibatch)
    scores = dense(numbers, 1, normalization, draw)
    scores = nn.Sequential(*beside, scores) if beside else scores
    return normalization.network(DenseDiscriminator(read, stages, scores, spec.classes))


@hookimpl
def recipe() -> type[Recipe]:
    """Return the GAN's training algorithm."""
    return GAN


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the dense generator."""
    return generator_network


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the maxout discriminator."""
    return discriminator_network
