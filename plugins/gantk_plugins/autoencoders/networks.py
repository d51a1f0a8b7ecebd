"""The encoder and the decoder of VAE-GAN's table 1 (Larsen et al. 2015, arXiv:1512.09300); no plugin by itself."""

from __future__ import annotations

from torch import Tensor, nn

from gantk import Build, GeneratorSpec, Normalization, Unsupported, UsageError


class Encoder(nn.Module):
    """Gives images (N, channels, size, size) the mean and the log variance (N, latent) of a Gaussian (table 1)."""

    def __init__(self, channels: int, size: int, latent: int, filters: int, normalization: Normalization) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        count = halvings(size)
        for level in range(count):
            width = filters * 2 ** min(level, 2)
            layer = nn.Conv2d(channels, width, 5, stride=2, padding=2, bias=not normalization.shifts)
            layers += [normalization.weight(layer), normalization.activation(width), nn.ReLU()]
            channels = width
        inputs = channels * (size // 2**count) ** 2
        self.trunk = nn.Sequential(*layers, *dense(inputs, 32 * filters, normalization), nn.ReLU(), nn.Flatten())
        self.mean = nn.Linear(32 * filters, latent)
        self.log_variance = nn.Linear(32 * filters, latent)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.trunk(image)
        return self.mean(hidden), self.log_variance(hidden)


class Mean(nn.Module):
    """An encoder's mean: the latent vector (N, latent) that an image most likely has."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, image: Tensor) -> Tensor:
        mean: Tensor = self.encoder(image)[0]
        return mean


class Decoder(nn.Sequential):
    """Makes images (N, channels, size, size) in [-1, 1] of latent vectors (N, latent)."""

    def __init__(self, latent: int, channels: int, size: int, filters: int, normalization: Normalization) -> None:
        count = halvings(size)
        side, before = size // 2**count, 4 * filters
        layers = [*dense(latent, before * side**2, normalization), nn.ReLU()]
        layers += [nn.Flatten(), nn.Unflatten(1, (before, side, side))]
        widths = [*[4 * filters] * (count - 2), 2 * filters, filters // 2][-count:]
        for width in widths:
            bias = not normalization.shifts
            layer = nn.ConvTranspose2d(before, width, 5, stride=2, padding=2, output_padding=1, bias=bias)
            layers += [normalization.weight(layer), normalization.activation(width), nn.ReLU()]
            before = width
        super().__init__(*layers, normalization.weight(nn.Conv2d(before, channels, 5, padding=2)), nn.Tanh())


def decoder(spec: GeneratorSpec, build: Build, *, filters: int = 64) -> nn.Module:
    """Build the decoder of table 1.

    Args:
        filters: a quarter of the channels of the first layers; table 1's widths are those of 64.
    """
    spec.accept("latent")
    if filters < 2:
        raise UsageError(f"the decoder needs filters >= 2, not {filters}")
    normalization = build.normalization("generator")
    return normalization.network(Decoder(spec.need("latent"), spec.outputs, spec.square, filters, normalization))


def halvings(size: int) -> int:
    """Return how often images are halved: to 8 pixels, three times at least, and never below 4 (64 px: 3, 28 px: 2).

    Raises Unsupported where they cannot be halved at all.
    """
    count, side = 0, size
    while side % 2 == 0 and (side > 8 or (side >= 8 and count < 3)):
        count, side = count + 1, side // 2
    if not count:
        raise Unsupported(f"needs an even size of at least 8 pixels, not {size}")
    return count


def dense(inputs: int, outputs: int, normalization: Normalization) -> list[nn.Module]:
    """Return a fully connected layer and its norm: (N, C, H, W) or (N, inputs) -> (N, outputs, 1, 1)."""
    norm = normalization.activation(outputs)
    # A sample's own statistics of a single pixel would leave nothing of it.
    norm = nn.Identity() if isinstance(norm, nn.InstanceNorm2d) else norm
    bias = isinstance(norm, nn.Identity) or not normalization.shifts
    layer = normalization.weight(nn.Linear(inputs, outputs, bias=bias))
    return [nn.Flatten(), layer, nn.Unflatten(1, (outputs, 1, 1)), norm]
