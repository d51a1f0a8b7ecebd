"""An encoder of texts, which learns from images what their captions mean; no plugin by itself.

StackGAN (Zhang et al. 2016, arXiv:1612.03242) and its successor take their embeddings from a network of characters that
Reed et al. (2016, arXiv:1605.05395) trained on images with ten captions each, and whose weights are a download. Here an
encoder is trained first, on the data itself: a temporal convolution over words and the mean over them, as theirs ends
in the mean over its hidden units. It learns with an encoder of images, by the loss that Xu et al. (2017,
arXiv:1711.10485, equations 10 to 12) have for whole sentences: among those of a batch, an image finds its text, and a
text its image.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

SHARPNESS = 10.0
"""What cosines are multiplied by, gamma 3 of Xu et al."""


class TextEncoder(nn.Module):
    """Makes vectors (N, length) of the numbers of words (N, words), 0 where there is none; of no words the bias.

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
        vector: Tensor = self.last(found.sum(2) / there.sum(2).clamp(min=1))
        return vector


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
    alike = (words.unsqueeze(1) == words.unsqueeze(0)).all(2)
    own = torch.arange(len(words), device=words.device)
    logits = (SHARPNESS * cosines).masked_fill(alike & (own != own.unsqueeze(1)), -torch.inf)
    return cross_entropy(logits, own) + cross_entropy(logits.T, own)
