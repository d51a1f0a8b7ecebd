"""The training algorithm of GANs that make images of noise; no plugin by itself.

It is algorithm 1 of the first paper (Goodfellow et al. 2014, arXiv:1406.2661): the discriminator moves on images and on
what the generator makes of fresh noise; then the generator moves, on noise drawn anew. The algorithm's k is the setting
`critic_steps`. The papers that keep it differ in networks, game and settings, which each states in its own file.
"""

from __future__ import annotations

from typing import ClassVar, Literal, Protocol, runtime_checkable

import torch
from torch import Tensor

from gantk import (
    Batch,
    Batches,
    Build,
    Category,
    Critic,
    DiscriminatorSpec,
    GeneratorSpec,
    Graph,
    Latent,
    Losses,
    Network,
    Player,
    Recipe,
    Step,
    UsageError,
)

SHOWN = 64
"""Samples of a preview; as many as there are real ones where these are more, as points are."""

ROWS, LABELS = 8, 10
"""Samples of each label, and labels, of a preview where images are labelled."""


@runtime_checkable
class BeginsAtMean(Protocol):
    """A generator's layer whose first images can be a mean image."""

    def begin_at(self, mean: Tensor) -> None:
        """Take first weights that make the mean image (channels, H, W)."""


@runtime_checkable
class Refers(Protocol):
    """A network that is normalized by a reference batch of so many samples."""

    count: int

    def refer(self, *inputs: Tensor) -> None:
        """Take the inputs that are the reference batch: latents (count, length), with labels (count,) if any."""


class LatentGAN(Recipe):
    """Makes images of noise by a game of two networks; the base of recipes that differ in networks, game and settings.

    Where a subclass takes labelled images, both networks are told the labels too: what the generator makes is judged
    under the labels that it was made for, which are those of the images in the batch.

    Args:
        latent: length of the noise vector.
        feature_matching: weight of the squared distance between the mean last inner activations of real and of made
            images, which the generator minimizes besides; 0: none.
        adversarial: weight of the game for the generator; 0, with feature matching: that in its place.

    Attributes:
        distribution: what noise is drawn from.
        conditional: whether both networks are told labels where images have some.
    """

    kind: ClassVar[str | tuple[str, ...]] = "images"
    refers = True
    distribution: ClassVar[Literal["normal", "uniform"]] = "normal"
    conditional: ClassVar[bool] = True

    def __init__(
        self, build: Build, *, latent: int = 100, feature_matching: float = 0.0, adversarial: float = 1.0
    ) -> None:
        super().__init__()
        if feature_matching < 0 or adversarial < 0 or not (feature_matching or adversarial):
            raise UsageError(
                "the generator needs feature_matching and adversarial of at least 0, and one of them above it, not "
                f"{feature_matching} and {adversarial}"
            )
        self.feature_matching, self.adversarial = feature_matching, adversarial
        channels, size = build.data.channels["image"], build.data.size
        self.latent = Latent(length=latent, distribution=self.distribution)
        self.label = (
            Category.of_labels(build.data.classes) if build.data.kind == "labelled" and self.conditional else None
        )
        classes = self.label.count if self.label else None
        self.game = build.loss()
        self.generator = build.generator(GeneratorSpec(latent=latent, classes=classes, outputs=channels, size=size))
        spec = DiscriminatorSpec(channels=channels, classes=classes, size=size, features=feature_matching > 0)
        self.discriminator = self.make_discriminator(build, spec)

    def make_discriminator(self, build: Build, spec: DiscriminatorSpec) -> Network:
        """Return the discriminator that was chosen; for recipes whose own does more than score."""
        return build.discriminator(spec)

    def prepare(self, batches: Batches) -> None:
        """Let a generator that can do so begin at the mean of the first thousand images, or have a reference batch."""
        for network in self.generator.modules():
            if isinstance(network, Refers):
                device = next(self.generator.parameters()).device
                inputs = [self.latent.fixed(network.count, seed=1).to(device)]
                if self.label:
                    inputs.append(torch.arange(network.count, device=device) % self.label.count)
                network.refer(*inputs)
        layers = [layer for layer in self.generator.modules() if isinstance(layer, BeginsAtMean)]
        if not layers:
            return
        total, count = torch.zeros(()), 0
        while count < 1000:
            images = next(batches)["image"]
            total, count = total.to(images) + images.sum(0), count + len(images)
        for layer in layers:
            layer.begin_at(total / count)

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
            fake = self.generator(self.noise(len(real), real.device), *labels)
        yield "discriminator", self.game.judge(critic, real, fake)

        if self.due("generator"):
            fake = self.generator(self.noise(len(real), real.device), *labels)
            yield "generator", self.fooled(critic, fake, real)

    def noise(self, count: int, device: torch.device) -> Tensor:
        """Return fresh noise vectors (count, latent) for a step."""
        return self.latent.drawn(count, device)

    def fixed_noise(self, count: int) -> Tensor:
        """Return the noise vectors (count, latent) of a preview, the same each time."""
        return self.latent.fixed(count)

    def fooled(self, critic: Critic, fake: Tensor, real: Tensor) -> Losses:
        """Return the generator's losses: the game's, and of the same passes feature matching, where it has a weight."""
        if not self.feature_matching:
            return {"game": self.adversarial * self.game.fool(critic, fake, real)}
        scores, features = critic.both(fake)
        with torch.no_grad():
            real_scores, wanted = critic.both(real)
        matched = {"features": self.feature_matching * matched_means(features[-1], wanted[-1])}
        if not self.adversarial:
            return matched
        game = self.game.fool(critic, fake, real, scores=(scores, real_scores))
        return {"game": self.adversarial * game, **matched}

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return images of fixed noise, `gantk generate`'s first, a column for each label if any, and real ones."""
        real = batch["image"]
        if self.label is None:
            noise = self.fixed_noise(max(SHOWN, len(real))).to(real.device)
            return {"generated": self.generator(noise), "real": real}
        names = self.label.names[:LABELS]
        noise = self.fixed_noise(ROWS).to(real.device).repeat(len(names), 1)
        labels = torch.arange(len(names), device=real.device).repeat_interleave(ROWS)
        images = self.generator(noise, labels).split(ROWS)
        return {**dict(zip(names, images, strict=True)), "real": real}

    def graphs(self) -> dict[str, Graph]:
        """Return the generator."""
        inputs = (self.latent, self.label) if self.label else (self.latent,)
        return {"generator": Graph(network=self.generator, task="generate", inputs=inputs, outputs=("image",))}


def matched_means(made: Tensor, real: Tensor) -> Tensor:
    """Return ||E f(x) - E f(G(z))||^2 of inner activations (N, ...) (Salimans et al. 2016, arXiv:1606.03498, sec. 3.1).

    It is zero where the means over a batch are equal, and sums over all numbers of an activation.
    """
    return (made.mean(0) - real.mean(0)).square().sum()
