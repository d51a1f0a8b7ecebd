"""Users' images as a data set."""

from collections.abc import Mapping, Sequence

import numpy as np

from gantk.data.arranged import Arranged
from gantk.data.cache import BadFilesError, Packing, packed
from gantk.data.columns import Meaning, common_channels, what_does_not_fit
from gantk.data.dataset import Array, Column, Dataset, Group, Split
from gantk.data.listing import in_words
from gantk.data.opened import told
from gantk.data.packs import Pack, PackedImages
from gantk.data.rows import Rows
from gantk.data.scanning import Bad, ReportProgress, combined, digest_of, refuse
from gantk.errors import DataError
from gantk.text import printable


class FolderDataset(Dataset):
    """Images that lie in folders. They are decoded when a split is first asked for, and kept decoded.

    Attributes:
        arranged: which files are read, and as what.
        channels: of each key's images.
        meanings: what values mean, by key.
        unfit: why images go together in no way; then no split can be had.
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
        meanings: Mapping[str, Meaning],
        told: Sequence[str],
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
        self.meanings, self._skip_bad, self._workers, self._progress = meanings, skip_bad, workers, progress
        self._questions: dict[str, str] = {}
        self._packs: dict[int | None, dict[str, Pack]] = {}
        self._files, self._told = arranged.files, told
        self.channels = {key: common_channels(files, channels) for key, files in self._files.items()}
        self.unfit = [reason for files in self._files.values() for reason in what_does_not_fit(files, channels)]

    @property
    def summary(self) -> str:  # type: ignore[override]
        """What was found and how it is read, in one line."""
        said = [f"{self.arranged.how}, {self._counts()}", self._unread, in_words(self.passed_over)]
        if self.bad and self._skip_bad:
            said.insert(1, f"{len(self.bad)} bad file{'s' * (len(self.bad) > 1)} left out")
        return printable(f"{self.name}: {'; '.join(filter(None, said))}")

    @property
    def notes(self) -> tuple[str, ...]:
        """What is read otherwise than it may seem, what is asked, and the files that were left out, a line each.

        Some of it is known after the first split.
        """
        out = [f"left out: {path} {reason}" for path, reason in self.bad.items()] if self._skip_bad else []
        return (*self.readings, *filter(None, self._questions.values()), *out)

    @property
    def readings(self) -> list[str]:
        """What is read otherwise than it may seem, such as animations."""
        return [*self._told, *told((file.path, file.facts.note) for files in self._files.values() for file in files)]

    def split(self, kind: str, test: bool, load: int | None) -> Split:
        if kind not in self.kinds:
            raise DataError(f"{self.name} serves {self.kinds[0]} batches, not {kind} ones")
        if self.unfit:
            raise DataError(self.unfit[0])
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
            dtype, meaning = str(packs[key].dtype), self.meanings[key]
            window = meaning.window_of(dtype, table, self.name)
            self._questions[key] = meaning.question(dtype, float(table["low"].min()), float(table["high"].max()))
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
                nearest = self.meanings[key].labels
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
