"""The letters in which pictures are labelled."""

import unicodedata

KNOWN = "\u2026\u00b7\u2013\u2192\u00d7"
"""What Pillow's own font has beyond ASCII: an ellipsis, a middle dot, a dash, an arrow, a cross."""


def drawable(text: str) -> str:
    """Return a text in the letters of Pillow's own font: without accents, and ? for what has no such letter."""
    return "".join(map(_letter, unicodedata.normalize("NFC", text)))


def _letter(character: str) -> str:
    if character.isascii() or character in KNOWN:
        return character
    return unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode() or "?"
