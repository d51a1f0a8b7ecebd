"""A label map becomes ids, whatever its picture is; ids become a picture of their classes."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gantk.data.palettes import Palette
from gantk.data.pixels import scaled
from gantk.errors import DataError
from gantk.runtime.card import Card
from gantk.runtime.fitted import nearest
from gantk.runtime.given import Given
from gantk.runtime.images import read, read_bytes
from gantk.runtime.labels import batch_of_ids, ids_of, picture_of
from gantk.runtime.ports import LABELS, Port

GREY = Palette.read(["7 road 0x804080", "0 sky 0x4682b4", "255 nothing 0x000000 (ignored)"])
COLOURS = Palette.read(["0x804080 road", "0x4682b4 sky", "0x000000 nothing"])
IDS = np.array([[0, 1, 2], [2, 0, 0]], np.uint8)


def port(palette: Palette, dtype: str = "uint8") -> Port:
    span = (0, len(palette) - 1)
    return Port(
        name="map", kind="labels", layout="NHW", dtype=dtype, channels=1, range=span, pixel=dtype, window=span,
        palette=palette,
    )  # fmt: skip


def shown(palette: Palette) -> np.ndarray:
    return np.array(palette.colours, np.uint8)[IDS]


def indexed(colours: list[int], indices: np.ndarray = IDS) -> Image.Image:
    image = Image.fromarray(indices).convert("P")
    image.putdata(indices.ravel().tolist())
    image.putpalette(colours)
    return image


def maps() -> dict[str, tuple[Any, Palette]]:
    values = np.array([7, 0, 255], np.uint8)[IDS]
    grey, colours = Image.fromarray(values), Image.fromarray(shown(COLOURS))
    opaque = colours.convert("RGBA")
    table = [channel for colour in COLOURS.colours for channel in colour]
    return {
        "grey values": (grey, GREY),
        "grey values as RGB": (grey.convert("RGB"), GREY),
        "grey values of 16 bits": (Image.fromarray(values.astype(np.uint16)), GREY),
        "an array": (values, GREY),
        "an array of floats": (values[..., None].astype(np.float32), GREY),
        "the colours that are shown": (Image.fromarray(shown(GREY)), GREY),
        "indices of other colours": (indexed([9, 9, 9, 8, 8, 8, 7, 7, 8], IDS), COLOURS),
        "values as indices of other colours": (indexed([1, 2, 3] * 256, values), GREY),
        "a table of the colours": (indexed(table), COLOURS),
        "colours": (colours, COLOURS),
        "colours and opacity": (opaque, COLOURS),
        "grey ids": (Image.fromarray(IDS), COLOURS),
        "grey ids as RGB": (Image.fromarray(IDS).convert("RGB"), COLOURS),
    }


@pytest.mark.parametrize("name", maps())
def test_a_label_map_is_read_by_its_palette(name: str, tmp_path: Path) -> None:
    image, palette = maps()[name]
    assert np.array_equal(ids_of(image, palette)[..., 0], IDS)
    if isinstance(image, Image.Image):
        image.save(tmp_path / "map.png")
        assert np.array_equal(ids_of(read(tmp_path / "map.png", LABELS), palette)[..., 0], IDS)


def test_black_is_a_colour_before_it_is_an_id() -> None:
    black = np.zeros((2, 2), np.uint8)
    assert (ids_of(black, COLOURS) == 2).all()
    assert (ids_of(black, GREY) == 1).all()


@pytest.mark.parametrize(
    ("image", "palette", "line"),
    [
        (np.full((2, 2), 9, np.uint8), GREY, "the value 9, which is no class; the nearest is 7 (road)"),
        (np.full((2, 2), 9, np.uint8), COLOURS, "the value 9, which is no class; the nearest is 2 (nothing)"),
        (
            Image.new("RGB", (2, 2), (128, 64, 120)),
            COLOURS,
            "the value 0x804078, which is no class; the nearest is 0x804080 (road)",
        ),
        (
            Image.new("RGB", (2, 2), (70, 130, 179)),
            GREY,
            "the value 0x4682b3, which is no class; the nearest is 0x4682b4 (sky)",
        ),
        (np.full((2, 2), 0.5, np.float32), GREY, "pixels that are neither whole numbers nor colours"),
    ],
)
def test_what_is_of_no_class_is_named_with_the_nearest(image: Any, palette: Palette, line: str) -> None:
    with pytest.raises(DataError) as caught:
        ids_of(image, palette)
    assert str(caught.value) == f"a label map holds {line}"


def test_arrays_of_several_maps() -> None:
    batch = batch_of_ids(np.stack([shown(COLOURS), shown(COLOURS)]), port(COLOURS))
    assert (batch.shape, batch.dtype) == ((2, 2, 3, 1), np.uint8)
    with pytest.raises(DataError, match=r"label maps as arrays .*, not \(2, 3, 4\)"):
        batch_of_ids(np.zeros((2, 3, 4), np.uint8), port(COLOURS))


def test_ids_become_a_png_of_the_classes_colours() -> None:
    file = io.BytesIO()
    picture_of(IDS[..., None], port(GREY)).save(file, "PNG")
    again = Image.open(io.BytesIO(file.getvalue()))
    assert (again.mode, np.asarray(again).tolist()) == ("P", IDS.tolist())
    assert np.array_equal(np.asarray(again.convert("RGB")), shown(GREY))
    assert np.array_equal(ids_of(read_bytes(file.getvalue(), LABELS), GREY)[..., 0], IDS)
    many = Palette(tuple((number,) for number in range(300)))
    deep = picture_of(np.full((2, 2, 1), 299, np.uint16), port(many, "uint16"))
    assert (deep.mode, deep.getpixel((0, 0))) == ("I;16", 299)


@pytest.mark.parametrize("sides", [(8, 8), (5, 7), (40, 32)])
def test_the_nearest_pixels_are_those_of_training(sides: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 9, (13, 19, 1), dtype=np.uint8)
    found = nearest(image, sides)
    factor = max(sides[0] / 13, sides[1] / 19)
    # Training brings the shorter side to a number of pixels, from which a crop is cut.
    trained = scaled(image, (round(13 * factor),) * 2, nearest=True)
    top, left = (trained.shape[0] - sides[0]) // 2, (trained.shape[1] - sides[1]) // 2
    assert np.array_equal(found, trained[top : top + sides[0], left : left + sides[1]])


def test_a_model_of_one_size_takes_the_nearest_pixels_of_the_centre() -> None:
    output = Port(name="output", dtype="uint8", channels=3, range=(0, 255), pixel="uint8", window=(0, 255))
    second = replace(port(GREY), name="second")
    card = Card(
        version="1", plugin="p", graph="g", task="translate", inputs=(port(GREY), second), outputs=(output,), mode={},
        created="2024-01-31", size=4,
    )  # fmt: skip
    values = np.array([7, 0, 255], np.uint8)[np.random.default_rng(0).integers(0, 3, (9, 12))]
    taken = Given(card, {"second": Image.fromarray(values.repeat(3, 0).repeat(3, 1))}).take(Image.fromarray(values))
    assert (taken.batch.shape, taken.fitted) == ((1, 4, 4, 1), True)
    assert np.array_equal(taken.batch[0], nearest(ids_of(values, GREY), (4, 4)))
    assert np.array_equal(taken.further["second"], taken.batch), "the same map, at three times its size"
    with pytest.raises(DataError, match="the model takes 4x4 pixels, and an array as it is, not 9x12"):
        Given(card, {"second": values}).take(values)
