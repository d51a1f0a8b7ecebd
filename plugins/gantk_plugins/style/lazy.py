"""What recipes have in common whose penalties come at some steps only; no plugin by itself.

R1 and the path length penalty are moves of their own, at every 16th and every fourth step. A penalty then counts as
many times as it was left out, and Adam's rate and betas are those of k / (k + 1) (Karras et al. 2019,
arXiv:1912.04958, sections 3.1 and 3.2, appendix B).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from gantk import (
    Build,
    Critic,
    Discriminator,
    Latent,
    Network,
    Player,
    Step,
    UsageError,
    score_gradients,
)
from gantk_plugins.style.styled import Mapping, Styled

BETA = 0.99
"""Adam's second beta, before it is made that of lazy penalties."""

PATH_RATE, PATH_SHARE = 0.01, 2
"""How fast the average path length follows, and the part of a batch, a half, at which lengths are measured."""


class LazyStyled(Styled):
    """Makes images through styles, by a game whose penalties come at some steps; the base of recipes of other networks.

    Args:
        name: the recipe's name, as errors say it.
        latent: length of the latent vector.
        units: length of a style, and width of the mapping network.
        depth: layers of the mapping network.
        mixing: share of the batches in which two styles are mixed.
        gamma: weight of R1; unsaid: 10 at 1024 pixels, and as many times less as there are fewer pixels.
        gamma_every: steps from one R1 move to the next, at which it counts so many times.
        path: weight of the path length penalty; 0: none.
        path_every: steps from one of its moves to the next, at which it counts so many times.
    """

    path_length: Tensor

    def __init__(
        self,
        build: Build,
        name: str,
        *,
        latent: int,
        units: int,
        depth: int,
        mixing: float,
        gamma: float | None,
        gamma_every: int,
        path: float,
        path_every: int,
    ) -> None:
        super().__init__()
        if min(latent, units, depth, gamma_every, path_every) < 1 or not 0 <= mixing <= 1 or path < 0:
            raise UsageError(
                f"{name} needs latent, units, depth, gamma_every and path_every >= 1, mixing in [0, 1] and path "
                f">= 0, not latent={latent}, units={units}, depth={depth}, gamma_every={gamma_every}, "
                f"path_every={path_every}, mixing={mixing}, path={path}"
            )
        self.gamma = 10 * (build.data.square / 1024) ** 2 if gamma is None else gamma
        self.gamma_every, self.path, self.path_every, self.mixing = gamma_every, path, path_every, mixing
        self.game = build.loss()
        self.latent = Latent(length=latent)
        self.mapping = build.network(Mapping(latent, units, depth), "mapping")
        self.register_buffer("path_length", torch.zeros(()))

    @abstractmethod
    def shown(self, styles: Tensor, noise: Tensor) -> Tensor:
        """Return images (N, C, H, W) of styles, whose path lengths are measured, without autocast."""

    def rated(self, networks: Sequence[Network], discriminators: Sequence[Discriminator]) -> dict[str, Player]:
        """Return the players at the rates that their lazy penalties share."""
        generator, critic = lazy(self.path_every if self.path else 0), lazy(self.gamma_every if self.gamma else 0)
        return {
            "generator": Player(*networks, betas=(0.0, BETA**generator), scale=dict.fromkeys(networks, generator)),
            "discriminator": Player(
                *discriminators, critic=True, betas=(0.0, BETA**critic), scale=dict.fromkeys(discriminators, critic)
            ),
        }

    def path_move(self, count: int, device: torch.device) -> Step:
        """Move the generator down its path lengths, where it is time to (equation 4)."""
        if not self.path or self.progress.step % self.path_every:
            return
        lengths = self.path_lengths(max(count // PATH_SHARE, 1), device)
        kept = self.path_length.clone()
        mean = yield self.everywhere(lengths.mean())
        # The same number everywhere; its gradient is that of this batch.
        average = kept + PATH_RATE * (mean + lengths.mean() - lengths.mean().detach() - kept)
        self.path_length.copy_(average.detach())
        self.note(path_length=mean)
        yield "generator", {"path": self.path_every * self.path * (lengths - average).square().mean()}

    def path_lengths(self, count: int, device: torch.device) -> Tensor:
        """Return |J^T y| of drawn samples (count,): how far an image moves with its style (equation 4)."""
        styles = self.styles(count, device, eager=True)
        return path_lengths(self.shown(styles, self.noise.drawn(count, device)), styles)

    def slope(self, critic: Critic, real: Tensor) -> Tensor:
        """Return R1 at real images, as often as it was left out."""
        slopes = score_gradients(critic, (real.detach().requires_grad_(),)).square().sum(1).mean()
        return self.gamma_every * self.gamma / 2 * slopes

    @property
    def slopes_now(self) -> bool:
        """Whether R1 comes at the present step."""
        return bool(self.gamma) and self.progress.step % self.gamma_every == 0


def path_lengths(images: Tensor, styles: Tensor) -> Tensor:
    """Return |J^T y| (N,) of images (N, C, H, W) by styles (N, layers, units), y from N(0, 1 / (H W)) (section 3.2).

    The root of the mean over layers of the squared norm. It can be differentiated again.
    """
    y = torch.randn_like(images) / math.sqrt(images.shape[2] * images.shape[3])
    (gradients,) = torch.autograd.grad((images * y).sum(), styles, create_graph=True)
    return gradients.square().sum(2).mean(1).sqrt()


def lazy(every: int) -> float:
    """Return k / (k + 1), the share of the moves of a player that are its game's; 1 where there are no others."""
    return every / (every + 1) if every else 1.0
