"""A card survives its way through a file's metadata, and a broken one is named."""

import json
import unicodedata
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gantk.errors import GantkError, UsageError
from gantk.runtime.card import Card
from gantk.runtime.card_reader import read_card
from gantk.runtime.ports import Numbers, Port

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
    assert read_card(card.metadata().items(), Path("x.onnx")) == card
    assert json.loads(card.json())["gantk.size"] == 32


def test_who_made_the_data_is_named_and_left_out_where_nobody_is() -> None:
    assert "gantk.credits" not in CARD.metadata()
    named = replace(CARD, credits=("CC-BY-4.0: Ada, Bén", "CC0-1.0: " + "Cé, " * 5000))
    assert read_card(named.metadata().items(), Path("x.onnx")) == named


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
    assert LABEL.category(unicodedata.normalize("NFD", "DÖG")) == 1, "as macOS composes names of folders"
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
    assert read_card(metadata.items(), Path("x.onnx")) == CARD


def test_the_json_beside_a_model_says_the_same() -> None:
    values = json.loads(CARD.json())
    assert values.keys() == CARD.metadata().keys()
    assert values["gantk.outputs"][0]["range"] == [0, 255]
    assert values["gantk.halo"] is None


def test_metadata_of_others_are_refused() -> None:
    with pytest.raises(GantkError, match="not one that gantk wrote"):
        read_card({"author": "someone"}.items(), Path("x.onnx"))


def with_port(**changes: Any) -> str:
    """Return the ports of an image, of which something is other than it can be."""
    return json.dumps([{**json.loads(CARD.metadata()["gantk.inputs"])[0], **changes}])


def with_numbers(**changes: Any) -> str:
    return json.dumps([{"name": "latent", "kind": "latent", "length": 8, **changes}])


PALETTE = {"values": [[0], [7]], "names": ["sky", "road"], "colours": [[0, 0, 0], [9, 9, 9]], "ignored": None}


def with_map(**changes: Any) -> str:
    own = {"kind": "labels", "layout": "NHW", "channels": 1, "palette": PALETTE, "range": [0, 1], "window": [0, 1]}
    return with_port(**{**own, **changes})


def test_a_label_map_has_its_palette() -> None:
    card = read_card({**CARD.metadata(), "gantk.inputs": with_map()}.items(), Path("x.onnx"))
    palette = card.image_in.palette
    assert palette is not None
    assert (palette.values, palette.names, palette.ignored) == (((0,), (7,)), ("sky", "road"), None)
    assert read_card(card.metadata().items(), Path("x.onnx")) == card
    assert "palette" not in json.loads(card.metadata()["gantk.outputs"])[0], "older versions read it"


