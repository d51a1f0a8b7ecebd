"""Small recipes, graphs and data that the engine's tests drive by hand."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gantk import ArrayImages, Dataset, Graph, Group, Latent, Network, Player, Recipe, Split
from gantk.engine.conductor import Conductor
from gantk.engine.functions import RunFunction
from gantk.engine.losslog import LossLog
from gantk.engine.optimizers import make_movers
from gantk.parts.context import Context, Informed, Progress

SETTINGS = {"optimizer": "sgd", "learning_rate": 0.1, "betas": (0.0, 0.999), "rmsprop_decay": 0.99, "clip": None}


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
    """A recipe with its conductor, as the engine sets them up."""

    def __init__(self, recipe: Recipe, settings: dict[str, Any], critic_steps: int, **options: Any) -> None:
        self.recipe = recipe
        self.context = Context(Progress(0, 10), critic_steps)
        for module in recipe.modules():
            if isinstance(module, Informed):
                module.context = self.context
        self.movers = make_movers(recipe, {**SETTINGS, **settings}.__getitem__)
        self.log = LossLog(self.context)
        self.conductor = Conductor(recipe, self.movers, self.log, **options)

    def run(self, batches: list[Tensor], steps: int = 1) -> None:
        stream = iter(batches)
        for step in range(steps):
            self.context.progress = Progress(step, 10)
            self.context.take_turn(step)
            self.conductor.step(stream)


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


class Rows(Dataset):
    """Images of 4 x 4 pixels, each of one level, its row's number; the label is the row's number too."""

    name, summary, kinds = "rows", "rows of images", ("labelled",)

    def __init__(self, train=10, test=7, channels=3):
        self.counts, self.channels = {False: train, True: test}, channels

    def split(self, kind, test, load):
        levels = np.arange(self.counts[test], dtype=np.uint8)
        images = np.broadcast_to(levels[:, None, None, None], (len(levels), load, load + 2, self.channels)).copy()
        images[:, :, [0, -1]] = 255  # what a central cut leaves out
        return Split((Group({"image": ArrayImages(images), "label": levels.astype(np.int64)}),))

    def fingerprint(self):
        return "of rows"


@pytest.fixture
def rows() -> type[Dataset]:
    """Return the class of a small data set whose images tell their row."""
    return Rows


@pytest.fixture
def graph() -> Callable[..., RunFunction]:
    """Return what makes a graph "made" of a function, which makes images of noise unless told otherwise."""

    def make(
        task: str = "generate",
        inputs: tuple[Any, ...] = (Latent(length=3),),
        outputs: tuple[Any, ...] = ("image",),
        compute: Callable[..., Any] = lambda x: x,
    ) -> RunFunction:
        network = Network(nn.Identity(), "generator")
        network.module.forward = compute
        made = Graph(network=network, task=task, inputs=inputs, outputs=outputs)
        return RunFunction("made", made, 4, torch.device("cpu"))

    return make
