"""What lies in folders: image files with their content hashes and headers, remembered between runs."""

import json
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from hashlib import blake2b
from pathlib import Path

from gantk.data.formats.files import read_file
from gantk.data.formats.limits import MAX_FILE
from gantk.data.opened import Facts
from gantk.data.parallel import in_order
from gantk.data.pixel_arrays import open_image
from gantk.data.storage import cache_folder, cached
from gantk.documents import read_text
from gantk.errors import DataError

Bad = dict[Path, str]
"""Why files cannot be used, by path."""

RULES = 3
"""Raised whenever the headers of the same files would be read otherwise."""

ReportProgress = Callable[[int, int], None]
"""Takes how many files are done, and how many there are."""


@dataclass(frozen=True)
class ImageFile:
    """An image file whose header could be read.

    Attributes:
        path: where it lies.
        digest: a hash of its content, in hexadecimal digits.
        facts: what its header says.
    """

    path: Path
    digest: str
    facts: Facts


def digest_of(data: bytes) -> str:
    """Return a hash of a file's content."""
    return blake2b(data, digest_size=16).hexdigest()


def scan(paths: Iterable[Path], workers: int = 0) -> tuple[dict[Path, ImageFile], Bad]:
    """Return the image files by path, and those whose header cannot be read.

    A file whose size and time of change are as they were is not opened again.
    """
    found: dict[Path, ImageFile] = {}
    bad: Bad = {}
    by_folder: dict[Path, list[Path]] = {}
    for path in paths:
        by_folder.setdefault(path.parent, []).append(path)
    for folder, files in by_folder.items():
        memory = _Memory(folder)
        with quiet_decoders():
            for path, result in in_order(memory.look_up, files, workers, _size):
                if isinstance(result, ImageFile):
                    found[path] = result
                else:
                    bad[path] = result
        memory.save()
    return found, bad


@contextmanager
def quiet_decoders() -> Iterator[None]:
    """Silence what decoders say of damaged and of large files, which gantk says itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def refuse(bad: Mapping[Path, str], total: int) -> DataError:
    """Return the error about files that cannot be used: the first few by name, the rest counted."""
    shown = [f"{path} {reason}" for path, reason in list(bad.items())[:3]]
    rest = f"; and {len(bad) - 3} more, which `gantk data` names" if len(bad) > 3 else ""
    count = f"{len(bad)} of {total} files cannot be used: " if len(bad) > 1 else ""
    return DataError(
        f"{count}{'; '.join(shown)}{rest}", "Mend or remove what is named, or leave it out with --skip-bad."
    )


class _Memory:
    """What is remembered of a folder's files: size, time of change, content hash and header."""

    def __init__(self, folder: Path) -> None:
        self.path = cache_folder() / "seen" / f"{digest_of(os.fsencode(folder.absolute()))}.json"
        self.known: dict[str, object] = {}
        self.changed = False
        # What is damaged or no file, or was written by rules that are no longer, is looked at anew.
        with suppress(OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            remembered = json.loads(read_text(self.path, MAX_FILE))
            if remembered["rules"] == RULES:
                self.known = dict(remembered["files"].items())

    def look_up(self, path: Path) -> ImageFile | str:
        """Return a file, or why it cannot be used."""
        try:
            stat = path.stat()
            stamp = [stat.st_size, stat.st_mtime_ns]
            if known := _remembered(path, stamp, self.known.get(path.name)):
                return known
            data = read_file(path)
            file = ImageFile(path, digest_of(data), open_image(data).facts)
        except OSError as error:
            return f"cannot be read: {_reason(error)}"
        except DataError as error:
            return str(error)
        self.known[path.name] = [*stamp, file.digest, *astuple(file.facts)]
        self.changed = True
        return file

    def save(self) -> None:
        """Write down what was seen; without room or permission the files are merely read again next time."""
        if self.changed:
            with suppress(OSError), cached(self.path) as stream:
                stream.write(json.dumps({"rules": RULES, "files": self.known}).encode())


def _remembered(path: Path, stamp: list[int], known: object) -> ImageFile | None:
    """Return a file as it was remembered, or None where it changed or what is remembered is damaged."""
    kinds = [int, int, str, *(type(value) for value in astuple(Facts(0, 0, 0, "")))]
    if not isinstance(known, list) or known[:2] != stamp or [type(value) for value in known] != kinds:
        return None
    return ImageFile(path, known[2], Facts(*known[3:]))


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def combined(files: Sequence[ImageFile]) -> str:
    """Return a hash of the contents of several files, in their order."""
    return digest_of("".join(file.digest for file in files).encode())
