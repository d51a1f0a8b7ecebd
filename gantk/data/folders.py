"""Users' images: folders become a data set."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from gantk.data.arranged import Arranged, Asked, Direction
from gantk.data.arranging import arrange
from gantk.data.cache import BadFilesError, Packing, packed
from gantk.data.columns import Window, check_precision, check_window, common_channels, window_of
from gantk.data.dataset import Array, Column, Dataset, Group, Split
from gantk.data.labels import SECOND, Labels, label_keys, told_of_labels
from gantk.data.layouts import Layout, recognise
from gantk.data.listing import in_words
from gantk.data.opened import told
from gantk.data.packs import Pack, PackedImages
from gantk.data.partners import said_namings
from gantk.data.rows import Rows
from gantk.data.scanning import Bad, ImageFile, ReportProgress, combined, digest_of, refuse
from gantk.data.unread import other_folders, passed_over
from gantk.errors import DataError, UsageError
from gantk.text import printable


class FolderDataset(Dataset):
    """Images that lie in folders. They are decoded when a split is first asked for, and kept decoded.

    Attributes:
        arranged: which files are read, and as what.
        channels: of each key's images.
        windows: the windows of values that were asked for, by key.
        passed_over: how many files in the folders are of other kinds, by ending.
        bad: files that cannot be used, and why; those whose pixels are damaged are known after the first split.
    """

    def __init__(
        self,
        name: str,
        arranged: Arranged,
        *,
        test_folder: str,
        unread: str,
        passed_over: Mapping[str, int],
        channels: int | None,
        windows: Mapping[str, Window | None],
        labels: Labels,
        skip_bad: bool,
        workers: int,
        progress: ReportProgress | None,
    ) -> None:
        self.name = name
        self.kinds = (arranged.kind,)
        self.classes, self.domains = arranged.classes, arranged.domains
        self.arranged = arranged
        self.bad: Bad = dict(arranged.bad)
        self.passed_over = passed_over
        self._test_folder, self._unread = test_folder, unread
        self.windows, self._skip_bad, self._workers, self._progress = windows, skip_bad, workers, progress
        self._packs: dict[int | None, dict[str, Pack]] = {}
        self._files = {key: _files_of(arranged.train, key) + _files_of(arranged.test, key) for key in arranged.keys}
        self._label_keys = label_keys(self._files, labels)
        self._told = told_of_labels(self._label_keys, labels)
        self.channels = {key: common_channels(files, channels) for key, files in self._files.items()}
        for files in self._files.values():
            check_precision(files)

    @property
    def summary(self) -> str:  # type: ignore[override]
        """What was found and how it is read, in one line."""
        said = [f"{self.arranged.how}, {self._counts()}", self._unread, in_words(self.passed_over)]
        if self.bad and self._skip_bad:
            said.insert(1, f"{len(self.bad)} bad file{'s' * (len(self.bad) > 1)} left out")
        return printable(f"{self.name}: {'; '.join(filter(None, said))}")

    @property
    def notes(self) -> tuple[str, ...]:
        """What is read otherwise than it may seem, and the files that were left out, a line each."""
        out = [f"left out: {path} {reason}" for path, reason in self.bad.items()] if self._skip_bad else []
        return (*self.readings, *out)

    @property
    def readings(self) -> list[str]:
        """What is read otherwise than it may seem, such as animations."""
        return self._told + told((file.path, file.facts.note) for files in self._files.values() for file in files)

    def split(self, kind: str, test: bool, load: int | None) -> Split:
        if kind not in self.kinds:
            raise DataError(f"{self.name} serves {self.kinds[0]} batches, not {kind} ones")
        packs = self._opened(load)
        groups = zip(self.arranged.train, self.arranged.test, strict=True)
        return Split(tuple(self._group(train, test_rows if test else train, packs) for train, test_rows in groups))

    def fingerprint(self) -> str:
        shares = (self.arranged.train, self.arranged.test)
        rows_of = [(rows, key) for share in shares for rows in share for key in rows.files]
        said = [f"{key}:{combined(rows.files[key])}:{rows.labels}" for rows, key in rows_of]
        return digest_of("\n".join([self.arranged.kind, str(self.arranged.parts), *said]).encode())

    def _group(self, train: Rows, rows: Rows, packs: Mapping[str, Pack]) -> Group:
        columns: dict[str, Column] = {}
        train, rows = self._usable(train), self._usable(rows)
        if not len(train):
            raise DataError(f"{self.name}: no image is left to train on")
        for key in rows.files:
            table = packs[key].table[self._numbers(train, key)]
            option = "window_b" if key in SECOND else "window"
            dtype, name = str(packs[key].dtype), f"{self.name} ({key})"
            window = self.windows[key] or window_of(dtype, table, name, option)
            columns[key] = PackedImages(packs[key], self._numbers(rows, key), self.channels[key], window)
        if train.labels:
            columns["label"] = np.array(rows.labels, np.int64)
        return Group(columns)

    def _counts(self) -> str:
        """Return how many images are trained on and held out, in words; the share is the true one."""
        train, test = (
            [len(self._usable(rows)) for rows in share] for share in (self.arranged.train, self.arranged.test)
        )
        trained, held_out = (" + ".join(map(str, counts)) for counts in (train, test))
        if not sum(test):
            return f"{trained} to train on, none held out"
        share = f"held out ({100 * sum(test) / sum(train + test):.3g}% by content)"
        return f"{trained} to train on, {held_out} {f'in {self._test_folder}' if self._test_folder else share}"

    def _usable(self, rows: Rows) -> Rows:
        files = zip(*rows.files.values(), strict=True)
        return rows.kept([not any(file.path in self.bad for file in row) for row in files])

    def _numbers(self, rows: Rows, key: str) -> Array:
        places = {file.path: place for place, file in enumerate(self._files[key])}
        part = self.arranged.part_of(key)
        return np.array([places[file.path] * self.arranged.parts + part for file in rows.files[key]], np.int64)

    def _opened(self, load: int | None) -> dict[str, Pack]:
        """Return the pack of each key. Raises DataError, naming all bad files at once, unless they are left out."""
        if load not in self._packs:
            packs: dict[str, Pack] = {}
            for key, files in self._files.items():
                nearest = key in self._label_keys
                packing = Packing(files, self.channels[key], load, self.arranged.parts, nearest)
                try:
                    packs[key] = packed(
                        packing, skip_bad=self._skip_bad, workers=self._workers, progress=self._progress
                    )
                    self.bad.update({files[number].path: reason for number, reason in packs[key].bad.items()})
                except BadFilesError as error:
                    self.bad.update(error.bad)
            if self.bad and not self._skip_bad:
                raise refuse(self.bad, self.arranged.total)
            self._packs[load] = packs
        return self._packs[load]


def open_folders(
    paths: Sequence[Path],
    *,
    skip_bad: bool = False,
    layout: Layout = "auto",
    hold_out: float = 0.1,
    channels: int | None = None,
    window: tuple[float, float] | None = None,
    window_b: tuple[float, float] | None = None,
    labels: Labels = "auto",
    partners: str | None = None,
    direction: Direction = "a_to_b",
    workers: int = 0,
    progress: ReportProgress | None = None,
) -> FolderDataset:
    """Open one folder of images, or two for two domains. Headers are read here, pixels when a split is asked for.

    Args:
        paths: the folders.
        skip_bad: whether to go on without the files that cannot be used.
        layout: how the folders are read; auto: by their names and by what they hold.
        hold_out: the share held out for testing where there is no test folder, from 0 to below 1.
        channels: the channels that images get: 1 grey, 3 RGB, 4 RGB with alpha; none: as found, alpha over white.
        window: the values that become -1 and 1, such as 0,4095; none: the full range, of floats the measured one.
        window_b: the same for the second domain of two.
        labels: which side holds label maps, which are resized without new values: none, a, b or both; auto: those whose
            images all have palettes.
        partners: how the names of partners differ, such as *_photo,*_drawing; none: as they look.
        direction: which side is translated: the first into the second, or b_to_a.
        workers: threads that decode; 0: one a processor.
        progress: told how many of how many files are decoded.

    Raises DataError or UsageError in one line for what cannot be read so.
    """
    if not 0 <= hold_out < 1:
        raise UsageError(f"data.hold_out: {hold_out:g} is no share: give a number from 0 to below 1")
    if channels is not None and channels < 1:
        raise UsageError(f"data.channels: {channels} is no number of channels")
    check_window(window, "window")
    check_window(window_b, "window_b")
    if partners and layout not in ("auto", "paired"):
        raise UsageError(f"data.partners says how pairs are named, and data.layout={layout} reads no pairs by name")
    asked = Asked(layout, hold_out, said_namings(partners) if partners else None, direction)
    tree = recognise(paths, "paired" if partners else layout, mixed=bool(partners))
    arranged = arrange(tree, asked, workers)
    return FolderDataset(
        printable("+".join(path.resolve().name for path in paths)),
        arranged,
        test_folder=" and ".join(dict.fromkeys(_below(paths, folder) for folder in tree.test.values())),
        unread=other_folders(paths, tree),
        passed_over=passed_over(paths, tree),
        channels=channels,
        windows={key: window_b if key in SECOND else window for key in arranged.keys},
        labels=labels,
        skip_bad=skip_bad,
        workers=workers,
        progress=progress,
    )


def _below(paths: Sequence[Path], folder: Path) -> str:
    return next((str(folder.relative_to(path)) for path in paths if folder.is_relative_to(path)), str(folder))


def _files_of(share: Sequence[Rows], key: str) -> tuple[ImageFile, ...]:
    return tuple(file for rows in share for file in rows.files.get(key, ()))
