"""Captions as numbers of their words."""

import pytest

from gantk.data import words
from gantk.data.words import Vocabulary, words_in, words_of
from gantk.errors import UsageError

KNOWN = Vocabulary(("red", "heart", "face"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A red FACE, with 2 tears!", ["a", "red", "face", "with", "2", "tears"]),
        ("cafe\u0301 na\u00efve", ["caf\u00e9", "na\u00efve"]),
        ("\u0939\u093f\u0928\u094d\u0926\u0940", ["\u0939\u093f\u0928\u094d\u0926\u0940"]),
        ("it's_so", ["it", "s", "so"]),
        ("?!", []),
    ],
)
def test_words_are_runs_of_letters_marks_and_digits(text: str, found: list[str]) -> None:
    assert words_of(text) == found


def test_the_most_frequent_word_comes_first() -> None:
    texts = ["red heart", "blue heart", "x" * 51, "azure"]
    assert words_in(texts) == ("heart", "azure", "blue", "red")


def test_a_card_has_room_for_so_many_words_and_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "MOST_WORDS", 3)
    assert words_in(["d c b a"]) == ("a", "b", "c")
    monkeypatch.setattr(words, "MOST_LETTERS", 4)
    assert words_in(["aa bb c"]) == ("aa", "bb")


def test_a_training_leaves_out_what_it_does_not_know() -> None:
    read = KNOWN.read(["a red face", "face face face heart", ""], 3)
    assert read.tolist() == [[1, 3, 0], [3, 3, 3], [0, 0, 0]]
    assert read.dtype == "int64"


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("a red hart", "caption: the model does not know 2 of its 3 words: a, hart (near heart)"),
        ("blue", "caption: the model does not know its word: blue"),
        ("a b c d e", "caption: the model does not know 5 of its 5 words: a, b, c and 2 more"),
        ("red red red red", "caption has 4 words, and the model reads 3: say fewer"),
        ("?!", "caption has no words: ?!"),
        (7, "caption is a text, not 7"),
    ],
)
def test_what_would_be_left_out_is_one_line(said: object, line: str) -> None:
    with pytest.raises(UsageError) as caught:
        KNOWN.check("caption", said, 3)
    assert str(caught.value) == line


def test_a_text_without_any_word_can_be_meant() -> None:
    KNOWN.check("caption", " ", 3)
