"""An encoder of texts, conditions, and layers that StackGAN and its successor share; no plugin by itself.

Both (Zhang et al. 2016, arXiv:1612.03242, and 2017, arXiv:1710.10916) take embeddings from a network of characters that
Reed et al. (2016, arXiv:1605.05395) trained on images with ten captions each, and whose weights are a download. Here an
encoder is trained first, on the data itself: a temporal convolution over words and the mean over them, as theirs ends
in the mean over its hidden units. It learns with an encoder of images, by the loss that Xu et al. (2017,
arXiv:1711.10485, equations 10 to 12) have for whole sentences: among those of a batch, an image finds its text, and a
text its image.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from gantk import Normalization, Unsupported

SHARPNESS = 10.0
"""What cosines are multiplied by, gamma 3 of Xu et al."""


class TextEncoder(nn.Module):
    """Makes vectors (N, length) of the numbers of words (N, words), 0 where there is none.

    Of no words it makes one and the same. The square of a vector's numbers is 1 on average, about as that of noise: a
    condition that begins far weaker is not seen for long.

    Args:
        count: how many numbers of words there are.
        length: numbers of a vector.
    """

    def __init__(self, count: int, length: int) -> None:
        super().__init__()
        self.words = nn.Embedding(count, length, padding_idx=0)
        self.context = nn.Sequential(nn.Conv1d(length, length, 3, padding=1), nn.ReLU())
        self.last = nn.Linear(length, length)

    def forward(self, words: Tensor) -> Tensor:
        there = (words > 0).unsqueeze(1)
        found = self.context(self.words(words).transpose(1, 2)) * there
        vector = normalize(self.last(found.sum(2) / there.sum(2).clamp(min=1)))
        return vector * math.sqrt(vector.shape[1])


class ImageEncoder(nn.Module):
    """Makes vectors (N, length) of images (N, channels, H, W), by halvings down to less than 8 pixels and the mean.

    Args:
        channels: channels of the images.
        size: height and width of the images.
        length: numbers of a vector.
        filters: channels of the first layer, which double at each next one, up to eight times as many.
    """

    def __init__(self, channels: int, size: int, length: int, filters: int) -> None:
        super().__init__()
        widths = [channels, *(filters * min(2**number, 8) for number in range(max(1, size.bit_length() - 3)))]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.BatchNorm2d(after), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers)
        self.last = nn.Linear(widths[-1], length)

    def forward(self, image: Tensor) -> Tensor:
        vector: Tensor = self.last(self.layers(image).mean((2, 3)))
        return vector


def matching(images: Tensor, texts: Tensor, words: Tensor) -> Tensor:
    """Return how badly images (N, length) and texts (N, length) of one batch find each other, a mean in nats.

    It is -E[log P(text | image)] - E[log P(image | text)], P being a softmax of `SHARPNESS` times the cosines. Texts of
    the same words (N, L) as an image's own are right, too, and left out.
    """
    cosines = normalize(images) @ normalize(texts).T
    alike, own = _alike(words), torch.arange(len(words), device=words.device)
    logits = (SHARPNESS * cosines).masked_fill(alike & (own != own.unsqueeze(1)), -torch.inf)
    return cross_entropy(logits, own) + cross_entropy(logits.T, own)


def others(words: Tensor) -> Tensor:
    """Return for each text of a batch, by its words (N, L), the number of the next one of other words, int64 (N,).

    Where all are of the same words, it is the next.
    """
    count = len(words)
    own = torch.arange(count, device=words.device)
    following = (own.unsqueeze(1) + own[1:]) % count
    first = (~_alike(words).gather(1, following)).to(torch.int64).argmax(1, keepdim=True)
    return following.gather(1, first).squeeze(1)


def _alike(words: Tensor) -> Tensor:
    """Return which texts of a batch have the same words, (N, N)."""
    return (words.unsqueeze(1) == words.unsqueeze(0)).all(2)


class Augmentation(nn.Module):
    """Conditioning augmentation: a condition drawn around what a dense layer makes of a vector (section 3.2).

    Called with vectors (N, length) and noise of N(0, 1) (N, condition), it returns conditions, means and logarithms of
    deviations, (N, condition) each. As in the authors' code, both of the latter go through a leaky ReLU, or through a
    gate, a GLU.
    """

    def __init__(self, length: int, condition: int, *, gated: bool = False) -> None:
        super().__init__()
        self.layer = nn.Sequential(
            nn.Linear(length, (2 + 2 * gated) * condition), nn.GLU(1) if gated else nn.LeakyReLU(0.2)
        )

    def forward(self, vector: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mean, log_deviation = self.layer(vector).chunk(2, 1)
        return mean + log_deviation.exp() * noise, mean, log_deviation


def divergence(mean: Tensor, log_deviation: Tensor) -> Tensor:
    """Return the divergence KL(N(mean, deviation^2) || N(0, 1)), a mean over samples and numbers (equation 2)."""
    return ((mean.square() + torch.exp(2 * log_deviation) - 1) / 2 - log_deviation).mean()


def spread(vector: Tensor, maps: Tensor) -> Tensor:
    """Return maps (N, C, H, W), and behind them a vector (N, length) at each of their pixels."""
    return torch.cat([maps, vector[:, :, None, None].expand(-1, -1, *maps.shape[2:])], 1)


def doublings(size: int) -> int:
    """Return how often a map of 4 to 7 pixels to a side doubles to a size. Raises Unsupported where it never does."""
    count = max(size // 4, 1).bit_length() - 1
    if count < 1 or size % (1 << count):
        raise Unsupported(f"needs a size that is 4, 5, 6 or 7 times a power of two, 8 at least, not {size}")
    return count


def convolution(
    inputs: int, outputs: int, normalization: Normalization, activation: nn.Module, *, kernel: int = 3, stride: int = 1
) -> list[nn.Module]:
    """Return a convolution that keeps or halves the size, its norm, and an activation."""
    bias = not normalization.shifts
    layer = nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, bias=bias)
    return [normalization.weight(layer), normalization.activation(outputs), activation]


def halving(channels: int, size: int, filters: int, normalization: Normalization) -> tuple[nn.ModuleList, int]:
    """Return layers that halve images by convolutions of 4x4 down to 4 to 7 pixels, and the channels that come out.

    They double from `filters` on; where they exceed eight times as many, convolutions of 3x3 bring them back to that.
    """
    widths = [filters << number for number in range(doublings(size))]
    first = nn.Sequential(normalization.weight(nn.Conv2d(channels, filters, 4, 2, 1)), nn.LeakyReLU(0.2))
    layers: list[nn.Module] = [first]
    for before, after in pairwise(widths):
        layers.append(nn.Sequential(*convolution(before, after, normalization, nn.LeakyReLU(0.2), kernel=4, stride=2)))
    for before, after in pairwise([width for width in reversed(widths) if width >= filters << 3]):
        layers.append(nn.Sequential(*convolution(before, after, normalization, nn.LeakyReLU(0.2))))
    return nn.ModuleList(layers), min(widths[-1], filters << 3)
