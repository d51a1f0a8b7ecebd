"""Two linear networks that the tests drive by hand."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gantk import Network, Player, Recipe
from gantk.parts.context import Context, Informed, Progress
from gantk.plan.settings import RunSettings
from gantk.training.losslog import LossLog
from gantk.training.observer import Observer
from gantk.training.optimizers import make_movers
from gantk.training.step_runner import StepRunner

SETTINGS = RunSettings(optimizer="sgd", learning_rate=0.1, betas=(0.0, 0.999))


class Pair(Recipe):
    """Two linear networks; its step is whatever a test gives it."""

    kind = "images"
    preview = graphs = None  # Not asked for here.

    def __init__(self, step: Callable[["Pair", Iterator[Any]], Any]) -> None:
        super().__init__()
        self.generator = Network(nn.Linear(3, 3, bias=False), "generator")
        self.discriminator = Network(nn.Linear(3, 1, bias=False), "discriminator")
        self._step = step

    def players(self) -> dict[str, Player]:
        return {"generator": Player(self.generator), "discriminator": Player(self.discriminator, critic=True)}

    def step(self, batches):
        return self._step(self, batches)


class Stage:
    """A recipe with its runner, as the engine sets them up."""

    def __init__(
        self, recipe: Recipe, settings: dict[str, Any], critic_steps: int, rehearsal: bool = False, **options: Any
    ) -> None:
        self.recipe = recipe
        self.context = Context(Progress(0, 10), critic_steps)
        for module in recipe.modules():
            if isinstance(module, Informed):
                module.context = self.context
        self.movers = make_movers(recipe, replace(SETTINGS, **settings))
        self.log = LossLog(self.context)
        self.observer = Observer(self.movers) if rehearsal else None
        self.runner = StepRunner(recipe, self.movers, self.log, observer=self.observer, **options)

    def run(self, batches: list[Tensor], steps: int = 1) -> None:
        stream = iter(batches)
        for step in range(steps):
            self.context.progress = Progress(step, 10)
            self.context.take_turn(step)
            self.runner.run(stream)


@pytest.fixture
def stage() -> Callable[..., Stage]:
    """Return what makes a stage of two linear networks in float64 from a step function."""

    def make(step: Callable[..., Any], settings: dict[str, Any] | None = None, critic_steps: int = 1, **options: Any):
        torch.manual_seed(0)
        return Stage(Pair(step).double(), settings or {}, critic_steps, **options)

    return make


@pytest.fixture
def batch() -> Tensor:
    return torch.randn(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
