"""A player: the networks that one optimizer moves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from torch import nn

from gantk.errors import UsageError
from gantk.parts.ranges import check_ranges
from gantk.parts.scheduled import Scheduled


@dataclass(frozen=True, init=False)
class Player:
    """A named set of networks with one optimizer; unsaid settings are the run's.

    A rate, a beta and a decay are each a number, a schedule, or a function of the run's progress in [0, 1). Raises
    UsageError for a value outside its range, and for what is no network.

    Attributes:
        networks: what moves; a parameter belongs to exactly one player.
        critic: whether it moves `critic_steps` times in a step, where the others move once.
        learning_rate: step size before the run's schedule, which multiplies it.
        scale: factor on the learning rate of a network: a number, a schedule, or a function, as a rate is.
        betas: Adam's decay rates; the first is SGD's momentum.
        rmsprop_decay: RMSprop's decay rate of the mean square.
        weight_decay: weight of the L2 term that is added to the gradient, or, with `adamw`, share of the learning rate
            by which weights shrink at a move; unsaid: 0, and 0.01 with `adamw`.
        optimizer: update rule.
        clip: largest norm of the gradient.
    """

    networks: tuple[nn.Module, ...]
    critic: bool
    learning_rate: Scheduled | None
    scale: Mapping[nn.Module, Scheduled]
    betas: tuple[Scheduled, Scheduled] | None
    rmsprop_decay: Scheduled | None
    weight_decay: Scheduled | None
    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] | None
    clip: float | None

    def __init__(
        self,
        *networks: nn.Module,
        critic: bool = False,
        learning_rate: Scheduled | None = None,
        scale: Mapping[nn.Module, Scheduled] | None = None,
        betas: tuple[Scheduled, Scheduled] | None = None,
        rmsprop_decay: Scheduled | None = None,
        weight_decay: Scheduled | None = None,
        optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] | None = None,
        clip: float | None = None,
    ) -> None:
        said = {
            "learning_rate": learning_rate,
            "betas": betas,
            "rmsprop_decay": rmsprop_decay,
            "weight_decay": weight_decay,
            "clip": clip,
        }
        check_ranges({name: value for name, value in said.items() if value is not None}, "a player's ")
        for network in networks:
            if not isinstance(network, nn.Module):
                raise UsageError(f"a player has networks, Player(first, second), not a {type(network).__name__}")
        for name, value in {
            "networks": networks,
            "critic": critic,
            "scale": scale or {},
            "optimizer": optimizer,
            **said,
        }.items():
            object.__setattr__(self, name, value)
