"""What a recipe offers for export is run before it is trained, and a mistake bears the line of the author's file."""

import inspect
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gantk import Category, Graph, Iterated, Latent, Network, PluginError, Recipe, Scalar, Vector
from gantk.data.infos import ImageInfo
from gantk.parts.iterated import shortened
from gantk.plan.exportable import check_exportable
from gantk.sizes import Sides

IMAGES = {key: ImageInfo(3, "uint8", (0.0, 255.0)) for key in ("a", "b")}
NOISE = Latent(length=4)
SCORE = Vector(name="score")
SIZE = 48


class Function(nn.Module):
    """Gives what a function makes of its inputs."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function
        self.sizes: list[tuple[int, ...]] = []

    def forward(self, *values: Tensor) -> Any:
        self.sizes.append(tuple(values[0].shape[2:]))
        return self.function(*values)


class Offering(Recipe):
    """A recipe of one graph."""

    players = step = preview = None  # Not asked for here.

    def __init__(self, function: Any, **graph: Any) -> None:
        super().__init__()
        self.network = Network(Function(function), "network")
        self.graph = {"inputs": ("a",), "outputs": ("b",), **graph}

    def graphs(self) -> dict[str, Graph]:
        return {"only": Graph(network=self.network, **self.graph)}


def made(noise: Tensor, *size: int) -> Tensor:
    return noise.mean() + torch.zeros(len(noise), 3, *size)


def larger(image: Tensor) -> Tensor:
    return image.repeat_interleave(4, 2).repeat_interleave(4, 3)


def dense(image: Tensor) -> Tensor:
    return image.reshape(-1, 3, 6, 8)


class Endless(Iterated):
    """A sampler of a million steps."""

    def __init__(self) -> None:
        super().__init__(2**20)
        self.taken = 0

    def start(self, noise: Tensor) -> Tensor:
        return noise

    def advance(self, state: Tensor, index: Tensor, noise: Tensor) -> Tensor:
        self.taken += 1
        return state / 2


def test_a_sampler_takes_one_step() -> None:
    sampler = Endless()
    recipe = Offering(sampler, task="generate", inputs=(Latent(shape=(3, 8, 8)),))
    assert (check_exportable(recipe, IMAGES, (), Sides(SIZE, SIZE)), sampler.taken) == ([], 1)


@pytest.mark.parametrize(
    "recipe",
    [
        Offering(lambda image: image),
        Offering(larger, scale=4),
        Offering(lambda image: image[:, :, ::2, ::2], scale=0.5),
        Offering(dense, size=(6, 8)),
        Offering(lambda a, b, domain, psi: a + b * psi.view(-1, 1, 1, 1), inputs=(
            "a", "b", Category(name="domain", count=3), Scalar(name="psi", default=1)
        )),
        Offering(lambda noise: made(noise, 5, 7), task="generate", inputs=(NOISE,)),
        Offering(lambda image: image.mean((1, 2, 3)), task="score", outputs=(SCORE,), size=SIZE),
        Offering(lambda image: image if image.sum() < 0 else -image),
    ],
)  # fmt: skip
def test_what_does_as_it_says_is_taken(recipe: Offering) -> None:
    before = torch.get_rng_state()
    check_exportable(recipe, IMAGES, (), Sides(SIZE, SIZE))
    assert torch.equal(before, torch.get_rng_state())


def test_small_images_are_tried_before_large_ones() -> None:
    recipe = Offering(lambda image: image)
    check_exportable(recipe, IMAGES, (), Sides(1024, 1024))
    assert recipe.network.module.sizes == [(32, 32)]

    def needs_64(image: Tensor) -> Tensor:
        return image if image.shape[2] % 64 == 0 else image[:, :, 1:]

    recipe = Offering(needs_64)
    check_exportable(recipe, IMAGES, (), Sides(1024, 1024))
    assert recipe.network.module.sizes == [(32, 32), (64, 64)]


@pytest.mark.parametrize(
    ("recipe", "line"),
    [
        (
            Offering(lambda image: image[:, :, 1:-1, 1:-1]),
            "its network gives output as (2, 3, 46, 46) float32, not as (2, 3, 48, 48) float32",
        ),
        (Offering(larger), "its network gives output as (2, 3, 192, 192) float32, not as (2, 3, 48, 48) float32"),
        (
            Offering(larger, scale=2),
            "its network gives output as (2, 3, 192, 192) float32, not as (2, 3, 96, 96) float32",
        ),
        (Offering(dense, size=(8, 6)), "its network gives output as (2, 3, 6, 8) float32, not as (2, 3, 8, 6) float32"),
        (Offering(lambda image: [image, image]), "its network gives 2 outputs, not 1 (output)"),
        (
            Offering(lambda noise: noise, task="generate", inputs=(NOISE,)),
            "its network gives (2, 4) float32 and no image",
        ),
        (Offering(lambda a, b: a, inputs=("a", "b", "b")), "two of its tensors are called 'b'; give them names"),
        (Offering(dense, size=(8, 6, 3)), "its size is (8, 6, 3): a number of pixels, or (height, width), from 1 to"),
        (Offering(larger, scale=1.5), "its scale is 1.5: a whole number up to 64 is needed, or 1 divided by one"),
        (
            Offering(lambda noise: made(noise, 4, 4), task="generate", inputs=(NOISE,), scale=4),
            "its scale is 4, and only a graph that translates has one",
        ),
        (
            Offering(lambda image: image.mean((1, 2, 3)), task="score", outputs=(SCORE,)),
            "only a graph that translates takes images of any size; state the size of this Graph",
        ),
        (
            Offering(lambda a, seed: a, inputs=("a", Scalar(name="seed", default=0))),
            "an input is called 'seed', which means something else where a model is used; choose another name",
        ),
        (Offering(lambda a, b: a, inputs=("a", 3)), "inputs has a int: the batch key of an image, or a gantk.Latent"),
        (Offering(lambda a: a, task="blend"), "no task is called 'blend', only translate, generate, encode, score"),
    ],
)  # fmt: skip
def test_what_does_something_else_is_one_line(recipe: Offering, line: str) -> None:
    with pytest.raises(PluginError) as caught:
        check_exportable(recipe, IMAGES, (), Sides(SIZE, SIZE))
    at = f"{__file__}:{inspect.getsourcelines(Offering.graphs)[1]}: graph only: "
    assert str(caught.value).startswith(at + line)
    assert "\n" not in str(caught.value)


def test_a_network_that_fails_is_blamed_where_it_stands() -> None:
    with pytest.raises(PluginError, match=r"cannot be run on 2x3x48x48: [^\n]*test_exportable\.py:\d+: RuntimeError"):
        check_exportable(Offering(lambda image: image.reshape(7, -1)), IMAGES, (), Sides(SIZE, SIZE))


class Deciding(Iterated):
    """A sampler that looks its noise up by the index, and does with it what a function says."""

    def __init__(self, decide: Any) -> None:
        super().__init__(4)
        self.decide = decide
        self.register_buffer("strengths", torch.linspace(1, 0, 4))
        self.time = nn.Embedding(4, 3)

    def start(self, noise: Tensor) -> Tensor:
        return noise[:, 0]

    def advance(self, state: Tensor, index: Tensor, noise: Tensor) -> Tensor:
        told = self.time(index.expand(len(state)))[:, :, None, None]
        return self.decide(state + told + self.strengths[index] * noise[:, index], index, self.strengths[index])


@pytest.mark.parametrize(
    "decide",
    [
        lambda state, index, strength: state if index == 0 else -state,
        lambda state, index, strength: state if strength > 0.5 else -state,
        lambda state, index, strength: state * [1, 2, 3, 4][index],
        lambda state, index, strength: state * index.item(),
    ],
)
def test_a_step_that_asks_for_its_index_is_blamed_where_it_stands(decide: Any) -> None:
    recipe = Offering(Deciding(decide), task="generate", inputs=(Latent(shape=(4, 3, 8, 8)),))
    line = r"cannot be run on 2x4x3x8x8: [^\n]*test_exportable\.py:\d+: TypeError: advance\(\) asks for the value of"
    with pytest.raises(PluginError, match=line):
        check_exportable(recipe, IMAGES, (), Sides(SIZE, SIZE))


def test_a_step_that_chooses_by_its_index_is_taken() -> None:
    sampler = Deciding(lambda state, index, strength: torch.where(index == 0, state, strength * state))
    recipe = Offering(sampler, task="generate", inputs=(Latent(shape=(4, 3, 8, 8)),))
    assert check_exportable(recipe, IMAGES, (), Sides(SIZE, SIZE)) == []
    with shortened(exported=True):
        assert type(sampler(torch.zeros(1, 4, 3, 8, 8))) is Tensor
