"""BEGAN: an auto-encoder's errors kept in balance (Berthelot et al. 2017, arXiv:1703.10717).

The discriminator is an auto-encoder that learns real images and unlearns made ones, as much as k says. k follows the
balance (section 3.4): made images shall cost a share gamma of what real ones cost; the smaller, the less they vary and
the better they look. M, what is left of both, tells how far a training is; it is noted as `convergence`.

Networks are the paper's (section 3.5): 3x3 convolutions and ELUs, two at each size, wider by `filters` at each halving
in the encoder; the generator is a decoder of its own. Sizes that are no 8 times a power of two begin at up to 15
pixels. `skips` are its skip connections: each doubled map has the code's beside it. Vanishing residuals are not here.

Where the paper is silent or leaves a choice: the rate stays constant, which the paper halves whenever M stalls
(`-s schedule=...`); beta1 is 0.5; the length is ours; weights are drawn as PyTorch draws them. What is fed back of made
images is the generator's move, as the equations have it. The generator ends by tanh, since images are in [-1, 1]; the
paper's ends linearly, as the auto-encoder does here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from gantk import (
    AdversarialLoss,
    Batch,
    Build,
    Defaults,
    Graph,
    Recipe,
    Settings,
    Unsupported,
    UsageError,
    Vector,
    hookimpl,
)
from gantk_plugins.gan.algorithm import LatentGAN
from gantk_plugins.gan.began_networks import AutoEncoder, auto_encoder, decoder


class Equilibrium(AdversarialLoss):
    """Real images shall have low energies, made ones high ones, as much as keeps both in balance (equation 5).

    Args:
        gamma: what made images shall cost, as a share of what real ones cost.
        rate: how fast k follows, the paper's lambda_k.
    """

    wants: ClassVar[Literal["scores", "energies"]] = "energies"

    def __init__(self, *, gamma: float = 0.5, rate: float = 1e-3) -> None:
        super().__init__()
        if not 0 <= gamma <= 1 or rate < 0:
            raise UsageError(f"began needs gamma in [0, 1] and a rate of at least 0, not {gamma} and {rate}")
        self.gamma, self.rate = gamma, rate
        self.k: Tensor
        self.register_buffer("k", torch.zeros(()))

    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Return L(x) - k L(G(z))."""
        real = real_scores.mean()
        self.feed_back(torch.stack([real, torch.ones_like(real), *torch.zeros_like(real).expand(2)]))
        return real - self.k * fake_scores.mean()

    def generator(self, fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
        """Return L(G(z))."""
        fake = fake_scores.mean()
        self.feed_back(torch.stack([*torch.zeros_like(fake).expand(2), fake, torch.ones_like(fake)]))
        return fake

    def adapt(self, feedback: Tensor) -> None:
        """Move k by rate * (gamma L(x) - L(G(z))), in [0, 1], and note k and M = L(x) + |gamma L(x) - L(G(z))|."""
        # Sums of energies and how many there are, as both sides are fed back at their own moves, if they move.
        real, fake = feedback[0] / feedback[1], feedback[2] / feedback[3]
        balance = torch.where(feedback[1] * feedback[3] > 0, self.gamma * real - fake, 0)
        self.note(k=self.k, convergence=real + balance.abs())
        self.k.add_(self.rate * balance).clamp_(0, 1)


class BEGAN(LatentGAN):
    """Makes images of noise, by an auto-encoder whose errors at real and at made images are kept in balance.

    Args:
        latent: length of the noise vector.
    """

    defaults = Defaults(
        generator="began",
        discriminator="began",
        loss="began",
        normalization={"generator": "none", "discriminator": "none"},
    )
    settings = Settings(
        optimizer="adam",
        learning_rate=1e-4,
        betas=(0.5, 0.999),
        batch_size=16,
        size=64,
        steps=200_000,
        precision="fp32",
    )
    distribution = "uniform"

    def __init__(self, build: Build, *, latent: int = 64) -> None:
        super().__init__(build, latent=latent)
        if self.game.wants != "energies":
            raise Unsupported("began is a game of energies, and this loss reads scores")
        self.size = build.data.size

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return images of fixed noise, and real ones with what the auto-encoder makes of their codes."""
        network = self.discriminator.module
        known = {"reconstructed": network.reconstructed(batch["image"])} if isinstance(network, AutoEncoder) else {}
        return {**super().preview(batch), **known}

    def graphs(self) -> dict[str, Graph]:
        """Return the generator, and the energy."""
        energy = Graph(
            network=self.discriminator,
            task="score",
            inputs=("image",),
            outputs=(Vector(name="energy"),),
            size=self.size,
        )
        return {**super().graphs(), "energy": energy}


@hookimpl
def recipe() -> type[Recipe]:
    """Return BEGAN's training algorithm."""
    return BEGAN


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the decoder."""
    return decoder


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the auto-encoder."""
    return auto_encoder


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return the game of a balance."""
    return Equilibrium
