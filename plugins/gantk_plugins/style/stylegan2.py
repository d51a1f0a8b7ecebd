"""StyleGAN2: images by weights that styles modulate (Karras et al. 2019, arXiv:1912.04958).

Configuration F: a mapping network makes a style of a latent vector; styles scale the weights of convolutions, which are
then divided by their norm (equations 1 to 3); each layer is given noise of its own. The generator adds up images of
every size, the discriminator has residual blocks (section 4.1). The game is the non-saturating one, with R1 at every
16th step and the path length penalty at every fourth (sections 3.1 and 3.2, appendix B): moves of their own, of which a
penalty counts as many times as it was left out, and Adam's rate and betas are those of k / (k + 1). Two styles are
mixed in nine of ten batches.

    gantk train --plugin stylegan2 --data photographs/
    gantk generate runs/.../generator.onnx --truncation 0.7 -o calm.png
    gantk generate runs/.../generator.onnx -n 8 --traverse psi -o psi.png
    gantk generate runs/.../mix.onnx -n 8 --mix 7:4 -o mixed.png
    gantk invert runs/... portrait.png -o portrait.npz

With psi below 1, the truncation, styles are nearer the average style: images are better and more alike. `mix` has
coarse layers in the style of one latent vector and fine ones in that of another, `styles` one of its own for each.

Networks and constants are those of the authors' code, which has 30,370,060 and 29,012,513 parameters at 1024 pixels.
Where this leaves it, or where that is written for 1024 pixels only:

- R1's weight follows the number of pixels unless `gamma` is said: 10 at 1024 pixels, 0.01 at 32, as the authors have it
  later (arXiv:2006.06676, and its code's configuration for CIFAR-10).
- Sizes may be 4 to 7 pixels doubled. Groups of the minibatch deviation are smaller where four do not divide a batch.
- The averages of styles and of path lengths are over all processes and micro-batches. As in the code, the penalty's
  gradient also flows through what a batch adds to its own average.
- A discriminator of the user's choice is judged by the same game; the rate and betas above are then its own, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from gantk import (
    Batches,
    Build,
    Defaults,
    DiscriminatorSpec,
    Latent,
    Player,
    Recipe,
    Settings,
    Step,
    hookimpl,
)
from gantk_plugins.style.lazy import BETA, LazyStyled
from gantk_plugins.style.styled import AVERAGE
from gantk_plugins.style.stylegan2_networks import ResidualScores, Synthesis


class StyleGAN2(LazyStyled):
    """Makes images of noise, through styles.

    Args:
        latent: length of the latent vector.
        units: length of a style, and width of the mapping network.
        depth: layers of the mapping network.
        base: channels of the generator's maps times their height, as far as they are at most `most`.
        most: channels of its maps at most.
        mixing: share of the batches in which two styles are mixed.
        gamma: weight of R1; unsaid: 10 at 1024 pixels, and as many times less as there are fewer pixels.
        gamma_every: steps from one R1 move to the next, at which it counts so many times.
        path: weight of the path length penalty; 0: none.
        path_every: steps from one of its moves to the next, at which it counts so many times.
    """

    kind = "images"
    defaults = Defaults(discriminator="stylegan2", loss="non-saturating", normalization={"discriminator": "none"})
    # For FFHQ: 25 million images.
    settings = Settings(
        optimizer="adam",
        learning_rate=2e-3,
        betas=(0.0, BETA),
        batch_size=32,
        size=1024,
        steps=781_250,
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
        base: int = 32_768,
        most: int = 512,
        mixing: float = 0.9,
        gamma: float | None = None,
        gamma_every: int = 16,
        path: float = 2.0,
        path_every: int = 4,
    ) -> None:
        super().__init__(
            build,
            "stylegan2",
            latent=latent,
            units=units,
            depth=depth,
            mixing=mixing,
            gamma=gamma,
            gamma_every=gamma_every,
            path=path,
            path_every=path_every,
        )
        channels, size = build.data.channels["image"], build.data.square
        self.synthesis = build.network(Synthesis(channels, size, units, base, most), "synthesis")
        self.discriminator = build.discriminator(DiscriminatorSpec(channels=channels, size=size))

    @property
    def layers(self) -> int:
        """How many styles there are."""
        return cast(Synthesis, self.synthesis.module).layers

    @property
    def noise(self) -> Latent:
        """All layers' noise, one after another."""
        return Latent(name="noise", shape=(cast(Synthesis, self.synthesis.module).noise,))

    def players(self) -> dict[str, Player]:
        """Return the generator's two networks, and the discriminator, at rates that their lazy penalties share."""
        return self.rated((self.mapping, self.synthesis), (self.discriminator,))

    def step(self, batches: Batches) -> Step:
        """Move the generator, at times down its path lengths, then the discriminator, at times down its slope."""
        real = next(batches)["image"]
        critic, count = self.discriminator.given(), len(real)

        if self.due("generator"):
            styles = self.styles(count, real.device)
            kept = self.average.clone()
            self.follow(kept, (yield self.mean_of(styles)))
            fake = self.synthesis(styles, self.noise.drawn(count, real.device))
            yield "generator", {"game": self.game.fool(critic, fake, real)}

            yield from self.path_move(count, real.device)

        with torch.no_grad():
            fake = self.synthesis(self.styles(count, real.device), self.noise.drawn(count, real.device))
        yield "discriminator", self.game.judge(critic, real, fake)

        if self.slopes_now:
            yield "discriminator", {"r1": self.slope(critic, real)}

    def shown(self, styles: Tensor, noise: Tensor) -> Tensor:
        """Return images of styles."""
        images: Tensor = self.synthesis.eager(styles, noise)
        return images


def discriminator_network(spec: DiscriminatorSpec, build: Build, *, base: int = 32_768, most: int = 512) -> nn.Module:
    """Build the residual discriminator, which is told how much the samples of a batch differ.

    Args:
        base: channels of the maps times their height, as far as they are at most `most`.
        most: channels of the maps at most.
    """
    normalization = build.normalization("discriminator")
    return normalization.network(ResidualScores(spec, normalization, base, most))


@hookimpl
def recipe() -> type[Recipe]:
    """Return StyleGAN2's training algorithm."""
    return StyleGAN2


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the residual discriminator."""
    return discriminator_network
