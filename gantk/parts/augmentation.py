"""The part that changes the images which a discriminator sees."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor, nn

from gantk.errors import PluginError
from gantk.parts.adaptive import Adaptive
from gantk.parts.networks import Scores
from gantk.parts.specs import DiscriminatorSpec

Drawn = Mapping[str, Tensor]
"""Random numbers by name, each with a row for every sample: what an augmentation does to it."""


class Augmentation(Adaptive, nn.Module, ABC):
    """What images go through before a discriminator sees them, real and made ones alike, while it is trained.

    Gradients pass through it to the generator, and penalties differentiate them once more. An augmentation with a state
    keeps it in buffers, hears scores of real images in `watch`, and changes it in `adapt`, without reading a value.

    Attributes:
        reads_scores: whether it must hear which real images are taken for real, so that the game must have a
            `boundary`.
        alike: whether all that a critic sees of a sample in a turn, a real image and the one made in its place, is
            changed by the same draws; else each call has its own.
        name: the discriminator's in its recipe, once that is made.
    """

    reads_scores: ClassVar[bool] = False
    alike: ClassVar[bool] = True
    name: str = "discriminator"
    _sees = False
    _hears = False

    @abstractmethod
    def drawn(self, images: Tensor) -> Drawn:
        """Return fresh random numbers for as many samples as there are images (N, C, H, W), on their device.

        They are relative to the size, since an image that conditions the score may have another one.
        """

    @abstractmethod
    def images(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Return images (N, C, H, W) in [-1, 1] as the numbers change them: of the same shape, of any values."""

    @abstractmethod
    def layouts(self, layouts: Tensor, drawn: Drawn) -> Tensor:
        """Return one-hot label maps (N, classes, H, W) moved as the images are, by nearest neighbour."""

    def watch(self, real_scores: Scores, boundary: float) -> None:
        """Hear the scores of real images, above `boundary` of those that are taken for real; nothing by default."""

    def take_feedback(self) -> Tensor | None:
        """Return what was fed back. Raises PluginError where a recipe shows images, and tells no real ones' scores."""
        fed, sees, self._sees = super().take_feedback(), self._sees, False
        self._hears = self._hears or fed is not None
        if self.reads_scores and sees and not self._hears:
            raise PluginError(
                "the augmentation hears no scores of real images: a step that calls the game's `discriminator` for "
                f"{self.name} calls `self.game.watch(critic, real_scores)`, too, as `judge` does"
            )
        return fed

    def inputs(self, inputs: tuple[Any, ...], drawn: Drawn, spec: DiscriminatorSpec) -> tuple[Any, ...]:
        """Return what a discriminator is called with, changed alike: its image, and each image that conditions it."""
        self._sees = True
        first, *conditions = inputs
        changed = [self.images(first, _rows(drawn, len(first)))]
        images = int(spec.condition_channels > 0)
        for condition in conditions:
            if isinstance(condition, Tensor) and condition.ndim == 4:
                change = self.images if images else self.layouts
                condition = change(condition, _rows(drawn, len(condition)))
                images = 0
            changed.append(condition)
        return tuple(changed)


def _rows(drawn: Drawn, count: int) -> Drawn:
    """Return the rows for so many samples, from the first on, and around again where there are fewer."""
    held = len(next(iter(drawn.values())))
    if held == count:
        return drawn
    rounds = -(-count // held)
    return {name: values.repeat(rounds, *(1 for _ in values.shape[1:]))[:count] for name, values in drawn.items()}
