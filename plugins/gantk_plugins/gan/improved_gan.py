"""Improved GAN: a classifier of K + 1 classes that learns of few labels (Salimans et al. 2016, arXiv:1606.03498).

The discriminator tells K classes of real images, and that an image is made is one class more (section 5). Its logit is
fixed at 0, so that with l the K logits of an image and Z the sum of their exponentials, D(x) = Z / (Z + 1): the score
of a game is log Z. The classifier minimizes the cross entropy of the labels that are known, and half of the game on all
images; the generator matches the means of its last inner activations (section 3.1), `-s feature_matching=0 -s
adversarial=1` plays the game instead. `classify` is what was learned:

    gantk train --plugin improved-gan --data mnist -s labels=100
    gantk evaluate runs/... --metric code-error -s code-error.output=label

Which images have labels follows from the run's seed: as many of each class as there can be.

Networks, noise, rate, batches and length are those of the authors' code for MNIST: dense layers whose weights are
normalized (Salimans and Kingma 2016, arXiv:1602.07868), noise before each, the scales fixed that five hundred images
gave them at first, and an average of the classifier's weights. Where this leaves that code:

- The generator matches the images that the classifier just saw, there others of the same data. It sums squared
  differences, as equation 1 of the paper does, there it takes their mean: Adam makes the same of both.
- The average is over a tenth of the steps at first; there it begins at zero, and says nothing for many passes.
- Noise is uniform in [-1, 1], there in [0, 1]. The generator's batch norms have a gain. Adam's epsilon stands outside
  of the root.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import prod
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, linear

from gantk import (
    Batches,
    Build,
    Defaults,
    DiscriminatorSpec,
    GeneratorSpec,
    Graph,
    HalfLife,
    Network,
    Recipe,
    Settings,
    Step,
    Unsupported,
    UsageError,
    Vector,
    few_labels,
    hookimpl,
)
from gantk_plugins.gan.algorithm import LatentGAN
from gantk_plugins.networks.layers import SignedSigmoid, Unit, VectorNorm, dense

FIRST = 500
"""Images by which layers begin with activations of mean 0 and variance 1."""


class ImprovedGAN(LatentGAN):
    """Learns to classify of few labels, by images without labels and by images that are made.

    Args:
        labels: how many images have labels.
        latent: length of the noise vector.
        feature_matching: weight of the squared distance between the mean last inner activations of real and of made
            images, which the generator minimizes.
        adversarial: weight of the game for the generator.
        game: weight of the game for the classifier.
        widths: widths of the classifier's hidden layers.
        input_noise: standard deviation of the noise on images, which reach from 0 to 1.
        noise: that of the noise before each further layer.
    """

    kind = "labelled"
    conditional = False
    distribution = "uniform"
    defaults = Defaults(loss="minimax", normalization={"generator": "batch"})
    settings = Settings(
        optimizer="adam",
        learning_rate=3e-3,
        betas=(0.5, 0.999),
        batch_size=100,
        size=28,
        epochs=300,
        precision="fp32",
        ema={"discriminator": HalfLife(decay=0.9999, ramp=0.1)},
    )

    def __init__(
        self,
        build: Build,
        *,
        labels: int = 100,
        latent: int = 100,
        feature_matching: float = 1.0,
        adversarial: float = 0.0,
        game: float = 0.5,
        widths: tuple[int, ...] = (1000, 500, 250, 250, 250),
        input_noise: float = 0.3,
        noise: float = 0.5,
    ) -> None:
        if labels < 1 or not widths or min(widths) < 1 or game < 0 or input_noise < 0 or noise < 0:
            raise UsageError(
                "improved-gan needs labels of at least 1, widths of at least 1, and game, input_noise and noise of at "
                f"least 0, not labels={labels}, widths={widths}, game={game}, input_noise={input_noise}, noise={noise}"
            )
        self._widths, self._noises = widths, (input_noise, *[noise] * len(widths))
        super().__init__(build, latent=latent, feature_matching=feature_matching, adversarial=adversarial)
        if self.game.wants == "energies" or self.game.wants_features:
            raise Unsupported("improved-gan's classifier scores images: a game of energies has none")
        self.size, self.weight = build.data.size, game
        # In a constructor, torch's random numbers are still those of the run's seed, in each process.
        self.known = few_labels(labels, torch.initial_seed())

    def make_discriminator(self, build: Build, spec: DiscriminatorSpec) -> Network:
        """Return the classifier, which scores by the sum of what it gives all classes."""
        pixels = spec.channels * prod(spec.sides)
        self.names = build.data.classes
        made = Classifier(pixels, len(self.names), self._widths, self._noises)
        return build.network(made, "discriminator")

    def prepare(self, batches: Batches) -> None:
        """Let the classifier's layers begin with activations of mean 0 and variance 1."""
        super().prepare(batches)
        images: list[Tensor] = []
        while sum(map(len, images)) < FIRST:
            images.append(next(batches)["image"])
        cast(Classifier, self.discriminator.module).begin(torch.cat(images)[:FIRST])

    def step(self, batches: Batches) -> Step:
        """Move the classifier by the labels that are known and by the game, then the generator."""
        real, known = next(batches)["image"], next(batches.of(self.known))
        critic, classifier = self.discriminator.given(), cast(Classifier, self.discriminator.module)

        with torch.no_grad():
            fake = self.generator(self.latent.drawn(len(real), real.device))
        game = self.game.judge(critic, real, fake)
        logits = classifier.logits(self.discriminator.features(known["image"]))
        yield (
            "discriminator",
            {
                **{name: self.weight * loss for name, loss in game.items()},
                "label": cross_entropy(logits, known["label"]),
            },
        )

        if self.due("generator"):
            fake = self.generator(self.latent.drawn(len(real), real.device))
            yield "generator", self.fooled(critic, fake, real)

    def graphs(self) -> dict[str, Graph]:
        """Return the generator, and what gives the probability of each label of an image."""
        network = Network(Probabilities(cast(Classifier, self.discriminator.module)), "classifier")
        output = Vector(name="label", length=len(self.names))
        classify = Graph(network=network, task="encode", inputs=("image",), outputs=(output,), size=self.size)
        return {**super().graphs(), "classify": classify}


