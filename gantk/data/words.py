"""Captions as numbers of their words: the one rule by which a training and an exported model read them."""

import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import cache
from itertools import accumulate

import numpy as np

from gantk.data.dataset import Array
from gantk.errors import UsageError

RULE = (
    "words are runs of letters, marks and digits of the text in NFC and lower case; "
    "the first of the list has the number 1, and 0 fills up"
)
"""The rule, as a model's card states it."""

MOST_WORDS, MOST_LETTERS = 50_000, 2**19
"""Words that a model can know, and the letters that they have together: its card holds them."""

_LONGEST = 50
"""Letters of the longest word that is learnt."""

_SHOWN = 8
"""Words that stand for all that captions hold."""

_LISTED = 3
"""Unknown words that an error names, and known ones like each."""


def words_of(text: str) -> list[str]:
    """Return the words of a text in their order, by `RULE`."""
    return unicodedata.normalize("NFC", text).lower().translate(_parting()).split()


class _Parting(dict[int, int]):
    """The character that stands for each, by its number: itself, or a space for what parts words."""

    def __missing__(self, code: int) -> int:
        # Kept, since a training reads thousands of texts a second.
        self[code] = code if unicodedata.category(chr(code))[0] in "LMN" else ord(" ")
        return self[code]


@cache
def _parting() -> _Parting:
    return _Parting()


def words_in(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the words of some texts that a model can know, the most frequent first, else in alphabetical order."""
    counts = Counter(word for text in texts for word in words_of(text) if len(word) <= _LONGEST)
    words = sorted(counts, key=lambda word: (-counts[word], word))[:MOST_WORDS]
    room = bisect_right(list(accumulate(map(len, words))), MOST_LETTERS)
    return tuple(words[:room])


def some_of(words: Sequence[str]) -> str:
    """Return how many words there are, and the first of them: "1,234: face, with, ..."."""
    return f"{len(words):,}: {', '.join(words[:_SHOWN])}{', ...' if len(words) > _SHOWN else ''}"


class Vocabulary:
    """The words that a model knows, each with its number.

    Args:
        words: the words, the first of which has the number 1.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words
        self._numbers = {word: number for number, word in enumerate(words, 1)}

    def read(self, texts: Sequence[str], length: int) -> Array:
        """Return the numbers of the words of texts, int64 (N, length): unknown words and those beyond are left out."""
        tokens = np.zeros((len(texts), length), np.int64)
        for row, text in zip(tokens, texts, strict=True):
            known = [self._numbers[word] for word in words_of(text) if word in self._numbers][:length]
            row[: len(known)] = known
        return tokens

    def check(self, name: str, text: object, length: int) -> None:
        """Raise UsageError where a text that is said as the input `name` holds words that would be left out."""
        if not isinstance(text, str):
            raise UsageError(f"{name} is a text, not {text!r}")
        words = words_of(text)
        if text.strip() and not words:
            raise UsageError(f"{name} has no words: {text}")
        if unknown := [word for word in dict.fromkeys(words) if word not in self._numbers]:
            count = f"{len(unknown)} of its {len(words)} words" if len(words) > 1 else "its word"
            more = f" and {len(unknown) - _LISTED} more" if len(unknown) > _LISTED else ""
            named = ", ".join(self._with_nearest(word) for word in unknown[:_LISTED])
            raise UsageError(f"{name}: the model does not know {count}: {named}{more}")
        if len(words) > length:
            raise UsageError(f"{name} has {len(words)} words, and the model reads {length}: say fewer")

    def _with_nearest(self, word: str) -> str:
        shown = word if len(word) <= _LONGEST else f"{word[:_LONGEST]}..."
        alike = get_close_matches(word, self.words, _LISTED) if shown == word else []
        return f"{shown} (near {', '.join(alike)})" if alike else shown
