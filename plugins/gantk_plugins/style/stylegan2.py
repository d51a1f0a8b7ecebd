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

import math
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
    UsageError,
    hookimpl,
    score_gradients,
)
from gantk_plugins.style.styled import AVERAGE, Mapping, Styled
from gantk_plugins.style.stylegan2_networks import ResidualScores, Synthesis

BETA = 0.99
"""Adam's second beta, before it is made that of lazy penalties."""

PATH_RATE, PATH_SHARE = 0.01, 2
"""How fast the average path length follows, and the part of a batch, a half, at which lengths are measured."""


class StyleGAN2(Styled):
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

    path_length: Tensor

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
        super().__init__()
        if min(latent, units, depth, gamma_every, path_every) < 1 or not 0 <= mixing <= 1 or path < 0:
            raise UsageError(
                "stylegan2 needs latent, units, depth, gamma_every and path_every >= 1, mixing in [0, 1] and path "
                f">= 0, not latent={latent}, units={units}, depth={depth}, gamma_every={gamma_every}, "
                f"path_every={path_every}, mixing={mixing}, path={path}"
            )
        channels, size = build.data.channels["image"], build.data.square
        self.gamma = 10 * (size / 1024) ** 2 if gamma is None else gamma
        self.gamma_every, self.path, self.path_every, self.mixing = gamma_every, path, path_every, mixing
        self.game = build.loss()
        self.mapping = build.network(Mapping(latent, units, depth), "mapping")
        self.synthesis = build.network(Synthesis(channels, size, units, base, most), "synthesis")
        self.discriminator = build.discriminator(DiscriminatorSpec(channels=channels, size=size))
        self.latent = Latent(length=latent)
        self.register_buffer("path_length", torch.zeros(()))

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
        generator, critic = _lazy(self.path_every if self.path else 0), _lazy(self.gamma_every if self.gamma else 0)
        return {
            "generator": Player(
                self.mapping,
                self.synthesis,
                betas=(0.0, BETA**generator),
                scale={self.mapping: generator, self.synthesis: generator},
            ),
            "discriminator": Player(
                self.discriminator, critic=True, betas=(0.0, BETA**critic), scale={self.discriminator: critic}
            ),
        }

    def step(self, batches: Batches) -> Step:
        """Move the generator, at times down its path lengths, then the discriminator, at times down its slope."""
        real = next(batches)["image"]
        critic, count, number = self.discriminator.given(), len(real), self.progress.step

        if self.due("generator"):
            styles = self.styles(count, real.device)
            kept = self.average.clone()
            self.follow(kept, (yield self.mean_of(styles)))
            fake = self.synthesis(styles, self.noise.drawn(count, real.device))
            yield "generator", {"game": self.game.fool(critic, fake, real)}

            if self.path and number % self.path_every == 0:
                lengths = self.path_lengths(max(count // PATH_SHARE, 1), real.device)
                kept = self.path_length.clone()
                mean = yield self.everywhere(lengths.mean())
                # The same number everywhere; its gradient is that of this batch.
                average = kept + PATH_RATE * (mean + lengths.mean() - lengths.mean().detach() - kept)
                self.path_length.copy_(average.detach())
                self.note(path_length=mean)
                penalty = (lengths - average).square().mean()
                yield "generator", {"path": self.path_every * self.path * penalty}

        with torch.no_grad():
            fake = self.synthesis(self.styles(count, real.device), self.noise.drawn(count, real.device))
        yield "discriminator", self.game.judge(critic, real, fake)

        if self.gamma and number % self.gamma_every == 0:
            slopes = score_gradients(critic, (real.detach().requires_grad_(),)).square().sum(1).mean()
            yield "discriminator", {"r1": self.gamma_every * self.gamma / 2 * slopes}

    def path_lengths(self, count: int, device: torch.device) -> Tensor:
        """Return |J^T y| of drawn samples (count,): how far an image moves with its style (equation 4).

        The root of the mean over layers, of images y of noise whose deviation is one over the root of the pixels.
        """
        styles = self.styles(count, device, eager=True)
        images: Tensor = self.synthesis.eager(styles, self.noise.drawn(count, device))
        return path_lengths(images, styles)


def path_lengths(images: Tensor, styles: Tensor) -> Tensor:
    """Return |J^T y| (N,) of images (N, C, H, W) by styles (N, layers, units), y from N(0, 1 / (H W)) (section 3.2).

    The root of the mean over layers of the squared norm. It can be differentiated again.
    """
    y = torch.randn_like(images) / math.sqrt(images.shape[2] * images.shape[3])
    (gradients,) = torch.autograd.grad((images * y).sum(), styles, create_graph=True)
    return gradients.square().sum(2).mean(1).sqrt()


def discriminator_network(spec: DiscriminatorSpec, build: Build, *, base: int = 32_768, most: int = 512) -> nn.Module:
    """Build the residual discriminator, which is told how much the samples of a batch differ.

    Args:
        base: channels of the maps times their height, as far as they are at most `most`.
        most: channels of the maps at most.
    """
    normalization = build.normalization("discriminator")
    return normalization.network(ResidualScores(spec, normalization, base, most))


def _lazy(every: int) -> float:
    """Return k / (k + 1), the share of the moves of a player that are its game's; 1 where there are no others."""
    return every / (every + 1) if every else 1.0


@hookimpl
def recipe() -> type[Recipe]:
    """Return StyleGAN2's training algorithm."""
    return StyleGAN2


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the residual discriminator."""
    return discriminator_network
