"""Which recipes take which tricks of training: what is found by building them, and the book's table of it.

`PYTHONPATH=tests python tests/plugins/test_tricks.py` writes that table anew.
"""

import json
import re
from pathlib import Path

import pytest

from gantk.cli.plugin_pages import tricks_of
from support.commands import invoke, refusal
from support.dealt import RECIPES

PAGE = Path(__file__).parents[2] / "docs" / "tricks.md"
TABLE = re.compile(r"^\| recipe \|.*?\n\n", re.MULTILINE | re.DOTALL)


def table(found):
    """Return the book's table: a row for each recipe, a column for each trick."""
    names = list(next(iter(found.values())))
    rows = [["recipe", *(f"`{name}`" for name in names)], ["---", *[":-:"] * len(names)]]
    for recipe, tricks in sorted(found.items()):
        marks = ["" if not one["kinds"] else "yes" if not one["reason"] else "unlabelled" for one in tricks.values()]
        rows.append([f"`{recipe}`", *marks])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows).replace("|  ", "| ") + "\n"


@pytest.fixture(scope="module")
def found():
    return tricks_of(None)


def test_the_book_has_what_is_found(found):
    """Where this fails, write the table anew, as is said above."""
    (written,) = TABLE.findall(PAGE.read_text("utf-8"))
    assert written == table(found)


def test_every_recipe_was_built(found):
    assert set(found) >= set(RECIPES)
    tricks = next(iter(found.values()))
    assert {"pack", "r1", "historical_averaging", "orthogonal", "instance-noise", "ada", "feature_matching"} <= set(
        tricks
    )
    assert all(set(tricks) == set(others) for others in found.values())
    for tricks in found.values():
        for name, one in tricks.items():
            assert one["kinds"] or one["reason"], name
            assert not one["reason"].startswith("fails"), one["reason"]
            assert set(one["kinds"]) <= {"images"} or not one["reason"]


@pytest.mark.parametrize(
    ("recipe", "trick", "kinds", "reason"),
    [
        ("cyclegan", "pack", ["unpaired"], ""),
        ("sngan", "pack", ["images"], "told class labels"),
        ("ebgan", "pack", [], "a game of energies"),
        ("vae", "pack", [], "takes no discriminator of others"),
        ("dcgan", "r1", [], "normalization batch"),
        ("cyclegan", "r1", ["unpaired"], ""),
        ("unit", "orthogonal", [], "takes no generator of others"),
        ("wgan", "ada", [], "no score that says so"),
        ("bigan", "loss.real", [], "can change sides"),
        ("dcgan", "minibatch", ["images"], ""),
        ("pix2pix", "minibatch", [], "no such option"),
        ("vae", "historical_averaging", ["images"], ""),
    ],
)
def test_what_is_found_is_what_recipes_say(recipe, trick, kinds, reason, found):
    one = found[recipe][trick]
    assert one["kinds"] == kinds
    assert reason in one["reason"]
    assert bool(one["reason"]) == bool(reason)


def test_the_command_says_so_of_one_recipe():
    said = " ".join(invoke("plugins", "dcgan", "--tricks").split())
    assert "pack, historical_averaging, orthogonal," in said
    assert "not r1 setting r1 cannot be used with normalization batch" in said
    (page,) = json.loads(invoke("plugins", "dcgan", "--tricks", "--json")).values()
    assert page["pack"] == {"kinds": ["images"], "reason": ""}
    assert "plugin hinge brings no recipe" in refusal("plugins", "hinge", "--tricks", status=2)


if __name__ == "__main__":
    PAGE.write_text(TABLE.sub(lambda _: table(tricks_of(None)), PAGE.read_text("utf-8")), "utf-8")
