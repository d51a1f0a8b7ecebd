"""PGGAN: networks that grow while they are trained (Karras et al. 2017, arXiv:1710.10196).

Training begins with images of 4 pixels. Layers for images twice as large fade in (section 2), are trained as long, and
the next follow. Weights have an equalized learning rate, the generator's pixels are normalized (section 4), and the
discriminator is told how much samples differ (section 3). The game is WGAN-GP's with a drift term (appendix A.1); the
average of the generator's weights makes the images.

    gantk train --plugin pggan --data photographs/ --dry-run        lists the stages
    gantk export RUN --step N                                       a checkpoint in the stage in which it was trained

Networks, constants and lengths are those of the authors' code for one GPU: 800,000 images a stage in batches of 16, and
of 14, 6 and 3 where images have 256, 512 and 1024 pixels; the last stage takes the rest of 19 million. Whenever layers
have begun or ended to fade in, optimizers begin anew: players have two names in turn. Where this leaves the code: the
rate is the paper's 0.001 throughout, which the code raises with the number of GPUs, and there are no labels. Sizes may
be 4 to 7 pixels doubled.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from gantk import (
    AdversarialLoss,
    Batch,
    Batches,
    Build,
    Critic,
    Defaults,
    DiscriminatorSpec,
    Graph,
    Informed,
    Latent,
    Losses,
    Player,
    Points,
    Recipe,
    Settings,
    Stage,
    Step,
    UsageError,
    hookimpl,
)
from gantk_plugins.losses.wasserstein import Wasserstein, gradient_norms, points_between
from gantk_plugins.networks.layers import coarsest
from gantk_plugins.style.growth import (
    FADING,
    GrowingScores,
    blended,
    check_smallest,
    critics_in_use,
    doubled,
    faded,
    growing_stages,
    level_of,
    mover,
    share_of_new,
)
from gantk_plugins.style.layers import GAIN, EqualizedConv, EqualizedLinear, active, pixel_norm, widths

BATCHES = {256: 14 / 16, 512: 6 / 16, 1024: 3 / 16}
"""Batch sizes by the height of images, as multiples of the run's."""

SHOWN = 64
"""Samples of a preview."""


