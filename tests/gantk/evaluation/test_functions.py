"""Graphs and models as functions: in which pieces they compute, and that a model computes what its graph does."""

import numpy as np
import pytest
import torch

from gantk import Category, Latent, Vector
from gantk.evaluation import functions
from gantk.evaluation.functions import ModelFunction
from gantk.runtime.card import Card
from gantk.runtime.ports import Numbers, Port


def test_a_function_computes_a_few_at_once(graph, monkeypatch):
    monkeypatch.setattr(functions, "PIECE", 3)
    sizes = []

    def compute(x, y):
        sizes.append(len(x))
        return x + y, x * y

    made = graph(inputs=(Latent(length=3), Latent(name="other", length=3)), outputs=("a", "b"), compute=compute)
    x, y = torch.randn(7, 3), torch.randn(7, 3)
    added, multiplied = made(x, y)
    assert sizes == [3, 3, 1]
    assert torch.equal(added, x + y)
    assert torch.equal(multiplied, x * y)


@pytest.mark.parametrize(("size", "at_once"), [(4, 64), (256, 16), (5000, 1)])
def test_large_images_are_fewer_at_once(size, at_once):
    assert functions.piece((size, size)) == at_once


class Inverting:
    """A model that inverts images in its own layout and type, and gives the numbers it was given."""

    def __init__(self, image, *numbers):
        common = {"version": "0", "plugin": "p", "graph": "inverse", "task": "translate", "mode": {}, "created": "now"}
        self.card = Card(inputs=(image, *numbers), outputs=(image, Numbers(name="v", kind="vector")), **common)

    def call(self, images, numbers):
        assert images.dtype == self.card.inputs[0].dtype
        low, high = self.card.inputs[0].range
        return (low + high - images).astype(images.dtype), numbers.astype(np.float32)[:, None]


@pytest.mark.parametrize(
    "port",
    [
        Port(name="i", key="a", dtype="uint8", channels=3, range=(0, 255), pixel="uint8", window=(0, 255)),
        Port(name="i", key="a", dtype="uint16", channels=3, range=(100, 60100), pixel="uint16", window=(100, 60100)),
        Port(
            name="i", key="a", layout="NCHW", dtype="float32", channels=3, range=(-1, 1), pixel="uint8", window=(0, 255)
        ),
    ],
)
def test_a_model_is_a_function_of_the_same_images(port):
    label = Numbers(name="label", kind="category", layout="N", dtype="int64", categories=5)
    made = ModelFunction(Inverting(port, label), (4, 4))
    assert made.inputs == ("a", Category(name="label", count=5))
    assert made.outputs == ("a", Vector(name="v", length=1))
    images = torch.randint(256, (3, 3, 4, 6)) / 127.5 - 1
    inverse, numbers = made(images, torch.tensor([1, 2, 3]))
    assert inverse.shape == images.shape
    assert torch.allclose(inverse, -images, atol=1e-4)
    assert numbers.tolist() == [[1], [2], [3]]


def test_a_models_latent_is_drawn_as_the_card_says():
    numbers = Numbers(name="noise", kind="latent", length=8, distribution="uniform")
    assert functions._input(numbers) == Latent(name="noise", length=8, distribution="uniform")
    assert functions._output(Numbers(name="e", kind="vector", layout="N")) == Vector(name="e", length=None)
