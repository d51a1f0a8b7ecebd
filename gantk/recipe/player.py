"""A player: the networks that one optimizer moves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from torch import nn


@dataclass(frozen=True, init=False)
class Player:
    """A named set of networks with one optimizer; unsaid settings are the run's.

    Attributes:
        networks: what moves; a parameter belongs to exactly one player.
        critic: whether it moves `critic_steps` times in a step, where the others move once.
        learning_rate: step size before the schedule.
        scale: factor on the learning rate of a network.
        betas: Adam's decay rates.
        optimizer: update rule.
        clip: largest norm of the gradient.
    """

    networks: tuple[nn.Module, ...]
    critic: bool
    learning_rate: float | None
    scale: Mapping[nn.Module, float]
    betas: tuple[float, float] | None
    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] | None
    clip: float | None

    def __init__(
        self,
        *networks: nn.Module,
        critic: bool = False,
        learning_rate: float | None = None,
        scale: Mapping[nn.Module, float] | None = None,
        betas: tuple[float, float] | None = None,
        optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] | None = None,
        clip: float | None = None,
    ) -> None:
        for name, value in {
            "networks": networks,
            "critic": critic,
            "learning_rate": learning_rate,
            "scale": scale or {},
            "betas": betas,
            "optimizer": optimizer,
            "clip": clip,
        }.items():
            object.__setattr__(self, name, value)
