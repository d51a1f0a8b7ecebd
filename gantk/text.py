"""Text that comes from elsewhere (names of files, fields of a card, words of an error), safe to show and to paste."""

import shlex
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path, PurePath

_KEPT = "\u200c\u200d"
"""Invisible joiners that Persian, Indic scripts and emoji are spelled with."""

_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Categories of what is no character to see: controls, formats, halves of pairs, separators of lines."""

_FEW, _NEAREST = 12, 4
"""So many names are listed in an error; of more, so many that are the nearest."""

_NAMED = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def printable(text: object) -> str:
    r"""Return a text as one line that cannot steer a terminal.

    Control characters, escape sequences, line breaks, marks that turn the direction of writing and bytes of names that
    are not UTF-8 are written as Python writes them: `\x1b`, `\n`, `\u202e`, `\xff`.
    """
    said = str(text)
    # Nearly every text is plain, and tables have many.
    return said if said.isascii() and said.isprintable() else "".join(map(_shown, said))


def is_utf8(text: object) -> bool:
    """Return whether a text, such as a path, holds no byte that is not UTF-8."""
    return not any(0xD800 <= ord(character) <= 0xDFFF for character in str(text))


def printable_lines(text: object) -> str:
    """Return a text of several lines with each as `printable` returns it; what is put into it from elsewhere is not."""
    return "\n".join(map(printable, str(text).split("\n")))


def pasted(*words: object) -> str:
    """Return words of a command as they are pasted into a shell: quoted where need be, and no path an option."""
    return " ".join(_quoted(_named(word) if isinstance(word, PurePath) else str(word)) for word in words)


def bytes_said(count: int) -> str:
    """Return a number of bytes in words."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}" if unit == "GB" or count < 10 * size else f"{count / size:.0f} {unit}"
    return f"{count} B"


def link(path: Path) -> str:
    """Return a file's address, which terminals make a link of, and in which nothing need be quoted."""
    return path.absolute().as_uri()


def nearest(name: str, names: Iterable[str], listing: str = "") -> str:
    """Return what to append to an error about an unknown name: what was meant, or what is known.

    An option is also meant by its own name: `filters` by `generator.filters`. Of many names that nothing is like, the
    nearest few are said, and `listing`, the command that lists them all.
    """
    known = sorted(names)
    plain = {_alike(each): each for each in known}
    if close := get_close_matches(_alike(name), plain, n=1):
        return f"; did you mean {plain[close[0]]!r}?"
    # An option's own name, whosever it is.
    own = {each: _alike(each).rpartition(".")[2] for each in known}
    if close := get_close_matches(_alike(name).rpartition(".")[2], own.values(), n=1, cutoff=0.8):
        return f"; did you mean {' or '.join(repr(each) for each in known if own[each] == close[0])}?"
    if len(known) <= _FEW:
        return f"; known: {', '.join(known)}" if known else ""
    some = ", ".join(plain[each] for each in get_close_matches(_alike(name), plain, n=_NEAREST, cutoff=0))
    return f"; of {len(known)} known, the nearest are {some}{f'; {listing} lists all' if listing else ''}"


def _alike(name: str) -> str:
    return name.lower().replace("_", "-")


def _shown(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        # Python's stand-in for a byte that is no UTF-8.
        return f"\\x{code - 0xDC00:02x}"
    return _NAMED.get(character) or (
        f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    )


def _named(path: PurePath) -> str:
    return f"./{path}" if str(path).startswith("-") else str(path)


def _quoted(word: str) -> str:
    if printable(word) == word:
        return shlex.quote(word)
    # Bash and zsh read escapes between $' and '; of bytes, since a name is bytes.
    held = "".join(
        character
        if printable(character) == character and character not in "\\'"
        else "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
        for character in word
    )
    return f"$'{held}'"
