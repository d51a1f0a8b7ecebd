"""BEGAN's auto-encoder, and its decoder as a generator (arXiv:1703.10717, section 3.5); no plugin by itself."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from gantk import Build, DiscriminatorSpec, GeneratorSpec, Unsupported, UsageError


class Decoder(nn.Module):
    """Makes images (N, outputs, size, size) of codes (N, code)."""

    def __init__(self, code: int, outputs: int, base: int, levels: int, filters: int, *, skips: bool) -> None:
        super().__init__()
        self.base, self.skips = base, skips
        self.first = nn.Linear(code, filters * base**2)
        inputs = [filters * (2 if skips and level else 1) for level in range(levels)]
        self.levels = nn.ModuleList(nn.Sequential(*_pair(before, filters)) for before in inputs)
        self.image = nn.Conv2d(filters, outputs, 3, padding=1)

    def forward(self, code: Tensor) -> Tensor:
        x = start = self.first(code).unflatten(1, (-1, self.base, self.base))
        for number, level in enumerate(self.levels):
            if number:
                x = nn.functional.interpolate(x, scale_factor=2)
                beside = nn.functional.interpolate(start, scale_factor=2**number) if self.skips else None
                x = x if beside is None else torch.cat([x, beside], 1)
            x = level(x)
        image: Tensor = self.image(x)
        return image


class AutoEncoder(nn.Module):
    """Gives images (N, channels, size, size), under image conditions of that size, their energies (N,).

    An energy is the mean error of what the decoder makes of an image's code.
    """

    def __init__(
        self,
        channels: int,
        condition_channels: int,
        base: int,
        levels: int,
        *,
        filters: int,
        code: int,
        power: int,
        skips: bool,
    ) -> None:
        super().__init__()
        self.power = power
        layers: list[nn.Module] = [nn.Conv2d(channels + condition_channels, filters, 3, padding=1), nn.ELU()]
        for level in range(1, levels + 1):
            width = level * filters
            layers += _pair(max(level - 1, 1) * filters, width)
            if level < levels:
                layers += [nn.Conv2d(width, width, 3, stride=2, padding=1), nn.ELU()]
        self.encoder = nn.Sequential(*layers, nn.Flatten(), nn.Linear(levels * filters * base**2, code))
        self.decoder = Decoder(code, channels, base, levels, filters, skips=skips)

    def forward(self, image: Tensor, *conditions: Tensor) -> Tensor:
        return self.score(self.features(image, *conditions))

    def features(self, image: Tensor, *conditions: Tensor) -> list[Tensor]:
        """Return the image and its code."""
        return [image, self.encoder(torch.cat([*conditions, image], 1) if conditions else image)]

    def score(self, features: list[Tensor]) -> Tensor:
        """Return the energies that belong to features."""
        image, code = features
        error: Tensor = (image - self.decoder(code)).abs().pow(self.power)
        return error.flatten(1).mean(1)

    def reconstructed(self, image: Tensor) -> Tensor:
        """Return what the decoder makes of an image's code."""
        made: Tensor = self.decoder(self.encoder(image))
        return made


def _pair(inputs: int, outputs: int) -> list[nn.Module]:
    first, second = nn.Conv2d(inputs, outputs, 3, padding=1), nn.Conv2d(outputs, outputs, 3, padding=1)
    return [first, nn.ELU(), second, nn.ELU()]


def _plan(size: int, filters: int) -> tuple[int, int]:
    """Return the coarsest map's height and width, 8 to 15 pixels, and on how many levels images are."""
    if filters < 1:
        raise UsageError(f"began needs filters >= 1, not {filters}")
    levels = max(size // 8, 1).bit_length()
    base = size >> (levels - 1)
    if size < 8 or base << (levels - 1) != size:
        raise Unsupported(f"needs a size that is 8 to 15 times a power of two, such as 32 or 64, not {size}")
    return base, levels


def decoder(spec: GeneratorSpec, build: Build, *, filters: int = 128, skips: bool = False) -> nn.Module:
    """Build the generator, an auto-encoder's decoder.

    Args:
        filters: channels of every convolution.
        skips: whether each doubled map has the code's map, enlarged, beside it.
    """
    spec.accept("latent")
    base, levels = _plan(spec.square, filters)
    return nn.Sequential(Decoder(spec.need("latent"), spec.outputs, base, levels, filters, skips=skips), nn.Tanh())


def auto_encoder(
    spec: DiscriminatorSpec,
    build: Build,
    *,
    filters: int = 128,
    code: int = 64,
    power: Literal[1, 2] = 1,
    skips: bool = False,
) -> nn.Module:
    """Build the auto-encoder whose error is the energy.

    Args:
        filters: channels of the first layers; at each halving the encoder has so many more.
        code: numbers of a code.
        power: of the error: 1, or 2 for squares, the paper's eta.
        skips: whether each doubled map has the code's map, enlarged, beside it.
    """
    if spec.output != "energies":
        raise Unsupported("gives energies, not scores: play a game of energies, --loss began or ebgan")
    spec.accept("condition_channels", "output", "features")
    if code < 1:
        raise UsageError(f"began needs code >= 1, not {code}")
    base, levels = _plan(spec.square, filters)
    return AutoEncoder(
        spec.channels, spec.condition_channels, base, levels, filters=filters, code=code, power=power, skips=skips
    )
