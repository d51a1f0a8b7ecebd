"""Triple-GAN: images of labels, and a classifier, by few labels (Li et al. 2017, arXiv:1703.02291).

Three players. The generator makes an image of a label, the classifier gives a label to an image, and the discriminator
tells pairs of both apart from true ones: what it counts as made are pairs of the classifier, by alpha, and of the
generator, by the rest (equation 2). The classifier also learns the labels that are known, R_L, without which the three
could agree on other pairs (equation 3), and, later, the labels of what the generator makes, R_P (section 3.2).

    gantk train --plugin triple-gan --data mnist:DIGITS --scale paper -s labels=100
    gantk evaluate runs/... --metric code-error -s code-error.output=label
    gantk train --plugin triple-gan --data photographs/ --generator sngan --discriminator sngan

Networks of convolutions, as the last line has them, are for images that are no digits; their discriminator wants
`--normalization discriminator=spectral --loss hinge`. Which labels are known follows from the run's seed: as many of
each class as there can be. `classify` is the classifier.

Algorithm 1, with what the paper or its authors' code for MNIST has besides: the discriminator takes the classifier's
labels of images for true pairs too, beside a few that are (section 3.3); the classifier's pairs have the most likely
label, whose probability weighs their loss, so that the gradient flows through it; its labels of images without one are
kept sure of themselves and alike often; it learns alone at first where 100 labels are known or fewer; R_P begins after
three tenths; the rate falls from there. Generator and classifier play the game of the discriminator's other side (log D
in place of -log(1 - D)). Its networks, weights and rates are the code's.

Where this leaves it: all three read batches of one size, 100, where there the discriminator reads 400 images, and the
generator makes 200; the average of the classifier's weights begins with them, there with zero; labels of made images
are drawn uniformly, there each as often.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, log_softmax

from gantk import (
    AdversarialLoss,
    Batches,
    Build,
    Defaults,
    DiscriminatorSpec,
    Exponential,
    GeneratorSpec,
    Graph,
    Losses,
    Network,
    Player,
    Recipe,
    Settings,
    Stage,
    Step,
    Unsupported,
    UsageError,
    Vector,
    few_labels,
    hookimpl,
    named,
    single_scores,
)
from gantk_plugins.gan.algorithm import LatentGAN
from gantk_plugins.gan.triple_gan_networks import Classifier, told_discriminator, told_generator

FEW = 100
"""Known labels with which the classifier learns alone at first."""

TRUE = 40_000
"""Known labels for each true pair, of a batch, that the discriminator reads beside those that the classifier labels."""


class TripleGAN(LatentGAN):
    """Makes images of noise and of a label, and classifies images, of which few have labels.

    Args:
        latent: length of the noise vector.
        labels: how many images' labels are known.
        alpha: share of the classifier's pairs among those that the discriminator shall find.
        generated: weight of the labels of what the generator makes, for the classifier, the paper's alpha_P.
        generated_from: share of the run after which these are learned.
        sure: weight of the entropy of the labels that the classifier gives to an image.
        balance: weight of how unlike the classifier's mean label is to each label as often.
        decay: weight of the classifier's squared weights in its last layer.
        alone: share of the run in which the classifier learns alone, where 100 labels are known or fewer.
        filters: channels of the classifier's first layer; the last has four times as many.
        dropout: share of its activations dropped in training.
    """

    kind = "labelled"
    defaults = Defaults(
        generator="triple-gan",
        discriminator="triple-gan",
        loss="non-saturating",
        normalization={"generator": "batch", "discriminator": "none", "classifier": "batch"},
    )
    # A thousand passes of MNIST's 60,000 images.
    settings = Settings(
        optimizer="adam",
        learning_rate=1e-3,
        betas=(0.5, 0.999),
        batch_size=100,
        schedule=Exponential(end=0.995**700, begin=0.3),
        size=28,
        steps=600_000,
        jitter=1.0,
        flip=False,
        precision="fp32",
        ema={"classifier": 0.99},
    )
    distribution = "uniform"

    def __init__(
        self,
        build: Build,
        *,
        latent: int = 100,
        labels: int = 100,
        alpha: float = 0.5,
        generated: float = 0.1,
        generated_from: float = 0.3,
        sure: float = 0.3,
        balance: float = 1e-3,
        decay: float = 1e-4,
        alone: float = 0.006,
        filters: int = 32,
        dropout: float = 0.5,
    ) -> None:
        if not (0 < alpha < 1 and 0 <= alone < 1 and labels >= 1):
            raise UsageError(
                f"triple-gan needs alpha between 0 and 1, alone in [0, 1) and labels >= 1, not {alpha}, {alone} and "
                f"{labels}"
            )
        super().__init__(build, latent=latent)
        _check_game(self.game)
        self.alpha, self.generated, self.generated_from = alpha, generated, generated_from
        self.sure, self.balance, self.decay, self.labels = sure, balance, decay, labels
        self.alone = alone if labels <= FEW else 0.0
        self.size = build.data.size
        # In a constructor, torch's random numbers are still those of the run's seed, in each process.
        self.few = few_labels(labels, torch.initial_seed())
        assert self.label is not None  # its kind of batches has labels
        self.classes = self.label
        norms, channels = build.normalization("classifier"), build.data.channels["image"]
        network = Classifier(channels, self.classes.count, build.data.sides, norms, filters=filters, dropout=dropout)
        self.classifier = build.network(network, "classifier")

    def stages(self) -> list[Stage]:
        """Return a first stage of the classifier alone, where few labels are known, and the game."""
        first = [Stage(name="classifier", share=self.alone)] if self.alone else []
        return [*first, Stage(name="game", share=1 - self.alone)]

    def players(self) -> dict[str, Player]:
        """Return the classifier, and but for the first stage the discriminator and the generator."""
        if self.stage.name == "classifier":
            return {"classifier": Player(self.classifier, learning_rate=3e-4, betas=(0.9, 0.999))}
        return {
            "discriminator": Player(self.discriminator, critic=True),
            "classifier": Player(self.classifier),
            "generator": Player(self.generator),
        }

    def step(self, batches: Batches) -> Step:
        """Move the discriminator, then the classifier and the generator (algorithm 1)."""
        known, images = next(batches.of(self.few)), batches.of("images")
        unknown = next(images)["image"]
        count, device = len(unknown), unknown.device
        if self.stage.name == "classifier":
            yield "classifier", self.told(known["image"], known["label"], self.classifier(unknown), balance=self.sure)
            return

        # Pairs of the data, few of which are true, of the classifier and of the generator.
        true = min(max(count * self.labels // TRUE, 1), count)
        with torch.no_grad():
            more = next(images)["image"]
            real = torch.cat([known["image"][:true], more])
            real_label = torch.cat([known["label"][:true], self.classifier(more).argmax(1)])
            label = self.classifier(unknown).argmax(1)
            drawn = self.classes.drawn(count, device)
            fake = self.generator(self.latent.drawn(count, device), drawn)
        critic = self.discriminator.given(real_label)
        real_scores = critic(real)
        by_classifier = self.discriminator.given(label)(unknown)
        by_generator = self.discriminator.given(drawn)(fake)
        yield (
            "discriminator",
            {
                **named(self.game.judge(critic, real, unknown, scores=(real_scores, by_classifier)), "c", self.alpha),
                **named(self.game.judge(None, real, fake, scores=(real_scores, by_generator)), "g", 1 - self.alpha),
            },
        )

        if self.due("generator"):
            logits = self.classifier(unknown)
            label, drawn = logits.argmax(1), self.classes.drawn(count, device)
            with torch.no_grad():
                scores = single_scores(self.discriminator.given(label)(unknown))
            losses = {
                "game": self.alpha * weighed(self.game, scores, logits.softmax(1).amax(1)),
                **self.told(known["image"], known["label"], logits, balance=self.balance),
            }
            fake = self.generator(self.latent.drawn(count, device), drawn)
            if self.generated and self.progress.fraction >= self.generated_from:
                losses["generated"] = self.generated * cross_entropy(self.classifier(fake.detach()), drawn)
            game = self.game.fool(self.discriminator.given(drawn), fake)
            yield {"classifier": losses, "generator": {"game": (1 - self.alpha) * game}}

    def told(self, image: Tensor, label: Tensor, logits: Tensor, *, balance: float) -> Losses:
        """Return the classifier's losses of known labels, and of the logits of images whose labels are not known."""
        return {
            "label": cross_entropy(self.classifier(image), label),
            "sure": self.sure * entropy(logits),
            "balance": balance * imbalance(logits),
            "decay": self.decay * cast(Classifier, self.classifier.module).last_weight.square().sum(),
        }

    def graphs(self) -> dict[str, Graph]:
        """Return the generator, and the classifier: the probability of each label of an image."""
        network = Network(nn.Sequential(self.classifier, nn.Softmax(1)), "classifier")
        output = Vector(name="label", length=self.classes.count)
        classify = Graph(network=network, task="encode", inputs=("image",), outputs=(output,), size=self.size)
        return {**super().graphs(), "classify": classify}


