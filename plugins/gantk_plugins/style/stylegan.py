"""StyleGAN: images through styles that AdaIN gives to each layer (Karras et al. 2018, arXiv:1812.04948).

A mapping network makes a style of a latent vector; each layer is given noise of its own and, by AdaIN (equation 1), its
style. Two styles are mixed in nine of ten batches (section 3.1). Networks grow from 8 pixels on as PGGAN's do. The game
is the paper's for its own photographs: the non-saturating one with R1 at every step (appendix C). What psi < 1 does to
the coarsest eight layers of a trained generator is truncation in W (appendix B); its graphs are StyleGAN2's.

    gantk train --plugin stylegan --data photographs/ --dry-run                      lists the stages
    gantk train --plugin stylegan --data photographs/ --loss pggan -s gamma=0        WGAN-GP, as the paper's first rows

Networks, constants and lengths are those of the authors' code: 600,000 images a stage, 25 million in all, in batches of
256, 128, 64 and 32 as images grow, and rates that grow at 128, 256 and 512 pixels. Optimizers begin anew whenever
layers have begun or ended to fade in. Where this leaves the code: the average style is over all processes; psi is 1
unless it is said, in the code 0.7; sizes may be 4 to 7 pixels doubled. Other discriminators are judged by the same
game.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import nn

from gantk import (
    Batches,
    Build,
    Defaults,
    DiscriminatorSpec,
    Latent,
    Player,
    Recipe,
    Settings,
    Stage,
    Step,
    UsageError,
    hookimpl,
    score_gradients,
)
from gantk_plugins.style.growth import (
    FADING,
    GrowingScores,
    blended,
    check_smallest,
    critics_in_use,
    growing_stages,
    mover,
)
from gantk_plugins.style.styled import AVERAGE, Mapping, Styled
from gantk_plugins.style.stylegan_networks import GrowingSynthesis

FIRST = 1
"""How often the smallest images have doubled: they have 8 pixels."""

BATCHES = {8: 8.0, 16: 4.0, 32: 2.0}
"""Batch sizes by the height of images, as multiples of the run's."""

RATES = {128: 1.5, 256: 2.0, 512: 3.0}
"""Learning rates from a height of images on, as multiples of the run's."""


class StyleGAN(Styled):
    """Makes images of noise, through styles, by networks that grow.

    Args:
        latent: length of the latent vector.
        units: length of a style, and width of the mapping network.
        depth: layers of the mapping network.
        base: channels of the generator's maps times their height, as far as they are at most `most`.
        most: channels of its maps at most.
        mixing: share of the batches in which two styles are mixed.
        gamma: weight of R1.
        last: how many times as many images the last stage sees as each other one.
    """

    kind = "images"
    truncates = 8
    defaults = Defaults(discriminator="stylegan", loss="non-saturating", normalization={"discriminator": "none"})
    # For FFHQ: 600,000 images a stage, 25 million in all.
    settings = Settings(
        optimizer="adam",
        learning_rate=1e-3,
        betas=(0.0, 0.99),
        batch_size=32,
        size=1024,
        steps=717_969,
        flip=True,
        precision="fp32",
        ema={"mapping": AVERAGE, "synthesis": AVERAGE},
    )

    def __init__(
        self,
        build: Build,
        *,
        latent: int = 512,
        units: int = 512,
        depth: int = 8,
        base: int = 16_384,
        most: int = 512,
        mixing: float = 0.9,
        gamma: float = 10.0,
        last: float = 83 / 3,
    ) -> None:
        super().__init__()
        if min(latent, units, depth) < 1 or not 0 <= mixing <= 1:
            raise UsageError(
                "stylegan needs latent, units and depth >= 1, and mixing in [0, 1], "
                f"not latent={latent}, units={units}, depth={depth}, mixing={mixing}"
            )
        channels, self.size, self.last = build.data.channels["image"], build.data.square, last
        self.mixing, self.gamma = mixing, gamma
        self.latent = Latent(length=latent)
        self.game = build.loss()
        self.mapping = build.network(Mapping(latent, units, depth), "mapping")
        synthesis = GrowingSynthesis(channels, self.size, units, base, most, FIRST)
        self.synthesis = build.network(synthesis, "synthesis")
        self.discriminator = build.discriminator(DiscriminatorSpec(channels=channels, size=self.size, any_size=True))
        check_smallest(self.discriminator, channels, synthesis.start << FIRST)

    @property
    def layers(self) -> int:
        """How many styles there are in the present stage."""
        return cast(GrowingSynthesis, self.synthesis.module).layers

    @property
    def noise(self) -> Latent:
        """All layers' noise in the present stage, one after another."""
        return Latent(name="noise", shape=(cast(GrowingSynthesis, self.synthesis.module).noise,))

    def stages(self) -> list[Stage]:
        """Return the stages: of each size after the first one in which it fades in, and one in which it stays."""
        return growing_stages(self.size, self.last, BATCHES, FIRST)

    def players(self) -> dict[str, Player]:
        """Return the generator and the discriminator, as much of them as works in the present stage, at its rate."""
        synthesis = cast(GrowingSynthesis, self.synthesis.module)
        side = synthesis.start << synthesis.level
        rate = max((rate for height, rate in RATES.items() if side >= height), default=1.0)
        making = [self.mapping, *synthesis.in_use(self.stage.name.endswith(FADING))]
        judging = critics_in_use(self.discriminator, self.stage, FIRST)
        return {
            mover("generator", self.stage): Player(*making, scale=dict.fromkeys(making, rate)),
            mover("discriminator", self.stage): Player(*judging, critic=True, scale=dict.fromkeys(judging, rate)),
        }

    def step(self, batches: Batches) -> Step:
        """Move the discriminator on images as sharp as the stage's, then the generator."""
        real = blended(next(batches)["image"], self.stage)
        critic, count = self.discriminator.given(), len(real)

        with torch.no_grad():
            fake = self.synthesis(self.styles(count, real.device), self.noise.drawn(count, real.device))
        losses = dict(self.game.judge(critic, real, fake))
        if self.gamma:
            slopes = score_gradients(critic, (real.detach().requires_grad_(),)).square().sum(1)
            losses["r1"] = self.gamma / 2 * slopes.mean()
        yield mover("discriminator", self.stage), losses

        if self.due(generator := mover("generator", self.stage)):
            styles = self.styles(count, real.device)
            kept = self.average.clone()
            self.follow(kept, (yield self.mean_of(styles)))
            fake = self.synthesis(styles, self.noise.drawn(count, real.device))
            yield generator, {"game": self.game.fool(critic, fake, real)}


def discriminator_network(spec: DiscriminatorSpec, build: Build, *, base: int = 16_384, most: int = 512) -> nn.Module:
    """Build PGGAN's discriminator with maps that are filtered before they are halved.

    Args:
        base: channels of the maps times their height, as far as they are at most `most`.
        most: channels of the maps at most.
    """
    normalization = build.normalization("discriminator")
    return normalization.network(GrowingScores(spec, normalization, base, most, smooth=True))


@hookimpl
def recipe() -> type[Recipe]:
    """Return StyleGAN's training algorithm."""
    return StyleGAN


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the discriminator that grows."""
    return discriminator_network
