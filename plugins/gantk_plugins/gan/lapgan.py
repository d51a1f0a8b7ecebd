"""LAPGAN: images by a Laplacian pyramid of GANs, coarse to fine (Denton et al. 2015, arXiv:1506.05751).

An image is its coarse version enlarged, and what that lacks: I = u(d(I)) + h (equation 3). The coarsest level is a GAN
of small images; each finer one makes h of noise and of the enlarged coarse image, under which its discriminator judges
it (section 2.3). Samples go up the pyramid (equation 4). Levels are trained one after the other, on coarse versions of
real images, so that none needs the others; here each is a stage, and a model holds the levels so far. With labels, all
networks are told them.

    gantk train --plugin lapgan --data fashion-mnist:FOLDER
    gantk train --plugin lapgan --data photographs/ -s optimizer=adam -s learning_rate=2e-4

Networks are those of the authors' code for CIFAR-10: noise is a plane beside the channels of the coarse image, and so
is what a dense layer makes of a label; the discriminator adds h and the coarse image first. The coarsest networks are
the paper's dense ones. The rate is the paper's, and so are batches, 64 images and as many made ones. Momentum grows
from 0.5 to 0.8 over the run; in the paper by 0.0008 a pass: at that pace 375 passes a level, which is the length here.

What leaves paper and code: sizes are halved while they are even and half of them is `least` or more, 32 to 8 pixels and
28 to 7 (the paper has 28, 14 and 8); d is the mean of 2x2 pixels and u bilinear; images are in [-1, 1], not of mean 0
and deviation 1, the coarsest are bounded by tanh, and samples by [-1, 1]. The rate's decay, 0.004% a pass, is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from gantk import (
    Batch,
    Batches,
    Build,
    Category,
    Defaults,
    Discriminator,
    DiscriminatorSpec,
    Graph,
    Latent,
    Linear,
    Network,
    Player,
    Recipe,
    Settings,
    Stage,
    Step,
    UsageError,
    hookimpl,
)
from gantk_plugins.gan.lapgan_networks import (
    CoarsestGenerator,
    DetailGenerator,
    Pyramid,
    discriminator_network,
    halved,
    parted,
    sides_of,
)

SHOWN = 64
"""Samples of a preview."""

ROWS, LABELS = 8, 10
"""Samples of each label, and labels, of a preview where images are labelled."""


class LAPGAN(Recipe):
    """Makes images of noise, and of labels where there are any, from coarse to fine.

    Args:
        latent: length of the noise vector of the coarsest level.
        least: height and width in pixels below which images are not halved.
        units: width of the coarsest generator's two hidden layers.
        filters: channels of the generators of details.
        coarser: how many times as many steps a level has as the next finer one.
    """

    kind = ("labelled", "images")
    defaults = Defaults(discriminator="lapgan", loss="non-saturating", normalization={"discriminator": "none"})
    settings = Settings(
        optimizer="sgd",
        learning_rate=0.02,
        betas=(Linear(start=0.5, end=0.8), 0.999),
        batch_size=64,
        size=32,
        epochs=3 * 375,
        precision="fp32",
    )

    def __init__(
        self,
        build: Build,
        *,
        latent: int = 100,
        least: int = 7,
        units: int = 1200,
        filters: int = 64,
        coarser: float = 1.0,
    ) -> None:
        super().__init__()
        if min(latent, least, units, filters) < 1:
            raise UsageError("lapgan needs latent, least, units and filters of at least 1")
        if coarser <= 0:
            raise UsageError(f"lapgan needs coarser above 0, not {coarser}")
        self.coarser = coarser
        channels, self.size = build.data.channels["image"], build.data.square
        self.sides = sides_of(self.size, least)
        if len(self.sides) < 2:
            raise UsageError(
                f"lapgan halves images down to {least} pixels or more, and those of {self.size} cannot be: say an even "
                f"--size of at least {2 * least}, or a smaller least"
            )
        self.label = Category.of_labels(build.data.classes) if build.data.kind == "labelled" else None
        classes = self.label.count if self.label else None
        self.noise = (
            Latent(length=latent, distribution="uniform"),
            *(Latent(name=f"noise_{side}", shape=(1, side, side), distribution="uniform") for side in self.sides[1:]),
        )
        self.game = build.loss()
        made = [
            CoarsestGenerator(latent, channels, self.sides[0], units, classes),
            *(DetailGenerator(channels, side, filters, classes) for side in self.sides[1:]),
        ]
        self.generators = nn.ModuleList(build.network(module, "generator") for module in made)
        self.discriminators = nn.ModuleList(
            build.discriminator(
                DiscriminatorSpec(
                    channels=channels, condition_channels=channels if level else 0, classes=classes, size=side
                )
            )
            for level, side in enumerate(self.sides)
        )

    def stages(self) -> list[Stage]:
        """Return a stage a level, the coarsest first.

        All read images of the whole size, which are halved as samples are doubled: a data set's own way of making
        images smaller would be another d.
        """
        return [
            Stage(name=f"{side}x{side}", share=self.coarser ** (len(self.sides) - 1 - level))
            for level, side in enumerate(self.sides)
        ]

    def players(self) -> dict[str, Player]:
        """Return the discriminator and the generator of the stage's level."""
        level = self.stage.number
        return {
            "discriminator": Player(self.discriminators[level], critic=True),
            "generator": Player(self.generators[level]),
        }

    def step(self, batches: Batches) -> Step:
        """Move the discriminator of a level on real and made images or details, then its generator (section 2.3)."""
        batch = next(batches)
        image = self.at_level(batch["image"])
        labels = (batch["label"],) if self.label else ()
        coarse, real = ((), image) if self.stage.number == 0 else ((parted(image)[0],), parted(image)[1])
        critic = cast(Discriminator, self.discriminators[self.stage.number]).given(*coarse, *labels)

        with torch.no_grad():
            fake = self.drawn(len(real), *coarse, *labels)
        yield "discriminator", self.game.judge(critic, real, fake)

        if self.due("generator"):
            fake = self.drawn(len(real), *coarse, *labels)
            yield "generator", {"game": self.game.fool(critic, fake, real)}

    def at_level(self, image: Tensor) -> Tensor:
        """Return images as large as those of the stage's level."""
        for _ in self.sides[self.stage.number + 1 :]:
            image = halved(image)
        return image

    def drawn(self, count: int, *conditions: Tensor) -> Tensor:
        """Return what the stage's generator makes of fresh noise, under a coarse image and labels."""
        level = self.stage.number
        device = next(self.generators[level].parameters()).device
        made: Tensor = self.generators[level](self.noise[level].drawn(count, device), *conditions)
        return made

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return samples of fixed noise, a column for each label if any; coarse real images, details added, and whole.

        What is added to real coarse images is what the level was trained to do.
        """
        real = self.at_level(batch["image"])
        level = self.stage.number
        shown: dict[str, Tensor] = {}
        if self.label is None:
            shown["generated"] = self.pyramid()(*self.fixed(max(SHOWN, len(real)), real.device))
        else:
            names = self.label.names[:LABELS]
            labels = torch.arange(len(names), device=real.device).repeat_interleave(ROWS)
            noise = [each.repeat(len(names), *[1] * (each.ndim - 1)) for each in self.fixed(ROWS, real.device)]
            shown |= zip(names, self.pyramid()(*noise, labels).split(ROWS), strict=True)
        if level:
            coarse, _ = parted(real)
            told = (batch["label"],) if self.label else ()
            noise = self.fixed(len(real), real.device)
            details = self.generators[level](noise[level], coarse, *told)
            shown |= {"coarse": coarse, "with details": (coarse + details).clamp(-1, 1)}
        return {**shown, "real": real}

    def fixed(self, count: int, device: torch.device) -> list[Tensor]:
        """Return fixed noise of each level so far."""
        return [port.fixed(count).to(device) for port in self.noise[: self.stage.number + 1]]

    def pyramid(self) -> Pyramid:
        """Return what makes images by the levels so far."""
        return Pyramid([cast(Network, each) for each in self.generators[: self.stage.number + 1]])

    def graphs(self) -> dict[str, Graph]:
        """Return the pyramid of the levels so far."""
        label = (self.label,) if self.label else ()
        inputs = (*self.noise[: self.stage.number + 1], *label)
        network = Network(self.pyramid(), "generator")
        return {"generator": Graph(network=network, task="generate", inputs=inputs, outputs=("image",))}


@hookimpl
def recipe() -> type[Recipe]:
    """Return LAPGAN's training algorithm."""
    return LAPGAN


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the discriminators."""
    return discriminator_network
