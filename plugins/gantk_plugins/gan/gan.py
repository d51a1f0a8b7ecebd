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

from collections.abc import Callable
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from gantk import (
    Batch,
    Batches,
    Build,
    Category,
    DataError,
    Defaults,
    DiscriminatorSpec,
    Exponential,
    GeneratorSpec,
    Graph,
    Latent,
    Linear,
    Player,
    Recipe,
    Settings,
    Step,
    UsageError,
    hookimpl,
)
from gantk_plugins.networks.dense import (
    DenseDiscriminator,
    DenseGenerator,
    Initial,
    SignedSigmoid,
    begin_at_mean,
    drawing,
)

SHOWN = 64
"""Samples of a preview; as many as there are real ones where these are more, as points are."""

ROWS, LABELS = 8, 10
"""Samples of each label, and labels, of a preview where images are labelled."""

MOST_LAYERS = 1000
"""Hidden layers that a network of dense layers may have."""


class GAN(Recipe):
    """Makes images of noise; the base of the recipes that differ in parts and settings alone.

    Where a subclass takes labelled images, both networks are told the labels too: what the generator makes is judged
    under the labels that it was made for, which are those of the images in the batch.

    Args:
        latent: length of the noise vector.

    Attributes:
        distribution: what noise is drawn from.
    """

    kind: ClassVar[str | tuple[str, ...]] = "images"
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
    )
    distribution: ClassVar[Literal["normal", "uniform"]] = "normal"

    def __init__(self, build: Build, *, latent: int = 100) -> None:
        super().__init__()
        channels, size = build.data.channels["image"], build.data.size
        self.latent = Latent(length=latent, distribution=self.distribution)
        self.label = _label(build) if build.data.kind == "labelled" else None
        classes = self.label.count if self.label else None
        self.game = build.loss()
        self.generator = build.generator(GeneratorSpec(latent=latent, classes=classes, outputs=channels, size=size))
        self.discriminator = build.discriminator(DiscriminatorSpec(channels=channels, classes=classes, size=size))

    def prepare(self, batches: Batches) -> None:
        """Let a generator that ends in a sigmoid begin at the mean image."""
        begin_at_mean(self.generator, batches)

    def players(self) -> dict[str, Player]:
        """Return the discriminator and the generator."""
        return {"discriminator": Player(self.discriminator, critic=True), "generator": Player(self.generator)}

    def step(self, batches: Batches) -> Step:
        """Move the discriminator up its stochastic gradient, then the generator (algorithm 1)."""
        batch = next(batches)
        real = batch["image"]
        labels = (batch["label"],) if self.label else ()
        critic = self.discriminator.given(*labels)

        with torch.no_grad():
            fake = self.generator(self.latent.drawn(len(real), real.device), *labels)
        yield "discriminator", self.game.judge(critic, real, fake)

        if self.due("generator"):
            fake = self.generator(self.latent.drawn(len(real), real.device), *labels)
            yield "generator", {"game": self.game.fool(critic, fake, real)}

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return images of fixed noise, `gantk generate`'s first, a column for each label if any, and real ones."""
        real = batch["image"]
        if self.label is None:
            noise = self.latent.fixed(max(SHOWN, len(real))).to(real.device)
            return {"generated": self.generator(noise), "real": real}
        names = self.label.names[:LABELS]
        noise = self.latent.fixed(ROWS).to(real.device).repeat(len(names), 1)
        labels = torch.arange(len(names), device=real.device).repeat_interleave(ROWS)
        images = self.generator(noise, labels).split(ROWS)
        return {**dict(zip(names, images, strict=True)), "real": real}

    def graphs(self) -> dict[str, Graph]:
        """Return the generator."""
        inputs = (self.latent, self.label) if self.label else (self.latent,)
        return {"generator": Graph(network=self.generator, task="generate", inputs=inputs, outputs=("image",))}


def _label(build: Build) -> Category:
    names = build.data.classes
    if not names:
        raise DataError("the data's labels have no names, so that it is not known how many there are")
    return Category(count=len(names), names=names)


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
    spec.need("latent")
    if units < 1 or not 1 <= layers <= MOST_LAYERS:
        raise UsageError(
            f"gan needs units >= 1 and layers >= 1, at most {MOST_LAYERS}, not units={units}, layers={layers}"
        )
    normalization = build.normalization("generator")
    network = DenseGenerator(
        spec,
        normalization,
        drawing(initial, spread),
        units=units,
        layers=layers,
        activation=nn.ReLU if activation == "relu" else nn.Tanh,
        output={"sigmoid": SignedSigmoid(), "tanh": nn.Tanh(), "linear": nn.Identity()}[output],
    )
    return normalization.network(network)


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
    """
    spec.accept("condition_channels", "classes", "joint_latent", "features", "sides")
    dropouts = 0 <= input_dropout < 1 and 0 <= dropout < 1
    if min(units, pieces) < 1 or not 1 <= layers <= MOST_LAYERS or not dropouts:
        raise UsageError(
            f"gan needs units, layers and pieces >= 1, at most {MOST_LAYERS} layers, and both dropouts in [0, 1), not "
            f"units={units}, layers={layers}, pieces={pieces}, input_dropout={input_dropout}, dropout={dropout}"
        )
    normalization = build.normalization("discriminator")
    network = DenseDiscriminator(
        spec,
        normalization,
        drawing(initial, spread),
        units=units,
        layers=layers,
        pieces=pieces,
        signed=window == "signed",
        input_dropout=input_dropout,
        dropout=dropout,
    )
    return normalization.network(network)


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
