"""A card survives its way through a file's metadata, and a broken one is named."""

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gantk.errors import GantkError, UsageError
from gantk.runtime.card import Card, Numbers, Port, read_card

PORT = Port(name="image", dtype="uint8", channels=3, colour="RGB", range=(0, 255), pixel="uint8", window=(0, 255))
CARD = Card(
    version="0.1.0",
    plugin="negative",
    graph="a_to_b",
    task="translate",
    inputs=(PORT,),
    outputs=(PORT,),
    trained_size=64,
    multiple=4,
    minimum=12,
    mode={"batch_norm": "image", "dropout": "off"},
    halo=None,
    classes=("cat", "dög"),
    data="photographs",
    licence="CC0-1.0",
    created="2024-01-31",
    parity={"1x64x64x3": 1.0},
)


LATENT = Numbers(name="latent", kind="latent", length=8, distribution="uniform", stream=7)
LABEL = Numbers(name="label", kind="category", layout="N", dtype="int64", categories=3, names=("cat", "dög", "1"))
ENERGY = Numbers(name="energy", kind="vector", layout="N")
TASKS: list[Any] = [
    ("translate", (PORT,), (PORT,)),
    ("generate", (LATENT, LABEL), (PORT,)),
    ("encode", (PORT,), (LATENT, ENERGY)),
    ("score", (PORT,), (ENERGY,)),
]


@pytest.mark.parametrize(("task", "inputs", "outputs"), TASKS)
def test_cards_of_every_task_come_back_equal(task: Any, inputs: Any, outputs: Any) -> None:
    card = replace(CARD, task=task, inputs=inputs, outputs=outputs, size=32)
    assert read_card(card.metadata(), Path("x.onnx")) == card
    assert json.loads(card.json())["gantk.size"] == 32


def test_images_are_found_or_the_right_command_is_named() -> None:
    assert CARD.image_in is CARD.image_out is PORT
    generator = replace(CARD, task="generate", graph="generator", inputs=(LATENT, LABEL))
    assert generator.image_out is PORT
    with pytest.raises(
        GantkError, match="generator of negative.* takes no single image, but latent, label; use gantk gen"
    ):
        _ = generator.image_in
    with pytest.raises(
        GantkError, match="a model that scores images gives no single image, but energy; use gantk score"
    ):
        _ = replace(CARD, task="score", outputs=(ENERGY,)).image_out


def test_categories_are_said_by_name_or_index() -> None:
    assert [LABEL.category(said) for said in ("cat", "dög", 2, "0", np.int64(1))] == [0, 1, 2, 0, 1]
    assert LABEL.category("1") == 2, "a name comes before an index"
    for said in ("mouse", 3, -1, "-1", "1.0", ""):
        with pytest.raises(UsageError, match=f"no label is called {said}: say cat, dög, 1, or a number from 0 to 2"):
            LABEL.category(said)


def test_layouts_are_changed_and_changed_back() -> None:
    images = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    planes = replace(PORT, layout="NCHW")
    assert planes.to_tensor(images)[1, 4, 2, 3] == images[1, 2, 3, 4]
    assert np.array_equal(planes.from_tensor(planes.to_tensor(images)), images)
    assert PORT.to_tensor(images) is images


def test_the_book_says_what_each_key_means() -> None:
    book = (Path(__file__).parents[3] / "docs" / "models.md").read_text(encoding="utf-8")
    for item in fields(Card):
        assert f"| `gantk.{item.name}` |" in book
    image, numbers = book.split("\nThe port of ")[1:]
    for text, port in ((image, Port), (numbers, Numbers)):
        for item in fields(port):
            assert f"| `{item.name}` |" in text


def test_metadata_are_strings_and_come_back_equal() -> None:
    metadata = CARD.metadata()
    assert all(isinstance(value, str) for value in metadata.values())
    assert metadata["gantk.multiple"] == "4"
    assert json.loads(metadata["gantk.inputs"])[0]["layout"] == "NHWC"
    assert read_card(metadata, Path("x.onnx")) == CARD


def test_the_json_beside_a_model_says_the_same() -> None:
    values = json.loads(CARD.json())
    assert values.keys() == CARD.metadata().keys()
    assert values["gantk.outputs"][0]["range"] == [0, 255]
    assert values["gantk.halo"] is None


def test_metadata_of_others_are_refused() -> None:
    with pytest.raises(GantkError, match="not one that gantk wrote"):
        read_card({"author": "someone"}, Path("x.onnx"))


@pytest.mark.parametrize(
    ("key", "value"),
    [("gantk.inputs", "["), ("gantk.inputs", "[{}]"), ("gantk.minimum", "many"), ("gantk.task", "paint")],
)
def test_broken_metadata_are_named(key: str, value: str) -> None:
    with pytest.raises(GantkError, match=rf"x\.onnx: its {key} cannot be read"):
        read_card({**CARD.metadata(), key: value}, Path("x.onnx"))


def test_missing_metadata_are_named() -> None:
    metadata = CARD.metadata()
    del metadata["gantk.task"]
    with pytest.raises(GantkError, match=r"gantk\.task"):
        read_card(metadata, Path("x.onnx"))


def test_pixels_map_to_values_and_back_exactly() -> None:
    port = Port(
        name="image", layout="NCHW", dtype="float32", channels=1, range=(-1, 1), pixel="uint16", window=(0, 4096)
    )
    pixels = np.array([0, 1024, 2048, 4096], dtype=np.uint16)
    values = port.from_pixels(pixels)
    assert values.tolist() == [-1.0, -0.5, 0.0, 1.0]
    assert port.to_pixels(values).tolist() == pixels.tolist()
    assert port.to_pixels(np.float32([-1.5, 0.0001, 40.0])).tolist() == [0, 2048, 65535]
