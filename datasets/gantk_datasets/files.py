"""Files of published data sets: looked for in a folder, or downloaded into gantk's cache folder."""

import gzip
import os
import socket
import sys
import zlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from pathlib import Path
from tarfile import TarError

from gantk import DataError
from gantk.data.storage import cache_folder

PATIENCE = 20
"""Seconds to wait for each answer of a server."""


@dataclass(frozen=True)
class PublishedFiles:
    """The files of a data set as they are published.

    Attributes:
        dataset: what `--data` calls it.
        names: the files' names; a file may be gzipped (`NAME.gz`), or have a dot in place of the hyphen before `idx`.
        places: folders below a given one where they may lie too.
        download: downloads the files to one of the places below a folder.
        hint: what else a user should know who has not the files.
    """

    dataset: str
    names: tuple[str, ...]
    places: tuple[str, ...]
    download: Callable[[Path], None]
    hint: str

    def given(self, argument: str | None) -> Path | None:
        """Return the folder that `--data NAME:PATH` names, None without one. Raises DataError where there is none."""
        folder = None if argument is None else Path(argument).expanduser()
        if folder is not None and not folder.is_dir():
            raise DataError(f"data {self.dataset}:{folder}: there is no such folder")
        return folder

    def located(self, argument: str | None) -> Callable[[], Mapping[str, Path]]:
        """Return what gives the files by name: those of the folder that is named, else downloaded when it is called.

        Raises DataError, naming the files that the folder lacks.
        """
        folder = self.given(argument)
        return self._fetched if folder is None else partial(dict, self._found(folder))

    def _found(self, folder: Path) -> Mapping[str, Path]:
        files, lacking = self._look(folder)
        if lacking:
            raise DataError(f"data {self.dataset}:{folder} lacks {', '.join(lacking)}; {self.hint}")
        return files

    def _fetched(self) -> Mapping[str, Path]:
        folder = cache_folder() / "datasets"
        if self._look(folder)[1]:
            try:
                _quietly(self.download, folder)
            except (OSError, RuntimeError, HTTPException, EOFError, zlib.error, TarError) as error:
                raise DataError(
                    f"{self.dataset} could not be downloaded: get {', '.join(self.names)} some other way, "
                    f"put them into a folder, and say --data {self.dataset}:FOLDER; {self.hint}"
                ) from error
        return self._found(folder)

    def _look(self, folder: Path) -> tuple[Mapping[str, Path], list[str]]:
        """Return the files of the place that has most of them, and the names of those that it lacks."""
        best: dict[str, Path] = {}
        for place in (folder, *(folder / place for place in self.places)):
            here = {name: path for name in self.names if (path := _variant(place, name))}
            best = here if len(here) > len(best) else best
        return best, [name for name in self.names if name not in best]


def contents(path: Path) -> bytes:
    """Return what a file holds, unpacked where it is gzipped. Raises DataError where it is damaged."""
    try:
        data = path.read_bytes()
        # Some programs unpack a file as they download it, and leave its name.
        return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(path, "it cannot be read to its end") from error


def damaged(path: Path, why: str) -> DataError:
    """Return the error of a file that is not as it was published."""
    return DataError(f"{path} is truncated or damaged: {why}; delete it, and fetch it again")


def _variant(place: Path, name: str) -> Path | None:
    dotted = name.replace("-idx", ".idx")
    paths = (place / f"{stem}{ending}" for stem in (name, dotted) for ending in ("", ".gz"))
    return next((path for path in paths if path.is_file()), None)


def _quietly(download: Callable[[Path], None], folder: Path) -> None:
    """Download with bounded waiting; progress is shown on a terminal alone."""
    folder.mkdir(parents=True, exist_ok=True)
    patience = socket.getdefaulttimeout()
    with ExitStack() as stack:
        silence = stack.enter_context(Path(os.devnull).open("w"))
        stack.enter_context(redirect_stdout(silence))
        if not sys.stderr.isatty():
            stack.enter_context(redirect_stderr(silence))
        socket.setdefaulttimeout(PATIENCE)
        stack.callback(socket.setdefaulttimeout, patience)
        download(folder)
