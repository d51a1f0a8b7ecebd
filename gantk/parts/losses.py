"""The part that states an adversarial game: what the discriminator and the generator minimize."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from gantk.errors import PluginError, Unsupported, written_at
from gantk.parts.adaptive import Adaptive
from gantk.parts.networks import Critic, Scores
from gantk.parts.settings import Settings
from gantk.parts.slopes import score_gradients

Losses = Mapping[str, Tensor]
"""Named scalars, already weighted; their sum is minimized."""

Points = Tensor | tuple[Tensor, ...]
"""What a critic scores: images (N, C, H, W), or a tuple such as BiGAN's (images, latents)."""


class AdversarialLoss(Adaptive, nn.Module, ABC):
    """An adversarial game. Subclasses state `discriminator` and `generator` in closed form.

    A game with a state keeps it in buffers, calls `feed_back` in its losses, and changes it in `adapt`.

    Attributes:
        settings: what the paper trains with, where a user chooses this game.
        needs_real: whether `generator` also reads the real scores.
        wants: whether the game reads scores (logits) or energies.
        wants_features: whether the game reads `critic.features`.
        per_sample: why the critic must score each sample by itself (a gradient penalty per sample), which excludes
            normalizations that mix samples; empty: it need not.
        r1: weight of half the squared slope of the critic at real points, which `judge` adds (arXiv:1801.04406).
        r2: the same at fake points.
        boundary: the score above which an image is taken for real; None: scores say nothing by themselves.
    """

    settings: ClassVar[Settings] = Settings()
    needs_real: ClassVar[bool] = False
    wants: ClassVar[Literal["scores", "energies"]] = "scores"
    wants_features: bool = False
    per_sample: str = ""
    r1: float = 0.0
    r2: float = 0.0
    boundary: float | None = None

    @abstractmethod
    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Return the discriminator's scalar loss for scores of any shape."""

    @abstractmethod
    def generator(self, fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
        """Return the generator's scalar loss; real_scores are given if `needs_real`."""

    def penalty(self, critic: Critic, real: Points, fake: Points) -> Losses:
        """Return what is added to the discriminator's loss; nothing by default."""
        return {}

    def check(self, discriminator: nn.Module) -> None:
        """Raise Unsupported, the reason, where the game cannot be played with a discriminator that was built."""

    def constrain(self, network: nn.Module) -> None:
        """Change a critic's weights in place after it has moved; nothing by default."""

    def watch(self, critic: Critic, real_scores: Scores) -> None:
        """Let what augments a critic's images hear the scores of real ones; `judge` does, so it is for those without.

        Nothing happens where nobody listens.
        """
        if self.boundary is not None:
            critic.watch(real_scores, self.boundary)

    def judge(
        self, critic: Critic | None, real: Points, fake: Points, *, scores: tuple[Scores, Scores] | None = None
    ) -> Losses:
        """Return the discriminator's losses; fake is detached first.

        `scores` are those of real and of detached fake points, where they are known already, as from a trunk that also
        classifies; then a critic is needed for penalties alone. Raises Unsupported where it is needed and None, where
        it ties samples to each other though the game is `per_sample`, and where a game of energies gets no energies.
        """
        critic = _Absent(self) if critic is None else critic
        if self.per_sample and critic.mixes_samples:
            raise Unsupported(
                f"the game {type(self).__name__} cannot be used with a critic that ties samples to each other: "
                f"{self.per_sample}; choose another by --loss NAME"
            )
        real, fake = _points(real), tuple(point.detach() for point in _points(fake))
        judged = scores or (critic(*real), critic(*fake))
        if self.wants == "energies":
            for points, answers in zip((real, fake), judged, strict=True):
                _check_energies(type(self).__name__, answers, len(points[0]))
        self.watch(critic, judged[0])
        game = _over_scales(self.discriminator, *judged)
        penalties = self.penalty(critic, _unwrapped(real), _unwrapped(fake))
        return {"game": game, **penalties, **self.slopes(critic, real, fake)}

    def slopes(self, critic: Critic, real: Points, fake: Points) -> Losses:
        """Return the penalties r1 and r2 where they are said; `judge` adds them, so it is for those without."""
        return {
            name: weight / 2 * _squared_slope(critic, _points(points))
            for name, weight, points in (("r1", self.r1, real), ("r2", self.r2, fake))
            if weight
        }

    def fool(
        self,
        critic: Critic | None,
        fake: Points,
        real: Points | None = None,
        *,
        scores: tuple[Scores, Scores | None] | None = None,
    ) -> Tensor:
        """Return the generator's loss for its fake points.

        `scores` are those of fake and, for a game that needs them, of real points, where they are known already.
        """
        critic = _Absent(self) if critic is None else critic
        fake_scores, real_scores = scores or (critic(*_points(fake)), None)
        if not self.needs_real:
            return _over_scales(self.generator, fake_scores)
        if real_scores is None:
            if real is None:
                raise ValueError(f"{type(self).__name__} also reads real images: call fool(critic, fake, real)")
            real_scores = critic(*_points(real))
        return _over_scales(self.generator, fake_scores, real_scores)


class _Absent(Critic):
    """A critic that there is not, for a game that was given its scores."""

    def __init__(self, game: AdversarialLoss) -> None:
        self._game = type(game).__name__

    def __call__(self, *points: Tensor) -> Scores:
        raise self._needed()

    @property
    def mixes_samples(self) -> bool:
        return False

    def watch(self, real_scores: Scores, boundary: float) -> None:
        """Nobody listens."""

    def eager(self, *points: Tensor) -> Scores:
        raise self._needed()

    def features(self, *points: Tensor) -> list[Tensor]:
        raise self._needed()

    def both(self, *points: Tensor) -> tuple[Scores, list[Tensor]]:
        raise self._needed()

    def _needed(self) -> Unsupported:
        return Unsupported(
            f"the game {self._game} asks the discriminator besides its scores, and this recipe gives it scores alone: "
            "choose another by --loss NAME"
        )


def named(losses: Losses, name: str, weight: float = 1.0) -> dict[str, Tensor]:
    """Return the losses times weight, `game` of `named(losses, "a")` being called `game_a`."""
    return {f"{key}_{name}": weight * value for key, value in losses.items()}


def _points(points: Points) -> tuple[Tensor, ...]:
    return points if isinstance(points, tuple) else (points,)


def _unwrapped(points: tuple[Tensor, ...]) -> Points:
    return points[0] if len(points) == 1 else points


def _squared_slope(critic: Critic, points: tuple[Tensor, ...]) -> Tensor:
    """Return the mean over samples of the squared norm of the score's gradient (Mescheder et al. 2018, section 4.1)."""
    taken = tuple(point.detach().requires_grad_() for point in points)
    return score_gradients(critic, taken).square().sum(1).mean()


def _check_energies(game: str, answers: Scores, count: int) -> None:
    """Raise Unsupported where answers, at one scale or at several, are not a number for each of `count` samples."""
    for energies in answers if isinstance(answers, list) else [answers]:
        if energies.shape != (count,):
            raise Unsupported(
                f"the game {game} cannot be used with a critic that gives scores, not energies: an energy for each "
                f"sample, ({count},), is needed, and it gives {tuple(energies.shape)}; choose another by --loss NAME"
            )


def _over_scales(loss: Callable[..., Tensor], *scores: Scores) -> Tensor:
    """Average a loss over the scales of a discriminator that returns a list of scores."""
    if isinstance(scores[0], Tensor):
        return _scalar(loss, loss(*scores))
    return torch.stack([_scalar(loss, loss(*scale)).reshape(()) for scale in zip(*scores, strict=True)]).mean()


def _scalar(loss: Callable[..., Tensor], value: Tensor) -> Tensor:
    if not isinstance(value, Tensor) or value.numel() != 1:
        found = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
        raise PluginError(f"{written_at(loss)}{loss.__qualname__} returns {found}: a scalar tensor is needed")
    return value
