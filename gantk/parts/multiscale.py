"""A discriminator of images at several sizes (Wang et al. 2018, arXiv:1711.11585, section 3.2)."""

from collections.abc import Iterable, Iterator, Sequence
from math import log2
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d


def halved(image: Tensor) -> Tensor:
    """Return images or maps (N, C, H, W) at half the size, odd ones rounded up, by means over 3x3 pixels."""
    return avg_pool2d(image, 3, stride=2, padding=1, count_include_pad=False)


class MultiScale(nn.Module):
    """Discriminators of one make, each of which scores images half as large as the one before.

    Images and maps that are conditions are halved with the image; all other conditions are told to each. It gives a
    list of scores, the largest images' first, of which a game takes the mean.

    Args:
        discriminators: who scores, in the order of the sizes.
        height: height in pixels of the images that the first one scores.
        any_size: whether smaller images are scored by those alone who score such.
    """

    def __init__(self, discriminators: Sequence[nn.Module], height: int, *, any_size: bool = False) -> None:
        super().__init__()
        self.discriminators = nn.ModuleList(discriminators)
        self.height = height
        self.any_size = any_size

    def scoring(self, height: int) -> nn.ModuleList:
        """Return who scores images of a height in pixels."""
        halvings = round(log2(self.height / height)) if self.any_size else 0
        return self.discriminators[min(max(halvings, 0), len(self.discriminators) - 1) :]

    def forward(self, image: Tensor, *conditions: Any) -> list[Tensor]:
        return _flat(network(*seen) for network, seen in self._each(image, conditions))

    def features(self, image: Tensor, *conditions: Any) -> list[Tensor]:
        """Return the inner activations of all, the largest images' first."""
        every = [network.features(*seen) for network, seen in self._each(image, conditions)]  # type: ignore[operator]
        return [feature for features in every for feature in features]

    def both(self, image: Tensor, *conditions: Any) -> tuple[list[Tensor], list[Tensor]]:
        """Return scores and inner activations, in one pass where the discriminators offer `score(features)`."""
        scores: list[Any] = []
        every: list[Tensor] = []
        for network, seen in self._each(image, conditions):
            features = network.features(*seen)  # type: ignore[operator]
            scores.append(network.score(features) if hasattr(network, "score") else network(*seen))  # type: ignore[operator]
            every += features
        return _flat(scores), every

    def _each(self, image: Tensor, conditions: Sequence[Any]) -> Iterator[tuple[nn.Module, list[Any]]]:
        seen = [image, *conditions]
        for number, network in enumerate(self.scoring(image.shape[2])):
            if number:
                seen = [halved(one) if one.dim() == 4 else one for one in seen]
            yield network, seen


def _flat(scores: Iterable[Tensor | list[Tensor]]) -> list[Tensor]:
    """Return the scores of all, of whom one may give several itself."""
    return [one for each in scores for one in (each if isinstance(each, list) else [each])]
