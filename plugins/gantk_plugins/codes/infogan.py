"""InfoGAN: a GAN whose codes must be readable from its images (Chen et al. 2016, arXiv:1606.03657).

The generator is given noise, a category c1 and numbers c2, c3 in [-1, 1]. Q, a head on the discriminator's last inner
activation, tells the codes from a generated image, and the lower bound of their mutual information with the image,
E[log Q(c|x)] + H(c) (equations 4 and 5), joins the game (equation 6). As in the authors' code it joins the losses of
both sides: it moves the generator, and at once with the discriminator's move it moves Q and the trunk that they share.
Q is a player of its own, so that no game takes it for a critic; with `critic_steps` it moves as often as the generator.

From appendix C: Adam, learning rates 2e-4 for the discriminator and 1e-3 for the generator, a leaky rate of 0.1, table
1's networks, a Gaussian for each number, of which Q gives the mean and the logarithm of the deviation. Where the paper
is silent, from the authors' code for MNIST: beta1 0.5, batches of 128, 5,000 steps, weights from N(0, 0.02), norms
before nonlinearities, noise from U(-1, 1). That code holds the deviations at 1 and weighs all codes by 1
(`-s deviation=fixed -s continuous_weight=1`). Here they are learned, as in the paper, and weighed by less, as its
section 6 asks; that it be 0.1 is our choice. Images are in [-1, 1], so a tanh stands for the authors' sigmoid.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gantk import (
    Batch,
    Batches,
    Build,
    Category,
    Defaults,
    Discriminator,
    DiscriminatorSpec,
    GeneratorSpec,
    Graph,
    Latent,
    Losses,
    Network,
    Player,
    Recipe,
    Settings,
    Step,
    Unsupported,
    UsageError,
    Vector,
    hookimpl,
    initialize_normal,
    single_scores,
)
from gantk_plugins.codes.infogan_networks import (
    Coded,
    Head,
    Recognition,
    discriminator_network,
    generator_network,
    joined,
)

SHOWN = 8
"""Rows of a preview grid."""


class InfoGAN(Recipe):
    """Makes images of noise and of codes whose meaning it finds by itself: a category, and numbers in [-1, 1].

    Args:
        noise: length of the noise vector, which is no code.
        categories: values of the categorical code c1.
        continuous: how many numbers there are: c2, c3, ...
        categorical_weight: weight of the information on c1, the paper's lambda.
        continuous_weight: weight of the information on the numbers.
        deviation: "learned": Q gives the deviation of each number, or "fixed": it is 1.
        generator_pace: the generator's learning rate, in units of the discriminator's.
    """

    kind = "images"
    defaults = Defaults(
        generator="infogan",
        discriminator="infogan",
        loss="non-saturating",
        normalization={"generator": "batch", "discriminator": "batch"},
    )
    settings = Settings(
        optimizer="adam",
        learning_rate=2e-4,
        betas=(0.5, 0.999),
        batch_size=128,
        size=28,
        steps=5000,
        jitter=1.0,
        flip=False,
        precision="fp32",
    )

    def __init__(
        self,
        build: Build,
        *,
        noise: int = 62,
        categories: int = 10,
        continuous: int = 2,
        categorical_weight: float = 1.0,
        continuous_weight: float = 0.1,
        deviation: Literal["learned", "fixed"] = "learned",
        generator_pace: float = 5.0,
    ) -> None:
        super().__init__()
        if noise < 1 or categories < 2 or continuous < 0:
            said = f"noise={noise}, categories={categories}, continuous={continuous}"
            raise UsageError(f"infogan needs noise >= 1, categories >= 2 and continuous >= 0, not {said}")
        channels, self.size = build.data.channels["image"], build.data.size
        self.categorical_weight, self.continuous_weight = categorical_weight, continuous_weight
        self.generator_pace = generator_pace
        self.categories = categories
        self.inputs: tuple[Latent | Category, ...] = (
            Latent(name="noise", length=noise, distribution="uniform"),
            Category(name="c1", count=categories),
            *(Latent(name=f"c{2 + i}", length=1, distribution="uniform") for i in range(continuous)),
        )
        self.game = build.loss()
        if self.game.wants == "energies":
            raise Unsupported("infogan reads codes off the trunk that gives the scores: a game of energies has none")
        if build.pack > 1:
            raise Unsupported(
                "infogan reads codes off the trunk that gives the scores, of one image each: leave pack out"
            )
        latent = noise + categories + continuous
        self.generator = build.generator(GeneratorSpec(latent=latent, outputs=channels, size=self.size))
        spec = DiscriminatorSpec(channels=channels, size=self.size, features=True)
        self.discriminator = build.discriminator(spec)
        norms = build.normalization("discriminator")
        features = _last_feature(self.discriminator, channels, build.data.sides)
        head = Head(features, categories, continuous, norms, learns_deviation=deviation == "learned")
        self.q = initialize_normal(build.network(head, "q"))

    def players(self) -> dict[str, Player]:
        """Return the discriminator, Q and the generator."""
        return {
            "discriminator": Player(self.discriminator, critic=True),
            "q": Player(self.q),
            "generator": Player(self.generator, scale={self.generator: self.generator_pace}),
        }

    def step(self, batches: Batches) -> Step:
        """Move the discriminator and Q, then the generator, for the game and the information (equation 6)."""
        real = next(batches)["image"]
        critic = self.discriminator.given()

        codes = self.drawn(real)
        with torch.no_grad():
            fake = self.generator(joined(self.categories, *codes))
        scores, features = critic.both(fake)
        game = self.game.judge(critic, real, fake, scores=(single_scores(critic(real)), single_scores(scores)))
        information = self.information(features, codes)
        yield {"discriminator": {**game, **information}, "q": information}

        if self.due("generator"):
            codes = self.drawn(real)
            scores, features = critic.both(self.generator(joined(self.categories, *codes)))
            real_scores = single_scores(critic(real)) if self.game.needs_real else None
            game = {"game": self.game.generator(single_scores(scores), real_scores)}
            yield "generator", {**game, **self.information(features, codes)}

    def drawn(self, like: Tensor) -> list[Tensor]:
        """Return noise and codes drawn anew, in the order of the generator's graph, as many as there are images."""
        return [code.drawn(len(like), like.device) for code in self.inputs]

    def information(self, features: list[Tensor], codes: list[Tensor]) -> Losses:
        """Return -E[log Q(c|x)], weighted: equation 5 negated, without H(c), which moves nobody.

        The bound itself is noted, in nats.
        """
        logits, mean, log_deviation = self.q(features[-1])
        surprise = cross_entropy(logits, codes[1])
        self.note(information_categorical=math.log(self.categories) - surprise)
        losses = {"categorical": self.categorical_weight * surprise}
        if numbers := codes[2:]:
            surprise = gaussian_surprise(torch.cat(numbers, 1), mean, log_deviation)
            self.note(information_continuous=len(numbers) * math.log(2) - surprise)
            losses["continuous"] = self.continuous_weight * surprise
        return losses

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return rows of one noise each: every category (figure 2a), then the first number from -2 to 2 (figure 2c).

        All as an export makes them: fifteen columns would double if those of training mode stood beside them.
        """
        noise, category, *numbers = (code.fixed(SHOWN).to(batch["image"].device) for code in self.inputs)
        shown = {f"c1 = {c}": [noise, torch.full_like(category, c), *numbers] for c in range(self.categories)}
        for value in (-2, -1, 0, 1, 2) if numbers else ():
            shown[f"c2 = {value}"] = [noise, category, torch.full_like(numbers[0], value), *numbers[1:]]
        together = [torch.cat(codes) for codes in zip(*shown.values(), strict=True)]
        training = self.generator.training
        images = self.generator.eval()(joined(self.categories, *together))
        self.generator.train(training)
        return dict(zip(shown, images.split(SHOWN), strict=True))

    def graphs(self) -> dict[str, Graph]:
        """Return the generator of noise and codes, and Q: the probabilities of c1, the means of the numbers."""
        numbers = (Vector(name=number.name, length=1) for number in self.inputs[2:])
        return {
            "generator": Graph(
                network=Network(Coded(self.generator, self.categories), "generator"),
                task="generate",
                inputs=self.inputs,
                outputs=("image",),
            ),
            "q": Graph(
                network=Network(Recognition(self.discriminator, self.q), "q"),
                task="encode",
                inputs=("image",),
                outputs=(Vector(name="c1", length=self.categories), *numbers),
                size=self.size,
            ),
        }


def gaussian_surprise(numbers: Tensor, mean: Tensor, log_deviation: Tensor) -> Tensor:
    """Return -E[log Q] of numbers (N, K) under a factored Gaussian: summed over K, averaged over N."""
    distance = (numbers - mean) * torch.exp(-log_deviation)
    return (distance.square() / 2 + log_deviation + math.log(2 * math.pi) / 2).sum(1).mean()


def _last_feature(discriminator: Discriminator, channels: int, sides: tuple[int, int]) -> int:
    """Return how many numbers a discriminator's last inner activation has, without leaving a trace in it."""
    with torch.no_grad():
        feature = discriminator.eval().features(torch.zeros(1, channels, *sides))[-1]
    discriminator.train()
    return feature[0].numel()


@hookimpl
def recipe() -> type[Recipe]:
    """Return InfoGAN's training algorithm."""
    return InfoGAN


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds InfoGAN's generator."""
    return generator_network


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds InfoGAN's discriminator."""
    return discriminator_network
