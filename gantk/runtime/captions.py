"""Captions as callers say them, as the numbers of words that a model takes."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from gantk.data.dataset import Array
from gantk.data.words import Vocabulary
from gantk.errors import UsageError
from gantk.runtime.ports import Numbers

_SHOWN = 3
"""Words that an example has."""


def tokens_of(port: Numbers, said: Any) -> Array:
    """Return a text, or one for each sample, as the numbers of its words, (1, length) or (N, length).

    Raises UsageError where one holds words that the model does not know, or more than it reads.
    """
    texts = [said] if isinstance(said, str) or not isinstance(said, Sequence) else list(said)
    vocabulary = _vocabulary(port.words)
    for text in texts:
        vocabulary.check(port.name, text, port.length)
    return vocabulary.read(texts, port.length)


def text_of(port: Numbers, tokens: Array) -> str:
    """Return the words of which these are the numbers."""
    return " ".join(port.words[number - 1] for number in tokens if number)


def example(port: Numbers) -> str:
    """Return a text of words that a model knows."""
    return " ".join(port.words[: min(_SHOWN, port.length)])


def described(port: Numbers) -> str:
    """Return what an input takes, in words."""
    return f"a text of up to {port.length} words, of the {len(port.words):,} that the model knows"


def unsaid(port: Numbers) -> UsageError:
    """Return the error of a caption that must be said and is not."""
    some = ", ".join(port.words[:_SHOWN])
    return UsageError(
        f"the model takes a text {port.name}: say it of words that it knows, such as {some}, by --caption "
        f'{port.name}="{example(port)}" (in Python {port.name}={example(port)!r})'
    )


@lru_cache(maxsize=4)
def _vocabulary(words: tuple[str, ...]) -> Vocabulary:
    return Vocabulary(words)
