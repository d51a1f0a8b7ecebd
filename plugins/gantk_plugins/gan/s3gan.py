"""S3GAN: images of labels of which few are known (Lucic et al. 2019, arXiv:1903.02271).

BigGAN's networks and game, told labels of a tenth of the images. The discriminator learns two tasks besides, by heads
on the features that it scores: which label an image has, from those that are known, and by which quarter turn an image
was rotated (sections 3.2 and 3.3). The label that it predicts stands in for one that is not known where a real image is
scored, and no gradient flows through it. The generator must make images whose turns are told (Chen et al. 2018,
arXiv:1811.11212, equation 4). It is the paper's variant with co-training, S3GAN-CO; the other one learns a network that
predicts labels beforehand.

    gantk train --plugin s3gan --data photographs/ -s labelled=0.1
    gantk evaluate runs/... --metric code-error -s code-error.output=label

Which labels are known follows from the run's seed: so many of each class. `classify` is what predicts them.

From the authors' code: the weights, 1 for the discriminator's turns and for labels, 0.2 for the generator's turns; a
quarter of what is judged is turned, so of a batch every sixteenth image is shown all four ways; labels of fake images
are drawn uniformly; a prediction is the most likely label; rates, length and average of the code's BigGAN, which has no
penalty on filters. Where this leaves it: which images are turned, the first of a batch instead of the last; the average
is over a tenth of the steps since it began, until that is what its decay has.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gantk import (
    AdversarialLoss,
    Batches,
    Build,
    Defaults,
    DiscriminatorSpec,
    Graph,
    HalfLife,
    Network,
    Player,
    Recipe,
    Settings,
    Step,
    Unsupported,
    UsageError,
    Vector,
    hookimpl,
    some_labels,
)
from gantk_plugins.gan.algorithm import LatentGAN
from gantk_plugins.gan.biggan_networks import Predicting, usual_latent

TURNS = 4
"""By how many quarter turns an image may be rotated, none among them."""

STEPS, ALONE = 250_000, 40_000
"""Steps of the authors' training at 128 pixels, and those of them before an average of weights is kept."""


