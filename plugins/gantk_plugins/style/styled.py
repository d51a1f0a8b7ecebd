"""What recipes have in common whose generator is given styles; no plugin by itself.

A mapping network makes a style w of a latent vector, and a synthesis network images of a style for each layer and of
noise (Karras et al. 2018, arXiv:1812.04948, sections 2 and 3).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from itertools import pairwise
from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from gantk import Batch, Category, Graph, HalfLife, Latent, Mean, Network, Recipe, Scalar
from gantk_plugins.style.layers import EqualizedLinear, active, pixel_norm

RATE = 0.01
"""How fast the mapping network learns beside the others (arXiv:1812.04948, appendix C)."""

DECAY = 0.995
"""The decay of the average style at a move of the generator."""

AVERAGE = HalfLife(images=10_000)
"""The decay of the average of weights."""

SHOWN, CALM = 64, 0.7
"""Samples of a preview, and the psi of its second column."""


class Mapping(nn.Module):
    """Makes styles w (N, units) of latent vectors (N, latent), whose length alone says nothing.

    Attributes:
        average: a moving average of styles, towards which truncation goes.
    """

    average: Tensor

    def __init__(self, latent: int, units: int, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            EqualizedLinear(before, after, rate=RATE) for before, after in pairwise([latent] + [units] * layers)
        )
        self.register_buffer("average", torch.zeros(units))

    def forward(self, latent: Tensor) -> Tensor:
        x = pixel_norm(latent)
        for layer in self.layers:
            x = active(layer(x))
        return x


class Sampler(nn.Module):
    """Makes images of latent vectors and noise, of which it takes the styles `psi` times as far from their average.

    Latents (N, latent), noise (N, noise) and psi (N,) -> (N, channels, size, size). Of two latents, further ones
    (N, latent) and a number of layers (N,), that many layers, the coarse ones, have the first's styles.

    Args:
        mapping: makes styles.
        synthesis: makes images (N, channels, size, size) of styles (N, layers, units) and noise.
        layers: how many styles it takes.
        truncates: layers whose styles are brought nearer the average, the coarsest; unsaid: all.
    """

    def __init__(self, mapping: Mapping, synthesis: nn.Module, layers: int, truncates: int | None = None) -> None:
        super().__init__()
        self.mapping, self.synthesis = mapping, synthesis
        self.layers, self.truncates = layers, layers if truncates is None else truncates

    def forward(
        self,
        latent: Tensor,
        noise: Tensor,
        psi: Tensor,
        other: Tensor | None = None,
        layers: Tensor | None = None,
    ) -> Tensor:
        styles = self.truncated(latent, psi)
        if other is not None and layers is not None:
            first = torch.arange(self.layers, device=layers.device)[:, None] < layers[:, None, None]
            styles = torch.where(first, styles, self.truncated(other, psi))
        image: Tensor = self.synthesis(styles, noise)
        return image

    def truncated(self, latent: Tensor, psi: Tensor) -> Tensor:
        """Return a style for each layer (N, layers, units): average + psi (w - average) (1812.04948, appendix B)."""
        w: Tensor = self.mapping(latent)
        # Written so that psi = 1 changes nothing at all.
        nearer = w + (psi[:, None] - 1) * (w - self.mapping.average)
        if self.truncates >= self.layers:
            return nearer[:, None].expand(-1, self.layers, -1)
        coarse = torch.arange(self.layers, device=w.device)[:, None] < self.truncates
        return torch.where(coarse, nearer[:, None], w[:, None])


class StyleSampler(nn.Module):
    """Makes images of styles, said as differences from the average one, and noise.

    Styles (N, layers, units) and noise (N, noise) -> (N, channels, size, size).
    """

    def __init__(self, mapping: Mapping, synthesis: nn.Module) -> None:
        super().__init__()
        self.mapping, self.synthesis = mapping, synthesis

    def forward(self, styles: Tensor, noise: Tensor) -> Tensor:
        image: Tensor = self.synthesis(self.mapping.average + styles, noise)
        return image


def mixed(one: Tensor, other: Tensor, layers: int, share: float) -> Tensor:
    """Return a style for each layer (N, layers, units) of styles (N, units), in a share of all calls two of them mixed.

    The coarse layers have the first, those from a layer on that is drawn, never the coarsest, the second
    (arXiv:1812.04948, section 3.1); as in the authors' code it is one layer for all samples.
    """
    place = torch.randint(1, layers, (), device=one.device)
    cut = torch.where(torch.rand((), device=one.device) < share, place, layers)
    return torch.where(torch.arange(layers, device=one.device)[:, None] < cut, one[:, None], other[:, None])


class Styled(Recipe):
    """Makes images of noise, through styles: the base of recipes that differ in networks, game and growth.

    Attributes:
        truncates: layers whose styles psi brings nearer the average, the coarsest; None: all.
        latent: what styles are made of.
        mapping: makes styles of it.
        synthesis: makes images of styles and noise.
        mixing: share of the batches in which two styles are mixed.
        further: what its graphs take besides.
    """

    truncates: ClassVar[int | None] = None
    latent: Latent
    mapping: Network
    synthesis: Network
    mixing: float
    further: tuple[Category, ...] = ()

    @property
    @abstractmethod
    def layers(self) -> int:
        """How many styles the synthesis network takes."""

    @property
    @abstractmethod
    def noise(self) -> Latent:
        """The noise that it takes."""

    @property
    def average(self) -> Tensor:
        """The average style (units,)."""
        return cast(Mapping, self.mapping.module).average

    def styles(self, count: int, device: torch.device, *, eager: bool = False) -> Tensor:
        """Return styles of drawn latents (count, layers, units), two of them mixed in most batches."""
        mapping: Callable[[Tensor], Tensor] = self.mapping.eager if eager else self.mapping
        one, other = (mapping(self.latent.drawn(count, device)) for _ in range(2))
        return mixed(one, other, self.layers, self.mixing)

    def mean_of(self, styles: Tensor) -> Mean:
        """Ask for the mean of styles (N, layers, units) over all processes: those of the first layer, never mixed."""
        return self.everywhere(styles[:, 0].mean(0))

    def follow(self, before: Tensor, mean: Tensor) -> None:
        """Move the average style from what it was before a step towards a mean; alike in all bodies of a step."""
        self.average.copy_(mean + DECAY * (before - mean))

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return images of fixed noise, `gantk generate`'s first, the same nearer the average style, and real ones."""
        real = batch["image"]
        count, sampler = max(SHOWN, len(real)), self.sampler("generator")
        latent, noise = (port.fixed(count).to(real.device) for port in (self.latent, self.noise))
        made = {
            name: sampler(latent, noise, torch.full((count,), psi, device=real.device))
            for name, psi in (("generated", 1.0), (f"psi={CALM}", CALM))
        }
        return {**made, "real": real}

    def graphs(self) -> dict[str, Graph]:
        """Return what makes images of a latent, of two, and of styles."""
        mapping = cast(Mapping, self.mapping.module)
        styles = StyleSampler(mapping, self.synthesis.module)
        other = Latent(name="other", length=self.latent.length)
        layers = Scalar(name="layers", default=self.layers // 2, low=0, high=self.layers)
        first = (self.latent, self.noise, Scalar(name="psi", default=1.0, low=-1, high=1))
        # Styles as differences from the average one, so that those of a picture can be looked for (arXiv:1904.03189).
        offset = Latent(name="styles", shape=(self.layers, len(mapping.average)), distribution="zero")
        made: dict[str, tuple[Network, tuple[Latent | Scalar, ...]]] = {
            "generator": (self.sampler("generator"), first),
            "mix": (self.sampler("mix"), (*first, other, layers)),
            "styles": (self.sampling("styles", styles), (offset, self.noise)),
        }
        return {
            name: Graph(network=network, task="generate", inputs=(*inputs, *self.further), outputs=("image",))
            for name, (network, inputs) in made.items()
        }

    def sampler(self, name: str) -> Network:
        """Return what makes images of latents and noise."""
        mapping = cast(Mapping, self.mapping.module)
        return self.sampling(name, Sampler(mapping, self.synthesis.module, self.layers, self.truncates))

    def sampling(self, name: str, module: nn.Module) -> Network:
        """Return what samples as a graph's network, which takes what `further` says besides."""
        return Network(module, name, self.synthesis.autocast)
