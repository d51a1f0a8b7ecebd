"""What a network gives is held against its graph before anything is exported."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from gantk.errors import GantkError
from gantk.parts.context import Progress, Span
from gantk.parts.networks import Network
from gantk.recipe.graph import Graph
from gantk.recipe.ports import Category, Latent, Vector
from gantk.recipe.recipe import Recipe
from gantk.runtime.card import Task
from gantk.training.trained import Trained
from gantk_exports.exporting import to_come
from gantk_exports.graphs import export_graph, prepare

Opened = Callable[[Recipe], Trained]
NOISE = Latent(length=4)
SCORE = Vector(name="score")


class Given(nn.Module):
    """Gives what a function makes of its inputs."""

    def __init__(self, function: object) -> None:
        super().__init__()
        self.function = function

    def forward(self, *values: Tensor) -> object:
        return self.function(*values)  # type: ignore[operator]


class Single(Recipe):
    """A recipe of one graph."""

    players = step = preview = None  # Not asked for here.

    def __init__(self, function: object, task: Task, inputs: tuple, outputs: tuple, size: int | None = None) -> None:
        super().__init__()
        self.network = Network(Given(function), "network")
        self.graph = {"task": task, "inputs": inputs, "outputs": outputs, "size": size}

    def graphs(self) -> dict[str, Graph]:
        return {"only": Graph(network=self.network, **self.graph)}


def images(noise: Tensor, *size: int) -> Tensor:
    return noise.sum() + torch.zeros(noise.shape[0], 3, *size)


@pytest.mark.parametrize(("height", "width", "size"), [(1, 1, 1), (7, 7, 7), (4, 6, (4, 6))])
def test_the_size_of_what_is_generated_is_found(
    opened: Opened, height: int, width: int, size: int | tuple[int, int]
) -> None:
    recipe = Single(lambda noise: images(noise, height, width), "generate", (NOISE,), ("a",))
    _, card = prepare(opened(recipe), "only")
    assert (card.size, card.sides) == (size, (height, width))


def test_a_translation_of_one_size_is_not_tried_at_others(opened: Opened) -> None:
    recipe = Single(lambda image: image.reshape(-1, 3, 6, 6), "translate", ("a",), ("b",), 6)
    _, card = prepare(opened(recipe), "only")
    assert (card.size, card.multiple, card.minimum) == (6, 1, 1)


@pytest.mark.parametrize(
    ("recipe", "line"),
    [
        (
            Single(lambda noise: images(noise, 4, 4), "generate", (NOISE,), ("a",), 8),
            "its network gives output as (1, 3, 4, 4) float32, not as (1, 3, 8, 8) float32",
        ),
        (Single(lambda noise: noise, "generate", (NOISE,), ("a",)), "its network gives (1, 4) float32 and no image"),
        (
            Single(lambda noise: images(noise, 4, 4)[:1], "generate", (NOISE,), ("a",)),
            "its network gives output as (1, 3, 4, 4) float32, not as (3, 3, 4, 4) float32",
        ),
        (
            Single(lambda image: image.mean((1, 2, 3)), "score", ("a",), (SCORE,)),
            "only a graph that translates takes images of any size; state the size of this Graph",
        ),
        (
            Single(lambda image: image.mean(1, keepdim=True), "score", ("a",), (SCORE,), 8),
            "its network gives score as (1, 1, 8, 8) float32, not as (1,) float32",
        ),
        (
            Single(lambda image: image.mean((1, 2, 3)).double(), "score", ("a",), (SCORE,), 8),
            "its network gives score as (1,) float64, not as (1,) float32",
        ),
        (
            Single(lambda image: image.mean((1, 2, 3)), "encode", ("a",), (SCORE, Vector(name="more")), 8),
            "its network gives 1 outputs, not 2 (score, more)",
        ),
        (
            Single(lambda noise: images(noise, 4, 4), "translate", (NOISE,), ("a",)),
            "a graph that translates takes an image, or several, and gives one image",
        ),
        (
            Single(
                lambda noise, label: images(noise, 4, 4), "generate", (NOISE, Category(name="latent", count=3)), ("a",)
            ),
            "two of its tensors are called 'latent'; give them names of their own",
        ),
    ],
)
def test_a_network_that_does_something_else_is_one_line(
    opened: Opened, recipe: Single, line: str, tmp_path: Path
) -> None:
    with pytest.raises(GantkError) as caught:
        export_graph(opened(recipe), "only", tmp_path / "only.onnx")
    assert str(caught.value).endswith(f"graph only: {line}")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_fails_is_blamed_where_it_stands(opened: Opened) -> None:
    recipe = Single(lambda noise: images(noise.reshape(5, -1), 4, 4), "generate", (NOISE,), ("a",))
    with pytest.raises(
        GantkError, match=r"^graph only: its network cannot be run on 1x4: [^\n]*test_trial\.py:\d+: Runt"
    ):
        prepare(opened(recipe), "only")


def test_a_network_made_for_one_batch_size_is_one_line(opened: Opened, tmp_path: Path) -> None:
    def looped(noise: Tensor) -> Tensor:
        return torch.stack([images(each[None], 2, 2)[0] for each in noise])

    recipe = Single(looped, "generate", (NOISE,), ("a",))
    with pytest.raises(GantkError, match=r"made for one batch size of latent, as by a Python loop over it$"):
        export_graph(opened(recipe), "only", tmp_path / "only.onnx")
    assert list(tmp_path.iterdir()) == []


class Growing(Single):
    """A recipe that has further graphs from its second stage on."""

    def graphs(self) -> dict[str, Graph]:
        (only,) = super().graphs().values()
        return {"only": only} | ({"larger": only, "inverse": only} if self.stage.number else {})


def test_graphs_that_come_with_later_stages_are_named_with_the_reason(opened: Opened) -> None:
    run = opened(Growing(lambda image: image, "translate", ("a",), ("b",)))
    context = run.recipe.context
    assert to_come(run) == ""
    context.spans = (Span("scale 0", 0, 5), Span("scale 1", 5, 10))
    context.progress = Progress(4, 10)
    assert to_come(run) == (
        f"inverse, larger come with later stages: step {run.step} is of 'scale 0', stage 1 of 2; "
        f"to train on: gantk train --resume {run.run}"
    )
    assert context.progress == Progress(4, 10)
    context.progress = Progress(9, 10)
    assert to_come(run) == ""


def test_each_part_of_an_export_is_told_as_it_begins(residual: Trained, tmp_path: Path) -> None:
    told: list[str] = []
    export_graph(residual, "a_to_b", tmp_path / "a_to_b.onnx", tell=told.append)
    assert told == ["trying its sizes", "tracing", "optimizing", "comparing it with torch"]
