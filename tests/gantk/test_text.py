"""What is shown of names and texts from elsewhere, and what is pasted."""

import subprocess
import unicodedata
from pathlib import Path

import pytest

from gantk.errors import DataError
from gantk.text import link, nearest, pasted, printable, printable_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain.png", "plain.png"),
        ("C:\\new\\table", "C:\\new\\table"),
        ("猫 · été 👩\u200d🚀.png", "猫 · été 👩\u200d🚀.png"),
        ("a\x1b[2Jb", r"a\x1b[2Jb"),
        ("\x9b31m", r"\x9b31m"),
        ("a\rError: b\nc\td", r"a\rError: b\nc\td"),
        ("evil\u202egnp.exe", r"evil\u202egnp.exe"),
        ("a\u2028b\u200bc\ufeff", r"a\u2028b\u200bc\ufeff"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("caf\udce9.png", r"caf\xe9.png"),
        ("half\ud83d", r"half\ud83d"),
    ],
)
def test_what_steers_a_terminal_is_shown_as_its_escape(text, shown):
    assert printable(text) == shown
    shown.encode()


def test_no_character_that_is_shown_is_hidden():
    every = printable("".join(map(chr, range(0x110000))))
    hidden = {character for character in every if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert hidden == {"\u200c", "\u200d"}


def test_lines_stay_lines():
    assert printable_lines("a\x1b\nb\r\n") == "a\\x1b\nb\\r\n"


def test_every_argument_of_an_error_is_one_line_of_its_message():
    error = DataError("a\n\x1b[31mb", "Mend it.")
    assert str(error) == "a\\n\\x1b[31mb\nMend it."
    assert str(DataError()) == ""


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("runs/one", "runs/one"),
        ("my run", "'my run'"),
        ("it's", "'it'\"'\"'s'"),
        ("a\n\x1b'\\b", r"$'a\x0a\x1b\x27\x5cb'"),
        ("caf\udce9", r"$'caf\xe9'"),
        ("\u202eé", r"$'\xe2\x80\xaeé'"),
    ],
)
def test_what_is_pasted_into_a_shell_is_the_name(name, written):
    assert pasted("gantk", name) == f"gantk {written}"
    said = subprocess.run(["bash", "-c", f"printf %s {pasted(name)}"], stdout=subprocess.PIPE, check=True).stdout
    assert said == name.encode("utf-8", "surrogateescape")


def test_the_nearest_name_or_all_of_them():
    assert nearest("filter", ["filters", "blocks"]) == "; did you mean 'filters'?"
    assert nearest("x", ["filters", "blocks"]) == "; known: blocks, filters"
    assert nearest("x", []) == ""


def test_capitals_and_dashes_do_not_matter_and_an_option_is_meant_by_its_own_name():
    assert nearest("CycleGAN", ["cyclegan", "cut"]) == "; did you mean 'cyclegan'?"
    assert nearest("wgan_gp", ["cut", "wgan-gp", "stargan"]) == "; did you mean 'wgan-gp'?"
    options = ["generator.units", "discriminator.filters", "cycle"]
    assert nearest("units", options) == "; did you mean 'generator.units'?"
    assert nearest("unit", options) == "; did you mean 'generator.units'?"
    assert nearest("generator.filters", ["filters", "cycle"]) == "; did you mean 'filters'?"
    both = [*options, "generator.filters"]
    assert nearest("filters", both) == "; did you mean 'discriminator.filters' or 'generator.filters'?"


def test_of_many_names_the_nearest_are_said_and_what_lists_them():
    many = [f"part{number}" for number in range(40)]
    assert nearest("qqpart7", [*many, "zz"], "gantk plugins").startswith("; did you mean 'part7'")
    said = nearest("trap", many, "gantk plugins")
    assert said.startswith("; of 40 known, the nearest are part")
    assert said.count("part") == 4
    assert said.endswith("; gantk plugins lists all")
    assert nearest("trap", many).count(";") == 1


def test_a_path_is_no_option_and_an_option_no_path():
    assert pasted("gantk", "export", Path("-run"), "--out", Path("a/-b")) == "gantk export ./-run --out a/-b"


def test_an_address_needs_no_quotes():
    address = link(Path("Ada's (ü) run/index.html"))
    assert address == f"{Path.cwd().as_uri()}/Ada%27s%20%28%C3%BC%29%20run/index.html"
    assert pasted(address) == address