class S3GAN(LatentGAN):
    """Makes images of noise and of a label, of images of which few have labels.

    Args:
        latent: length of the noise vector; unsaid: 20 for each block of the generator and for its first map.
        labelled: share of each class's images whose labels are known.
        width: the discriminator's unit of channels, BigGAN's ch.
        attention: height and width in pixels of the discriminator's map that attends to itself, 0: none; unsaid: as
            BigGAN's.
        every: one image in so many of a batch is judged turned, too.
        turns: weight of the turns of real images for the discriminator, the paper's beta.
        generator_turns: weight of the turns of made images for the generator, the paper's alpha.
        classification: weight of the labels that are known.
        rates: how many times the generator's learning rate the discriminator's is.
        pace: how many times the run's learning rate the generator's is, as of batches that are far smaller.
    """

    kind = "labelled"
    defaults = Defaults(
        generator="biggan", loss="hinge", normalization={"generator": "batch", "discriminator": "spectral"}
    )
    settings = Settings(
        optimizer="adam",
        learning_rate=1e-4,
        betas=(0.0, 0.999),
        batch_size=2048,
        critic_steps=2,
        schedule="constant",
        size=128,
        steps=STEPS,
        precision="fp32",
        ema={"generator": HalfLife(decay=0.9999, begin=ALONE / STEPS, ramp=0.1)},
    )

    def __init__(
        self,
        build: Build,
        *,
        latent: int | None = None,
        labelled: float = 0.1,
        width: int = 96,
        attention: int | None = None,
        every: int = 16,
        turns: float = 1.0,
        generator_turns: float = 0.2,
        classification: float = 1.0,
        rates: float = 5.0,
        pace: float = 1.0,
    ) -> None:
        if not (0 < labelled <= 1 and every >= 1 and rates > 0 and pace > 0):
            raise UsageError(
                "s3gan needs labelled above 0, up to 1, every >= 1, and rates and pace above 0, not "
                f"{labelled}, {every}, {rates} and {pace}"
            )
        self._width, self._attention = width, attention
        super().__init__(build, latent=usual_latent(build.data.square) if latent is None else latent)
        slopes = self.game.per_sample or type(self.game).penalty is not AdversarialLoss.penalty
        if self.game.wants == "energies" or self.game.wants_features or slopes:
            reason = f": {self.game.per_sample}" if self.game.per_sample else ""
            raise Unsupported(
                "s3gan's discriminator scores all images of a step in one call, and gives a game scores alone, no "
                f"energies and no slopes{reason}; choose another by --loss NAME"
            )
        self.game.check(self.discriminator.module)
        self.every, self.turns, self.generator_turns = every, turns, generator_turns
        self.classification, self.rates, self.pace = classification, rates, pace
        self.size = build.data.size
        # In a constructor, torch's random numbers are still those of the run's seed, in each process.
        self.known = some_labels(labelled, torch.initial_seed())

    def make_discriminator(self, build: Build, spec: DiscriminatorSpec) -> Network:
        """Return BigGAN's discriminator, which tells turns and labels besides."""
        normalization = build.normalization("discriminator")
        made = Predicting(spec, normalization, width=self._width, attention=self._attention, turns=TURNS)
        return build.network(normalization.network(made), "discriminator")

    def players(self) -> dict[str, Player]:
        """Return the discriminator and the generator, each at its rate."""
        critic = self.pace * self.rates
        return {
            "discriminator": Player(self.discriminator, critic=True, scale={self.discriminator: critic}),
            "generator": Player(self.generator, scale={self.generator: self.pace}),
        }

    def step(self, batches: Batches) -> Step:
        """Move the discriminator by the game, turns and labels of real images, then the generator (section 3.3)."""
        batch = next(batches.of(self.known))
        real, known = batch["image"], batch["label"]
        count, device = len(real), real.device
        turned = max(count // self.every, 1)
        assert self.label is not None  # its kind of batches has labels

        labels = self.label.drawn(count, device)
        with torch.no_grad():
            fake = self.generator(self.latent.drawn(count, device), labels)
        images = torch.cat([rotated(real, turned), fake])
        told = torch.cat([known, known[:turned].repeat(TURNS - 1), labels])
        scores, logits, classes = self.discriminator(images, told)
        yield (
            "discriminator",
            {
                **self.game.judge(None, real, fake, scores=(scores[:count], scores[-count:])),
                "turns": self.turns * turn_surprise(logits[: len(images) - count], count, turned),
                "label": self.classification * label_surprise(classes[:count], known),
            },
        )

        if self.due("generator"):
            labels = self.label.drawn(count, device)
            fake = self.generator(self.latent.drawn(count, device), labels)
            told = torch.cat([labels, labels[:turned].repeat(TURNS - 1)])
            scores, logits, _ = self.discriminator(rotated(fake, turned), told)
            against = self.discriminator(real, known)[0] if self.game.needs_real else None
            yield (
                "generator",
                {
                    "game": self.game.fool(None, fake, real, scores=(scores[:count], against)),
                    "turns": self.generator_turns * turn_surprise(logits, count, turned),
                },
            )

    def graphs(self) -> dict[str, Graph]:
        """Return the generator, and what predicts the label of an image: the probability of each."""
        assert self.label is not None  # its kind of batches has labels
        network = Network(Classifier(cast(Predicting, self.discriminator.module)), "classifier")
        output = Vector(name="label", length=self.label.count)
        classify = Graph(network=network, task="encode", inputs=("image",), outputs=(output,), size=self.size)
        return {**super().graphs(), "classify": classify}


class Classifier(nn.Module):
    """Gives the probabilities (N, classes) that a discriminator's head predicts for images."""

    def __init__(self, discriminator: Predicting) -> None:
        super().__init__()
        self.discriminator = discriminator

    def forward(self, image: Tensor) -> Tensor:
        return torch.softmax(self.discriminator.predictions(image), 1)


def rotated(images: Tensor, first: int) -> Tensor:
    """Return images (N, C, H, H), and behind them the first so many by one, two and three quarter turns."""
    return torch.cat([images, *(torch.rot90(images[:first], turns, (2, 3)) for turns in range(1, TURNS))])


def turn_surprise(logits: Tensor, count: int, turned: int) -> Tensor:
    """Return the cross entropy of the turns of what `rotated` gives of so many images, by their logits (.., 4).

    Of the images that are not turned, only those count of which turned ones follow.
    """
    taken = torch.cat([logits[:turned], logits[count:]])
    return cross_entropy(taken, torch.arange(TURNS, device=logits.device).repeat_interleave(turned))


def label_surprise(logits: Tensor, label: Tensor) -> Tensor:
    """Return the cross entropy of labels (N,) by logits (N, classes), over those that are known: not below 0.

    It is 0 where none is.
    """
    total = cross_entropy(logits, label, ignore_index=-1, reduction="sum")
    return total / (label >= 0).sum().clamp(min=1)


@hookimpl
def recipe() -> type[Recipe]:
    """Return S3GAN's training algorithm."""
    return S3GAN
