"""The network that scores images, which it may see changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from gantk.parts.networks import Critic, Network, Scores
from gantk.parts.packs import packed

if TYPE_CHECKING:
    from gantk.parts.augmentation import Augmentation, Drawn
    from gantk.parts.specs import DiscriminatorSpec


class Discriminator(Network):
    """A network that scores images: `forward(x, *conditions)`, `features(x, *conditions)`.

    Attributes:
        augmentation: what its images go through while it is trained, those that condition it included, or None.
        pack: samples that it scores together: a batch (N, ...) has N / pack rows of scores and of activations.
    """

    def __init__(
        self,
        module: nn.Module,
        role: str,
        autocast: torch.dtype | None = None,
        mixes_samples: bool = False,
        *,
        spec: DiscriminatorSpec | None = None,
        augmentation: Augmentation | None = None,
        pack: int = 1,
    ) -> None:
        super().__init__(module, role, autocast, mixes_samples)
        self.spec = spec
        self.augmentation = augmentation
        self.pack = pack

    def forward(self, *inputs: Any, drawn: Drawn | None = None) -> Any:
        return super().forward(*self._changed(inputs, drawn))

    def eager(self, *inputs: Any, drawn: Drawn | None = None) -> Any:
        """Call the network in float32 and without torch.compile."""
        return super().eager(*self._changed(inputs, drawn))

    def features(self, *inputs: Any, drawn: Drawn | None = None) -> list[Tensor]:
        """Return the network's inner activations, shallow to deep."""
        return super().features(*self._changed(inputs, drawn))

    def both(self, *inputs: Any, drawn: Drawn | None = None) -> tuple[Scores, list[Tensor]]:
        """Return scores and inner activations, of a network that offers both in one pass."""
        return super().both(*self._changed(inputs, drawn))

    def given(self, *conditions: Tensor, samples: int | None = None) -> Critic:
        """Return the critic that scores under these conditions, as `critic(x)`.

        All that it sees of a sample is augmented alike, images behind the first `samples` of a call being of the first
        ones again; unsaid: each call has one image of each. An augmentation that is not `alike` draws at each call.
        """
        if self.augmentation is None or not self.augmentation.alike:
            return super().given(*conditions)
        return AugmentedCritic(self, self.augmentation, conditions, samples)

    def _changed(self, inputs: tuple[Any, ...], drawn: Drawn | None) -> tuple[Any, ...]:
        if self.augmentation is not None and self.spec is not None and self.training:
            inputs = self.augmentation.inputs(inputs, drawn or self.augmentation.drawn(inputs[0]), self.spec)
        return inputs if self.pack == 1 else tuple(packed(values, self.pack) for values in inputs)


class AugmentedCritic(Critic):
    """A critic to which what it sees of a sample is changed alike, so that features of two images can be compared.

    Each round has its own draws, and so has each turn of critics in it.
    """

    def __init__(
        self,
        discriminator: Discriminator,
        augmentation: Augmentation,
        conditions: tuple[Tensor, ...],
        samples: int | None,
    ) -> None:
        super().__init__(discriminator, conditions)
        self._sees = discriminator
        self._augmentation = augmentation
        self._samples = samples
        self._turn: tuple[int, int] | None = None
        self._drawn: Drawn = {}

    def watch(self, real_scores: Scores, boundary: float) -> None:
        """Let the augmentation hear the scores of real images."""
        self._augmentation.watch(real_scores, boundary)

    def __call__(self, *points: Tensor) -> Scores:
        scores: Scores = self._sees(*points, *self.conditions, drawn=self._draws(points[0]))
        return scores

    def features(self, *points: Tensor) -> list[Tensor]:
        """Return the discriminator's inner activations at these points."""
        return self._sees.features(*points, *self.conditions, drawn=self._draws(points[0]))

    def both(self, *points: Tensor) -> tuple[Scores, list[Tensor]]:
        """Return scores and inner activations, in one pass where the discriminator offers `score(features)`."""
        if hasattr(self._sees.module, "both"):
            return self._sees.both(*points, *self.conditions, drawn=self._draws(points[0]))
        return super().both(*points)

    def eager(self, *points: Tensor) -> Scores:
        """Score in float32 and without torch.compile, for gradients that are differentiated again."""
        scores: Scores = self._sees.eager(*points, *self.conditions, drawn=self._draws(points[0]))
        return scores

    def _draws(self, images: Tensor) -> Drawn:
        context = self._augmentation.context
        turn = context.round, context.turn
        if turn != self._turn:
            with torch.no_grad():
                self._turn, self._drawn = turn, self._augmentation.drawn(images[: self._samples])
        return self._drawn