def weighed(game: AdversarialLoss, scores: Tensor, weights: Tensor) -> Tensor:
    """Return the mean over samples of the generator's loss of each score (N, ...), times a weight (N,)."""
    return (torch.vmap(game.generator)(scores) * weights).mean()


def entropy(logits: Tensor) -> Tensor:
    """Return the mean entropy, in nats, of labels by their logits (N, classes)."""
    logs = log_softmax(logits, 1)
    return -(logs.exp() * logs).sum(1).mean()


def imbalance(logits: Tensor) -> Tensor:
    """Return -E[log q] over labels alike often, q being the mean label by logits: log(classes) at least."""
    mean: Tensor = log_softmax(logits, 1).logsumexp(0) - math.log(len(logits))
    return -mean.mean()


def _check_game(game: AdversarialLoss) -> None:
    """Raise Unsupported where a game has no loss of each made pair by itself."""
    wanted = {
        "energies, and the discriminator gives scores": game.wants == "energies",
        "scores of real pairs beside those of made ones": game.needs_real,
        "inner activations": game.wants_features,
        "slopes, and pairs have labels that are true or made": bool(game.per_sample)
        or type(game).penalty is not AdversarialLoss.penalty,
    }
    for what in (what for what, asked in wanted.items() if asked):
        raise Unsupported(
            f"triple-gan weighs the loss of each pair by itself, and here a loss reads {what}: say another --loss NAME"
        )


