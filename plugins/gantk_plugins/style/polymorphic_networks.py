"""The networks of Polymorphic-GAN (Kim et al. 2022, arXiv:2206.02903): maps that are warped for each domain."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample, interpolate

from gantk_plugins.style.layers import EqualizedConv, active
from gantk_plugins.style.stylegan2_networks import Maps, Skips

REACH = 1 / 3
"""How far a place moves at most, where the image reaches from -1 to 1."""


class Morphs(nn.Module):
    """Says where the places of maps are taken from: maps of every size -> (N, domains, 2, size, size), x before y.

    Args:
        widths: channels of each map.
        size: height and width of what is said.
        domains: how many domains there are besides the parent.
        width: channels of the network's own maps.
    """

    def __init__(self, widths: Sequence[int], size: int, domains: int, width: int) -> None:
        super().__init__()
        self.size, self.domains = size, domains
        self.read = nn.ModuleList(EqualizedConv(channels, width, 1) for channels in widths)
        self.shared = nn.ModuleList(EqualizedConv(inputs, width) for inputs in (width * len(widths), width))
        self.own = EqualizedConv(width, 2 * domains)
        nn.init.zeros_(self.own.weight)

    def forward(self, maps: list[Tensor]) -> Tensor:
        sides = (self.size, self.size)
        read = (active(layer(x)) for layer, x in zip(self.read, maps, strict=True))
        x = torch.cat([interpolate(each, sides, mode="bilinear", align_corners=False) for each in read], 1)
        for layer in self.shared:
            x = active(layer(x))
        moves: Tensor = REACH * self.own(x).tanh()
        return moves.view(-1, self.domains, 2, *sides)


def morphed(x: Tensor, move: Tensor) -> Tensor:
    """Return a map (N, C, H, W) each of whose places is taken from where `move` (N, 2, h, w) leads, x before y.

    The map reaches from -1 to 1; a move of zeros changes nothing.
    """
    sides = x.shape[2:]
    move = interpolate(move, sides, mode="bilinear", align_corners=False).permute(0, 2, 3, 1)
    rows, columns = (torch.linspace(1 / side - 1, 1 - 1 / side, side, device=x.device) for side in sides)
    still = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), -1)
    return grid_sample(x, (still + move).to(x.dtype), mode="bilinear", padding_mode="border", align_corners=False)


class Polymorphic(nn.Module):
    """Makes images of styles (N, layers, units) and noise (N, noise) in all domains: (N, domains, C, size, size).

    With `alone`, in the parent domain only: (N, 1, C, size, size).

    Args:
        maps: makes the maps that all domains share.
        channels: channels of the images.
        size: their height and width.
        units: length of a style.
        domains: how many domains there are.
        width: channels of the morph network's maps.
    """

    def __init__(self, maps: Maps, channels: int, size: int, units: int, domains: int, width: int) -> None:
        super().__init__()
        self.maps = maps
        self.morphs = Morphs(maps.widths, size, domains - 1, width)
        self.images = nn.ModuleList(Skips(maps.widths, channels, units) for _ in range(domains))

    def forward(self, styles: Tensor, noise: Tensor, alone: bool = False) -> Tensor:
        maps = self.maps(styles, noise)
        moves = () if alone else self.morphs(maps).unbind(1)
        warped = [maps, *([morphed(x, move) for x in maps] for move in moves)]
        return torch.stack([images(each, styles) for images, each in zip(self.images, warped, strict=False)], 1)


class InDomain(nn.Module):
    """Makes images in a domain that is said: what a network of all domains takes, and domains (N,)."""

    def __init__(self, sampler: nn.Module) -> None:
        super().__init__()
        self.sampler = sampler

    def forward(self, *inputs: Tensor) -> Tensor:
        *said, domain = inputs
        images: Tensor = self.sampler(*said)
        place = domain.view(-1, 1, 1, 1, 1).expand(-1, -1, *images.shape[2:])
        return images.gather(1, place)[:, 0]
