"""A small recipe and its state, as checkpoints save it."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from gantk import Network, Player, Recipe
from gantk.plan.settings import RunSettings
from gantk.recipe.graph import Graph
from gantk.training.optimizers import Averages, make_movers
from gantk.training.state import TrainingState
from gantk.training.statistics import Settled, settled_averages

SETTINGS = RunSettings(optimizer="adam", learning_rate=0.1, betas=(0.5, 0.9))


class Feedback(Recipe):
    kind = "images"
    step = preview = None  # Not asked for here.

    def __init__(self) -> None:
        super().__init__()
        self.generator = Network(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)), "generator")
        self.register_buffer("balance", torch.zeros(()))

    def graphs(self):
        return {"generator": Graph(network=self.generator, inputs=("image",), outputs=("image",))}

    def players(self):
        return {"generator": Player(self.generator)}


def _state(step: int) -> TrainingState:
    torch.manual_seed(step)
    recipe = Feedback()
    movers = make_movers(recipe, SETTINGS)
    averages = Averages(recipe, {"generator": 0.9})
    recipe.generator(torch.randn(4, 2)).square().sum().backward()
    movers["generator"].move()
    recipe.balance.add_(step)
    state = TrainingState(recipe, movers, averages, {"images": 40 + step}, step, torch.device("cpu"))
    state.settled = Settled(settled_averages(recipe))
    return state


@pytest.fixture
def feedback() -> type[Recipe]:
    """Return the class of a recipe of one network and one buffer."""
    return Feedback


@pytest.fixture
def make_state() -> Callable[[int], TrainingState]:
    """Return what makes the state of a training after so many steps."""
    return _state
