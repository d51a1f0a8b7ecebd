"""Small images first, then details on them (after Denton et al. 2015, arXiv:1506.05751).

A Laplacian pyramid of two levels, as small as it can be. What is left out: the noise of the second level, and its
critic of details. What is added: details fade in, as new layers do in Karras et al. 2017 (arXiv:1710.10196, figure 2),
and one critic judges both sizes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from gantk import (
    Batch,
    Batches,
    Build,
    Defaults,
    DiscriminatorSpec,
    Graph,
    Informed,
    Latent,
    Player,
    Recipe,
    Settings,
    Stage,
    Step,
    UsageError,
    hookimpl,
)


class Pyramid(Informed, nn.Module):
    """Images of noise: small ones in the first stage, and with details twice as large ones in the second."""

    def __init__(self, latent: int, channels: int, size: int, filters: int) -> None:
        super().__init__()
        shape = (channels, size // 2, size // 2)
        self.small = nn.Sequential(
            nn.Linear(latent, 8 * filters),
            nn.LeakyReLU(0.2),
            nn.Linear(8 * filters, channels * (size // 2) ** 2),
            nn.Unflatten(1, shape),
            nn.Tanh(),
        )
        self.details = nn.Sequential(
            nn.Conv2d(channels, filters, 3, padding=1), nn.LeakyReLU(0.2), nn.Conv2d(filters, channels, 3, padding=1)
        )

    def forward(self, latent: Tensor) -> Tensor:
        small: Tensor = self.small(latent)
        if self.stage.number == 0:
            return small
        blurred = interpolate(small, scale_factor=2.0, mode="bilinear")
        fade = min(2 * self.stage.fraction, 1.0)
        return blurred + fade * self.details(blurred)


class Growing(Recipe):
    """Makes images of noise, small ones first.

    Args:
        filters: channels of the layer that makes details.
    """

    kind = "images"
    defaults = Defaults(discriminator="patchgan", loss="lsgan", normalization={"discriminator": "instance"})
    settings = Settings(
        optimizer="adam", learning_rate=2e-4, betas=(0.5, 0.999), size=64, batch_size=16, ema={"generator": 0.999}
    )

    def __init__(self, build: Build, *, filters: int = 32) -> None:
        super().__init__()
        channels, size = build.data.channels["image"], build.data.square
        if size % 2:
            raise UsageError(f"growing needs a size that can be halved, not {size}: say --size {size + 1}")
        self.latent = Latent(length=64)
        self.game = build.loss()
        self.generator = build.network(Pyramid(self.latent.length, channels, size, filters), "generator")
        self.discriminator = build.discriminator(DiscriminatorSpec(channels=channels, size=size // 2, any_size=True))

    def stages(self) -> list[Stage]:
        """Return half the size with batches twice as large for a third of the run, then the whole size."""
        return [Stage(name="small", scale=0.5, batch=2), Stage(name="details", share=2)]

    def players(self) -> dict[str, Player]:
        """Return who moves: what makes small images rests as soon as there are details."""
        pyramid = self.generator.module
        grows = {"small": Player(pyramid.small)} if self.stage.number == 0 else {"details": Player(pyramid.details)}
        return {"discriminator": Player(self.discriminator, critic=True), **grows}

    def step(self, batches: Batches) -> Step:
        """Move the discriminator, then what is learned in this stage."""
        real = next(batches)["image"]
        critic = self.discriminator.given()
        with torch.no_grad():
            fake = self.generator(self.latent.drawn(len(real), real.device))
        yield "discriminator", self.game.judge(critic, real, fake)
        fake = self.generator(self.latent.drawn(len(real), real.device))
        yield self.stage.name, {"game": self.game.fool(critic, fake, real)}

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return what is made of fixed noise, beside images of the data."""
        real = batch["image"]
        return {"made": self.generator(self.latent.fixed(len(real)).to(real.device)), "real": real}

    def graphs(self) -> dict[str, Graph]:
        """Return the generator."""
        return {
            "generator": Graph(network=self.generator, task="generate", inputs=(self.latent,), outputs=("image",)),
        }


@hookimpl
def recipe() -> type[Recipe]:
    """Return the training algorithm."""
    return Growing