def generator_network(spec: GeneratorSpec, build: Build, *, units: int = 500, layers: int = 2) -> nn.Module:
    """Build a generator of dense layers each of which is told the label.

    Args:
        units: width of each hidden layer.
        layers: how many hidden layers there are.
    """
    normalization = build.normalization("generator")
    return normalization.network(told_generator(spec, normalization, units=units, layers=layers))


def discriminator_network(
    spec: DiscriminatorSpec,
    build: Build,
    *,
    widths: tuple[int, ...] = (1000, 500, 250, 250, 250),
    input_noise: float = 0.3,
    noise: float = 0.5,
) -> nn.Module:
    """Build a discriminator of dense layers each of which is told the label, of weights of length 1.

    Args:
        widths: width of each hidden layer.
        input_noise: deviation of what is added to images, which are in [0, 1], while training.
        noise: deviation of what is added behind each hidden layer.
    """
    normalization = build.normalization("discriminator")
    network = told_discriminator(spec, normalization, widths=widths, input_noise=input_noise, noise=noise)
    return normalization.network(network)


@hookimpl
def recipe() -> type[Recipe]:
    """Return Triple-GAN's training algorithm."""
    return TripleGAN


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the generator that is told the label in each layer."""
    return generator_network


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the discriminator that is told the label in each layer."""
    return discriminator_network