WRONG: list[tuple[str, str, str]] = [
    ("inputs", "[", "gantk.inputs is no JSON"),
    ("inputs", "[" * 100_000, "gantk.inputs is nested more than 8 deep"),
    ("inputs", json.dumps(["x" * 5_000_000]), "gantk.inputs has 5,000,004 characters"),
    ("inputs", "[]", r"gantk.inputs is \[\], not a list of 1 to 100 items"),
    ("inputs", "7", "gantk.inputs is 7, not a list"),
    ("inputs", "[3]", r"gantk.inputs\[0\].kind is null, not \"image\" or \"latent\""),
    ("inputs", '[{"kind": "image", "kind": "image"}]', "a key in it comes twice"),
    ("inputs", json.dumps([{"kind": "image"}]), r"gantk.inputs\[0\] has no channels"),
    ("inputs", with_port(kind="sound"), r'gantk.inputs\[0\].kind is "sound"'),
    ("inputs", with_port(dtype="complex64"), r'gantk.inputs\[0\].dtype is "complex64", not "uint8" or'),
    ("inputs", with_port(dtype=["uint8"]), r"gantk.inputs\[0\].dtype is \["),
    (
        "inputs",
        with_port(channels=100_000),
        r"gantk.inputs\[0\].channels is 100000, not a whole number from 1 to 4,096",
    ),
    ("inputs", with_port(channels=True), "channels is true"),
    ("inputs", with_port(channels=3.0), "channels is 3.0"),
    ("inputs", with_port(range=[5, 5]), r"range is \[5, 5\], not a smaller and a larger number"),
    ("inputs", with_port(range=[0, 256]), r"range is \[0, 256\], which uint8 does not hold"),
    ("inputs", with_port(window=[1]), "window is"),
    ("inputs", with_port(window=255), "window is 255, not a list of 2 items"),
    ("inputs", with_port(range="01"), "range is"),
    ("inputs", with_port(layout="CHWN"), "layout is"),
    ("inputs", with_port(name="\x1b[31m" + 300 * "x"), r'name is "\\u001b\[31m'),
    ("inputs", with_port(shape=[1]), r'gantk.inputs\[0\] has a field "shape", which this gantk does not know'),
    ("inputs", with_port()[:-1] + "," + with_port()[1:], "gantk.inputs have one name twice"),
    ("inputs", with_port(range=[0, float("nan")]), "NaN is no number of JSON"),
    ("inputs", with_port(range=[0, 1e308], dtype="float32"), "range.1. is 1e.308, not a number from"),
    ("inputs", with_port(layout="NHW"), "is of kind image and layout NHW, without a palette"),
    ("inputs", with_port(palette=PALETTE), "is of kind image and layout NHWC, with a palette"),
    ("inputs", with_map(channels=3), "is a label map of other values than ids"),
    ("inputs", with_map(palette=None), r"palette is null, not an object"),
    ("inputs", with_map(palette=PALETTE | {"names": ["a"]}), "has not a name and a colour for each of its 2 classes"),
    ("inputs", with_map(palette=PALETTE | {"ignored": 2}), "or ignores another"),
    ("inputs", with_map(palette=PALETTE | {"values": [[0], [0]]}), "are not one grey value, or one colour, of its own"),
    ("inputs", with_map(palette=PALETTE | {"colours": [[0, 0, 256]]}), r"colours\[0\]\[2\] is 256, not a whole number"),
    ("inputs", with_map(dtype="float32", pixel="float32"), "of 2 classes, which float32 does not hold"),
    ("inputs", with_numbers(), "task says that it translates images, which its tensors are not made for"),
    ("inputs", with_numbers(length=10**9), "length is 1000000000, not a whole number from 1 to"),
    ("inputs", with_numbers(length=2, layout="N"), "length is 2, and one number a sample is what its layout N says"),
    ("inputs", with_numbers(stream=-1), "stream is -1"),
    ("inputs", with_numbers(categories=10**9), "categories is 1000000000"),
    ("inputs", with_numbers(kind="category"), "is a category of 0 categories"),
    ("inputs", with_numbers(kind="category", length=1, categories=3, names=["a"]), "has 1 names for 3 categories"),
    ("inputs", with_numbers(default=1), "is a latent with a default or limits, which it has not"),
    ("inputs", with_numbers(kind="scalar", length=1), "is a scalar of float32 NC, not of float32 N"),
    ("inputs", with_numbers(kind="scalar", layout="N", length=1), ".default is null, which is no value of it"),
    ("inputs", with_numbers(kind="scalar", layout="N", length=1, default=2, high=1), ".default is 2, which is no"),
    (
        "inputs",
        with_numbers(kind="category", layout="N", length=1, categories=3, default=0.5),
        ".default is 0.5, which",
    ),
    ("scale", "1.5", "gantk.scale is 1.5, not a whole number or 1 divided by one"),
    ("scale", "1000", "gantk.scale is 1000, not a number from 0.015625 to 64"),
    ("outputs", "null", "gantk.outputs is null"),
    ("size", "-3", "gantk.size is -3, not a whole number from 1 to"),
    ("size", "100000", "gantk.size is 100000"),
    ("size", "1" * 5000, "gantk.size is no JSON that can be read"),
    ("multiple", "0", "gantk.multiple is 0"),
    ("minimum", "many", "gantk.minimum is no JSON"),
    ("halo", "-1", "gantk.halo is -1"),
    ("mode", "[]", r"gantk.mode is \[\], not an object"),
    ("mode", '{"dropout": 1}', r'gantk.mode\["dropout"\] is 1'),
    ("classes", '"cat"', "gantk.classes is"),
    ("classes", "[1]", r"gantk.classes\[0\] is 1, not a text"),
    ("parity", '{"x": "much"}', 'gantk.parity\\["x"\\] is "much", not a number'),
    ("task", "paint", 'gantk.task is "paint", not "translate" or "generate" or'),
    ("precision", "fp8", 'gantk.precision is "fp8"'),
    ("precision", "int8", "gantk.fidelity has no psnr"),
    ("fidelity", '{"inputs": 3}', "gantk.fidelity has no psnr"),
]


