"""What is said of a model's further inputs becomes a row for each image, whatever the images' size."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gantk.errors import DataError, UsageError
from gantk.runtime.card import Card
from gantk.runtime.given import Given
from gantk.runtime.ports import Numbers, Port
from gantk.runtime.random import draw

IMAGE, STYLE, OUTPUT = (
    Port(name=name, dtype="uint8", channels=3, range=(0, 255), pixel="uint8", window=(0, 255))
    for name in ("image", "style", "output")
)
PSI = Numbers(name="psi", kind="scalar", layout="N", default=0.7, low=0, high=1)


def card(*further: Port | Numbers) -> Card:
    return Card(
        version="1",
        plugin="p",
        graph="g",
        task="translate",
        inputs=(IMAGE, *further),
        outputs=(OUTPUT,),
        mode={},
        created="2024-01-31",
    )


def test_a_latent_is_the_same_for_every_image(ports: SimpleNamespace) -> None:
    made = Given(card(ports.latent), seed=3).tensors(2, (4, 5))["latent"]
    assert np.array_equal(made, draw("latent", "normal", 1, 3, seed=3).repeat(2, 0))
    said = Given(card(ports.latent), {"latent": [1, 2, 3]}).tensors(2, (4, 5))["latent"]
    assert said.tolist() == [[1, 2, 3], [1, 2, 3]]


def test_categories_and_numbers_are_one_for_all_or_one_for_each(ports: SimpleNamespace) -> None:
    made = Given(card(ports.label, PSI), {"label": "bag", "psi": ["0.25", 1]}).tensors(2, (4, 5))
    assert (made["label"].tolist(), made["label"].dtype) == ([1, 1], np.int64)
    assert (made["psi"].tolist(), made["psi"].dtype) == ([0.25, 1], np.float32)
    unsaid = Given(card(replace(ports.label, default=2), PSI)).tensors(1, (4, 5))
    assert (unsaid["label"].tolist(), unsaid["psi"].tolist()) == ([2], [np.float32(0.7)])


def test_a_further_image_is_brought_to_the_first_ones_size() -> None:
    picture = Image.new("RGB", (30, 20), "teal")
    given = Given(card(STYLE), {"style": picture})
    for sides in ((10, 15), (8, 8), (10, 15)):
        assert given.tensors(2, sides)["style"].shape == (2, *sides, 3)
        assert (given.tensors(1, sides)["style"] == (0, 128, 128)).all()
    taken = given.take(Image.new("RGB", (9, 7)))
    assert (taken.batch.shape, taken.further["style"].shape) == ((1, 7, 9, 3), (1, 7, 9, 3))
    several = Given(card(STYLE), {"style": np.zeros((3, 4, 5, 3), np.uint8)})
    assert several.tensors(3, (4, 5))["style"].shape == (3, 4, 5, 3)
    with pytest.raises(UsageError, match="style: 3 images for 2; say one, or one for each"):
        several.tensors(2, (4, 5))


@pytest.mark.parametrize(
    ("said", "error", "line"),
    [
        ({}, UsageError, "the model takes an image style besides: say --image style=FILE"),
        (
            {"style": 3, "label": 0},
            DataError,
            "style: a model takes a PIL image, a NumPy array or an image file, not int",
        ),
        ({"style": np.zeros((4, 4)), "label": 0}, DataError, "style: the model takes an array"),
        ({"other": 3}, UsageError, "the model takes no other, only style, label, psi besides its image"),
        ({"style": Image.new("L", (4, 4))}, UsageError, "the model takes a category label: say T-shirt/top, bag"),
    ],
)
def test_what_cannot_be_is_one_line(
    ports: SimpleNamespace, said: dict[str, Any], error: type[Exception], line: str
) -> None:
    with pytest.raises(error) as caught:
        Given(card(STYLE, ports.label, PSI), said)
    assert str(caught.value).startswith(line)
    with pytest.raises(UsageError, match="seed is a whole number, not 'x'"):
        Given(card(PSI), seed="x")  # type: ignore[arg-type]
