"""Sizes in bytes, as people write and read them."""

import click
import pytest

from gantk.cli.byte_size import ByteSize
from gantk.text import bytes_said


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("5GB", 5 * 10**9),
        ("1.5 gb", 15 * 10**8),
        ("200MB", 2 * 10**8),
        ("12 kB", 12_000),
        ("7", 7),
        ("0", 0),
        ("3B", 3),
    ],
)
def test_a_size_is_read(said, meant):
    assert ByteSize().convert(said, None, None) == meant


@pytest.mark.parametrize("said", ["", "GB", "-1GB", "5X", "1e9", "5GiB"])
def test_what_is_no_size_is_refused(said):
    with pytest.raises(click.BadParameter, match="is no size: say one such as 5GB"):
        ByteSize().convert(said, None, None)


def test_sizes_are_said_in_two_digits_or_so():
    assert [bytes_said(count) for count in (0, 60, 3_400, 3_400_000, 999_000_000, 2_340_000_000)] == [
        "0 B", "60 B", "3.4 KB", "3.4 MB", "999 MB", "2.3 GB"
    ]  # fmt: skip