@pytest.mark.parametrize(("key", "value", "reason"), WRONG)
def test_what_is_wrong_in_a_card_is_said_in_a_line(key: str, value: str, reason: str) -> None:
    with pytest.raises(GantkError, match=rf"^x\.onnx: its [^\n]*{reason}[^\n]*; export it again with this gantk$"):
        read_card({**CARD.metadata(), f"gantk.{key}": value}.items(), Path("x.onnx"))


def test_missing_and_doubled_metadata_are_named() -> None:
    metadata = CARD.metadata()
    with pytest.raises(GantkError, match=r"metadata say gantk\.plugin twice"):
        read_card([*metadata.items(), ("gantk.plugin", "other")], Path("x.onnx"))
    del metadata["gantk.task"]
    with pytest.raises(GantkError, match=r"metadata have no gantk\.task"):
        read_card(metadata.items(), Path("x.onnx"))


def test_a_card_of_an_older_gantk_is_read() -> None:
    metadata = CARD.metadata()
    for key in ("trained_size", "precision", "fidelity"):
        del metadata[f"gantk.{key}"]
    assert read_card(metadata.items(), Path("x.onnx")) == replace(CARD, trained_size=None)


def test_what_is_new_in_a_card_stands_there_only_where_it_says_something() -> None:
    metadata = replace(CARD, inputs=(PORT, LABEL)).metadata()
    assert "gantk.scale" not in metadata
    new = {"default", "low", "high", "shape", "words", "rule"}
    assert json.loads(metadata["gantk.inputs"])[1].keys() == {item.name for item in fields(Numbers)} - new
    dial = Numbers(name="psi", kind="scalar", layout="N", default=0.7, low=0, high=1)
    card = replace(CARD, inputs=(PORT, replace(LABEL, default=1), dial), scale=0.25)
    assert read_card(card.metadata().items(), Path("x.onnx")) == card
    assert [card.scaled(length) for length in (1, 4, 5)] == [1, 1, 2]


def test_a_number_has_limits() -> None:
    dial = Numbers(name="psi", kind="scalar", layout="N", default=0.7, low=0)
    assert [dial.number(said) for said in ("0.5", 2, np.float32(0.25))] == [0.5, 2, 0.25]
    for said in (-1, "much", None, float("nan"), float("inf")):
        with pytest.raises(UsageError, match=f"psi is a number from 0, not {said}"):
            dial.number(said)


def test_pixels_map_to_values_and_back_exactly() -> None:
    port = Port(
        name="image", layout="NCHW", dtype="float32", channels=1, range=(-1, 1), pixel="uint16", window=(0, 4096)
    )
    pixels = np.array([0, 1024, 2048, 4096], dtype=np.uint16)
    values = port.from_pixels(pixels)
    assert values.tolist() == [-1.0, -0.5, 0.0, 1.0]
    assert port.to_pixels(values).tolist() == pixels.tolist()
    assert port.to_pixels(np.float32([-1.5, 0.0001, 40.0])).tolist() == [0, 2048, 65535]