class NormedDense(nn.Module):
    """A dense layer whose weights of a unit are a direction and a length (Salimans and Kingma 2016, arXiv:1602.07868).

    Args:
        inputs: numbers that it reads.
        outputs: units.
        learns_length: whether lengths are learned; else they stay what `begin` made them.
    """

    length: Tensor

    def __init__(self, inputs: int, outputs: int, *, learns_length: bool = False) -> None:
        super().__init__()
        self.direction = nn.Parameter(0.1 * torch.randn(outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        if learns_length:
            self.length = nn.Parameter(torch.ones(outputs))
        else:
            self.register_buffer("length", torch.ones(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outputs) of (N, inputs)."""
        length = self.length / torch.linalg.vector_norm(self.direction, dim=1)
        return linear(x, self.direction * length[:, None], self.bias)

    @torch.no_grad()
    def begin(self, x: Tensor) -> Tensor:
        """Take the lengths and biases that give these samples mean 0 and variance 1 at each unit; return those."""
        made: Tensor = self(x)
        mean, scale = made.mean(0), (made.std(0, correction=0) + 1e-8).reciprocal()
        self.length.mul_(scale)
        self.bias.sub_(mean).mul_(scale)
        return (made - mean) * scale


class Classifier(nn.Module):
    """Gives images (N, channels, H, W) the score log Z (N,), Z being the sum of the exponentials of its logits.

    Args:
        pixels: numbers of an image.
        classes: number of logits, K.
        widths: of the hidden layers.
        noises: standard deviation of the noise before each layer, in training, where images reach from 0 to 1.
    """

    def __init__(self, pixels: int, classes: int, widths: Iterable[int], noises: tuple[float, ...]) -> None:
        super().__init__()
        lengths = [pixels, *widths]
        self.read = nn.Sequential(Unit(), nn.Flatten())
        self.layers = nn.ModuleList(map(NormedDense, lengths, lengths[1:]))
        self.last = NormedDense(lengths[-1], classes, learns_length=True)
        self.noises = noises

    def forward(self, image: Tensor) -> Tensor:
        return self.score(self.features(image))

    def features(self, image: Tensor) -> list[Tensor]:
        """Return the activations (N, width) of each hidden layer, before the next one's noise."""
        x, found = self.read(image), []
        for layer, noise in zip(self.layers, self.noises, strict=False):
            x = torch.relu(layer(self.noisy(x, noise)))
            found.append(x)
        return found

    def logits(self, features: list[Tensor]) -> Tensor:
        """Return the logits (N, classes) that belong to inner activations."""
        made: Tensor = self.last(self.noisy(features[-1], self.noises[-1]))
        return made

    def score(self, features: list[Tensor]) -> Tensor:
        """Return log Z (N,), the logit of D, that belongs to inner activations."""
        return torch.logsumexp(self.logits(features), 1)

    def noisy(self, x: Tensor, deviation: float) -> Tensor:
        """Return x, with noise in training."""
        return x + deviation * torch.randn_like(x) if self.training and deviation else x

    def begin(self, images: Tensor) -> None:
        """Let each layer begin with activations of mean 0 and variance 1 of these images."""
        x = self.read(images)
        for layer, noise in zip(self.layers, self.noises, strict=False):
            x = torch.relu(cast(NormedDense, layer).begin(self.noisy(x, noise)))
        self.last.begin(self.noisy(x, self.noises[-1]))


class Probabilities(nn.Module):
    """Gives the probabilities (N, classes) of the labels of images that are real."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, image: Tensor) -> Tensor:
        return torch.softmax(self.classifier.logits(self.classifier.features(image)), 1)


class DenseGenerator(nn.Module):
    """Makes images (N, outputs, H, W) in [-1, 1] of latent vectors (N, latent).

    Args:
        stages: the hidden layers, one after another.
        image: the layer that makes numbers of what the last of them gives.
        shape: channels, height and width of an image.
    """

    def __init__(self, stages: Iterable[nn.Module], image: nn.Module, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.stages = nn.Sequential(*stages)
        self.image = nn.Sequential(image, SignedSigmoid())
        self.shape = shape

    def forward(self, latent: Tensor) -> Tensor:
        made: Tensor = self.image(self.stages(latent))
        return made.reshape(-1, *self.shape)


def generator_network(spec: GeneratorSpec, build: Build, *, units: int = 500) -> nn.Module:
    """Build a generator of two dense layers of softplus units, and one that makes images of them.

    Args:
        units: width of each hidden layer.
    """
    spec.accept("latent", "sides")
    if units < 1:
        raise UsageError(f"improved-gan needs units of at least 1, not {units}")
    normalization = build.normalization("generator")
    stages = [
        nn.Sequential(
            dense(before, units, normalization, nn.init.xavier_uniform_, bias=not normalization.shifts),
            VectorNorm(normalization, units),
            nn.Softplus(),
        )
        for before in (spec.need("latent"), units)
    ]
    shape = (spec.outputs, *spec.sides)
    image = NormedDense(units, prod(shape), learns_length=True)
    return normalization.network(DenseGenerator(stages, image, shape))


@hookimpl
def recipe() -> type[Recipe]:
    """Return the Improved GAN's training algorithm."""
    return ImprovedGAN


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the generator of softplus units."""
    return generator_network
