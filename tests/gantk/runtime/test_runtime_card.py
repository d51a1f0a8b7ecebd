"""A card survives its way through a file's metadata, and a broken one is named."""

import json
from pathlib import Path

import numpy as np
import pytest

from gantk.errors import GantkError
from gantk.runtime.card import Card, Port, read_card

PORT = Port(name="image", dtype="uint8", channels=3, colour="RGB", range=(0, 255), pixel="uint8", window=(0, 255))
CARD = Card(
    version="0.1.0",
    plugin="negative",
    graph="a_to_b",
    task="translate",
    inputs=(PORT,),
    outputs=(PORT,),
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


@pytest.mark.parametrize(("key", "value"), [("gantk.inputs", "["), ("gantk.inputs", "[{}]"), ("gantk.minimum", "many")])
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
