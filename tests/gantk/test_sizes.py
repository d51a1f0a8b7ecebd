"""Sizes: how they are said, read and written, and what serves squares alone."""

import pytest

from gantk import DiscriminatorSpec, GeneratorSpec, Unsupported, UsageError
from gantk.parts.data_info import DataInfo
from gantk.plan.settings import RunSettings
from gantk.plugins.options import options_of, parse_value
from gantk.sizes import Sides, read_size, sides_of

SIZE = options_of(RunSettings)["size"]


@pytest.mark.parametrize(
    ("said", "size"),
    [
        (64, 64),
        ("64", 64),
        ("32x64", (32, 64)),
        (" 32X64 ", (32, 64)),
        ("64x64", 64),
        ([32, 64], (32, 64)),
        ((7, 7), 7),
        (Sides(3, 4), (3, 4)),
    ],
)
def test_a_size_is_height_by_width_or_one_number(said, size):
    read = read_size(said)
    assert read == size
    assert parse_value(SIZE, said, "size") == size
    assert read_size(sides_of(read).written) == size


@pytest.mark.parametrize(
    "said", ["", "x", "64x", "x64", "1x2x3", "-1", "6.5", 6.5, True, [1], [1, 2, 3], None, [1, "2"]]
)
def test_what_is_no_size_is_refused(said):
    with pytest.raises(ValueError, match="HEIGHTxWIDTH"):
        read_size(said)


@pytest.mark.parametrize("said", ["0x64", "0x0", "99999x64", 0])
def test_a_setting_out_of_range_is_shown_as_it_is_said(said):
    with pytest.raises(UsageError, match=f"^setting size: {0 if said == '0x0' else said} is not from 1 to 16,384$"):
        RunSettings(size=parse_value(SIZE, said, "size"))


def test_files_say_a_number_or_height_by_width():
    assert (sides_of(64).written, sides_of((32, 64)).written) == (64, "32x64")
    assert (str(sides_of(64)), str(sides_of((32, 64)))) == ("64", "32x64")


@pytest.mark.parametrize("made", [GeneratorSpec, lambda size: DiscriminatorSpec(channels=3, size=size)])
def test_a_part_serves_rectangles_only_if_it_says_so(made):
    wide = made(size=(32, 64))
    wide.accept("sides")
    assert wide.sides == (32, 64)
    for serving_squares in (wide.accept, lambda: wide.square):
        with pytest.raises(Unsupported, match="^serves images as high as wide, not 32x64 pixels$"):
            serving_squares()
    made(size=(64, 64)).accept()
    assert made(size=64).square == made(size=(64, 64)).square == 64


def test_a_recipe_that_serves_squares_refuses_a_rectangle_in_a_line():
    assert DataInfo(kind="images", size=64, channels={}).square == 64
    with pytest.raises(
        Unsupported, match="^the recipe serves images as high as wide, not 32x64 pixels: say one number"
    ):
        _ = DataInfo(kind="images", size=(32, 64), channels={}).square