class DriftingWasserstein(Wasserstein):
    """The game of WGAN-GP, and a term that keeps the critic's scores from drifting away (appendix A.1).

    The penalty's slope is that of the sum of a batch's scores by each sample, as in the authors' code: PGGAN's own
    discriminator ties samples, so this game is not refused there.

    Args:
        weight: factor of the penalty, the paper's lambda.
        target: the slope that the critic shall have, gamma.
        drift: factor of the mean square of real scores.
    """

    settings = Settings(optimizer="adam", learning_rate=1e-3, betas=(0.0, 0.99))

    def __init__(self, *, weight: float = 10.0, target: float = 1.0, drift: float = 1e-3) -> None:
        super().__init__()
        if weight < 0 or target <= 0 or drift < 0:
            raise UsageError(f"pggan needs weight >= 0, target > 0 and drift >= 0, not {weight}, {target} and {drift}")
        self.weight, self.target, self.drift = weight, target, drift

    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Return E[D(G(z))] - E[D(x)] + drift * E[D(x)^2]."""
        return super().discriminator(real_scores, fake_scores) + self.drift * real_scores.square().mean()

    def penalty(self, critic: Critic, real: Points, fake: Points) -> Losses:
        """Return weight * E[(||gradient of D at x'|| - target)^2] / target^2, x' between real and fake."""
        norms = gradient_norms(critic, points_between(real, fake, critic.pack))
        return {"gradient_penalty": self.weight * (norms / self.target - 1).square().mean()}


class GrowingGenerator(Informed, nn.Module):
    """Makes images of latent vectors (N, latent), as large as the stage's.

    Args:
        channels: channels of the images.
        size: height and width of the largest images.
        latent: length of a latent vector.
        base: channels of a map times its height.
        most: channels of a map at most.
    """

    def __init__(self, channels: int, size: int, latent: int, base: int, most: int) -> None:
        super().__init__()
        self.start, _ = coarsest(size)
        maps = widths(size, base, most)
        # A quarter of the gain: each number is an output of its own.
        self.dense = EqualizedLinear(latent, maps[0] * self.start**2, gain=GAIN / 4)
        self.conv = EqualizedConv(maps[0], maps[0], gain=GAIN)
        self.blocks = nn.ModuleList(
            nn.ModuleList([EqualizedConv(before, after, gain=GAIN), EqualizedConv(after, after, gain=GAIN)])
            for before, after in pairwise(maps)
        )
        self.images = nn.ModuleList(EqualizedConv(width, channels, 1) for width in maps)

    def in_use(self, level: int, fading: bool) -> list[nn.Module]:
        """Return the modules that make images that have doubled so often."""
        return [self.dense, self.conv, *self.blocks[:level], *self.images[level - fading : level + 1]]

    def forward(self, latent: Tensor) -> Tensor:
        level, share = level_of(self.stage), share_of_new(self.stage)
        x = pixel_norm(active(self.dense(pixel_norm(latent)).unflatten(1, (-1, self.start, self.start)), 1.0))
        x = before = pixel_norm(active(self.conv(x), 1.0))
        for block in self.blocks[:level]:
            before, x = x, doubled(x)
            for conv in cast(nn.ModuleList, block):
                x = pixel_norm(active(conv(x), 1.0))
        image: Tensor = self.images[level](x)
        return image if share == 1 else faded(doubled(self.images[level - 1](before)), image, share)


class PGGAN(Recipe):
    """Makes images of noise, by networks that grow.

    Args:
        latent: length of the latent vector.
        base: channels of the generator's maps times their height, as far as they are at most `most`.
        most: channels of its maps at most.
        last: how many times as many images the last stage sees as each other one.
    """

    kind = "images"
    defaults = Defaults(discriminator="pggan", loss="pggan", normalization={"discriminator": "none"})
    # For CelebA-HQ: 800,000 images a stage, 19 million in all.
    settings = Settings(
        optimizer="adam",
        learning_rate=1e-3,
        betas=(0.0, 0.99),
        batch_size=16,
        size=1024,
        steps=3_264_286,
        flip=True,
        precision="fp32",
        ema={"generator": 0.999},
    )

    def __init__(
        self, build: Build, *, latent: int = 512, base: int = 16_384, most: int = 512, last: float = 7.75
    ) -> None:
        super().__init__()
        if latent < 1:
            raise UsageError(f"pggan needs latent >= 1, not {latent}")
        channels, self.size, self.last = build.data.channels["image"], build.data.square, last
        self.latent = Latent(length=latent)
        self.game = build.loss()
        self.generator = build.network(GrowingGenerator(channels, self.size, latent, base, most), "generator")
        self.discriminator = build.discriminator(DiscriminatorSpec(channels=channels, size=self.size, any_size=True))
        check_smallest(self.discriminator, channels, coarsest(self.size)[0])

    def stages(self) -> list[Stage]:
        """Return the stages: of each size after the first one in which it fades in, and one in which it stays."""
        return growing_stages(self.size, self.last, BATCHES)

    def players(self) -> dict[str, Player]:
        """Return the discriminator and the generator, as much of them as works in the present stage."""
        making = cast(GrowingGenerator, self.generator.module).in_use(
            level_of(self.stage), self.stage.name.endswith(FADING)
        )
        return {
            mover("discriminator", self.stage): Player(*critics_in_use(self.discriminator, self.stage), critic=True),
            mover("generator", self.stage): Player(*making),
        }

    def step(self, batches: Batches) -> Step:
        """Move the discriminator on images as sharp as the stage's, then the generator."""
        real = blended(next(batches)["image"], self.stage)
        critic = self.discriminator.given()

        with torch.no_grad():
            fake = self.generator(self.latent.drawn(len(real), real.device))
        yield mover("discriminator", self.stage), self.game.judge(critic, real, fake)

        if self.due(generator := mover("generator", self.stage)):
            fake = self.generator(self.latent.drawn(len(real), real.device))
            yield generator, {"game": self.game.fool(critic, fake, real)}

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return images of fixed noise, `gantk generate`'s first, and real ones."""
        real = batch["image"]
        return {"generated": self.generator(self.latent.fixed(max(SHOWN, len(real))).to(real.device)), "real": real}

    def graphs(self) -> dict[str, Graph]:
        """Return the generator."""
        return {
            "generator": Graph(network=self.generator, task="generate", inputs=(self.latent,), outputs=("image",)),
        }


def discriminator_network(spec: DiscriminatorSpec, build: Build, *, base: int = 16_384, most: int = 512) -> nn.Module:
    """Build the discriminator that grows, which is told how much the samples of a batch differ.

    Args:
        base: channels of the maps times their height, as far as they are at most `most`.
        most: channels of the maps at most.
    """
    normalization = build.normalization("discriminator")
    return normalization.network(GrowingScores(spec, normalization, base, most))


@hookimpl
def recipe() -> type[Recipe]:
    """Return PGGAN's training algorithm."""
    return PGGAN


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the discriminator that grows."""
    return discriminator_network


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return the Wasserstein game with a drift term."""
    return DriftingWasserstein
