"""The letters of labels in pictures."""

import unicodedata

import pytest

from gantk.training.lettering import drawable


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("step 3 · 2 \u00d7 4 → …", "step 3 · 2 \u00d7 4 → …"),
        ("Öl gemälde", "Ol gemalde"),
        (unicodedata.normalize("NFD", "Öl gemälde"), "Ol gemalde"),
        ("猫 cat", "? cat"),
    ],
)
def test_letters_that_the_font_lacks_are_drawn_as_their_base_or_a_mark(text, drawn):
    assert drawable(text) == drawn
