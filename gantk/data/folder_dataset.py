"""Users' images as a data set."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from gantk.data.arranged import Arranged
from gantk.data.cache import BadFilesError, Packing, packed
from gantk.data.captions import captions_of
from gantk.data.classes import MapSurvey, StatedClasses
from gantk.data.columns import Meaning, common_channels, what_does_not_fit
from gantk.data.dataset import Array, Column, Dataset, Group, Split
from gantk.data.forms import as_domains, as_layout, kinds_of, refuse_single, shrunk_load
from gantk.data.image_file import Bad, ReportProgress, combined, digest_of, refuse
from gantk.data.labels import SECOND
from gantk.data.listing import in_words
from gantk.data.opened import told
from gantk.data.packs import Pack, PackedImages
from gantk.data.palettes import Palette, palette_of
from gantk.data.rows import Rows
from gantk.errors import DataError
from gantk.sizes import Sides
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
        stated: StatedClasses | None,
        told: Sequence[str],
        skip_bad: bool,
        workers: int,
        progress: ReportProgress | None,
    ) -> None:
        self.name = name
        labelled = [key for key in arranged.keys if meanings[key].labels]
        self._maps = labelled[0] if len(labelled) == 1 else ""
        self.kinds = kinds_of(arranged, self._maps)
        self.classes, self.domains = arranged.classes, arranged.domains or arranged.classes
        self.arranged = arranged
        self.bad: Bad = dict(arranged.bad)
        self.passed_over = passed_over
        self._test_folder, self._unread = test_folder, unread
        self.meanings, self._skip_bad, self._workers, self._progress = meanings, skip_bad, workers, progress
        self._stated = stated
        self._questions: dict[str, str] = {}
        self._packs: dict[int | Sides | None, dict[str, Pack]] = {}
        self._files, self._told = arranged.files, told
        self.channels = {key: common_channels(files, channels) for key, files in self._files.items()}
        self.unfit = [reason for files in self._files.values() for reason in what_does_not_fit(files, channels)]

    @property
    def summary(self) -> str:  # type: ignore[override]
        """What was found and how it is read, in one line."""
        said = [f"{self.arranged.how}{self._painted()}, {self._counts()}", self._unread, in_words(self.passed_over)]
        if self.bad and self._skip_bad:
            said.insert(1, f"{len(self.bad)} bad file{'s' * (len(self.bad) > 1)} left out")
        return printable(f"{self.name}: {'; '.join(filter(None, said))}")

    def _painted(self) -> str:
        """Return which way recipes of label maps go, where it is the other one: they make images of maps."""
        if self._maps not in SECOND or len(self.arranged.domains) != 2:
            return ""
        image, maps = self.arranged.domains
        return f", or {maps} -> {image} by recipes of label maps"

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

    def covering(self, kind: str, test: bool, load: Sides) -> Split:
        return self.split(kind, test, load)

    def split(self, kind: str, test: bool, load: int | Sides | None) -> Split:
        if kind not in self.kinds:
            raise DataError(f"{self.name} serves {' / '.join(self.kinds)} batches, not {kind} ones")
        if self.unfit:
            raise DataError(self.unfit[0])
        if kind in ("unpaired", "domains"):
            refuse_single(self.arranged)
        packs = self._opened(load)
        shares: tuple[Sequence[Rows], ...] = (self.arranged.train, self.arranged.test)
        if kind == "captioned":
            shares = tuple([self._with_captions(rows) for rows in share] for share in shares)
        groups = zip(*shares, strict=True)
        split = Split(tuple(self._group(train, held if test else train, packs) for train, held in groups))
        if kind == "domains":
            return as_domains(split)
        return as_layout(split, self._maps, self._palette(packs[self._maps])) if kind == "layout" else split

    def fingerprint(self) -> str:
        shares = (self.arranged.train, self.arranged.test)
        rows_of = [(rows, key) for share in shares for rows in share for key in rows.files]
        said = [f"{key}:{combined(rows.files[key])}:{rows.labels}" for rows, key in rows_of]
        images = digest_of("\n".join([self.arranged.kind, str(self.arranged.parts), *said]).encode())
        texts: list[str] = []
        with suppress(DataError):
            captions = self._captions.items() if "captioned" in self.kinds else ()
            texts = [f"{path.name} {text}" for path, text in captions]
        return f"{images}-{digest_of(chr(10).join(texts).encode())}" if texts else images

    @property
    def captioned(self) -> int | None:
        """How many images have a caption; None where captions are not read. Raises DataError where one cannot be."""
        return len(self._captions) if "captioned" in self.kinds else None

    @cached_property
    def _captions(self) -> dict[Path, str]:
        return captions_of(self.arranged.paths)

    def _with_captions(self, rows: Rows) -> Rows:
        kept = rows.kept([file.path in self._captions for file in rows.files["image"]])
        if left := len(rows) - len(kept):
            self._questions["caption"] = f"{left} of {len(rows)} images have no caption, and are left out"
        return replace(kept, captions=tuple(self._captions[file.path] for file in kept.files["image"]))

    def _palette(self, pack: Pack) -> Palette:
        """Return the classes of the label maps: those that are stated, else the values that they hold."""
        if self._stated:
            if self._stated.wrong_with(pack.values, self.channels[self._maps]) and (survey := self.survey()):
                survey.look_at_all(
                    [file for file in self._files[self._maps] if file.path not in self.bad], self._workers
                )
                survey.check()
            return self._stated.palette
        try:
            found = palette_of(pack.values, self.channels[self._maps])
        except DataError as error:
            raise DataError(f"label maps of {self.name} ({self._maps}) {error}") from None
        return found

    def survey(self) -> MapSurvey | None:
        """Return what takes in the values of the label maps, where their classes can be had."""
        if "layout" not in self.kinds or self.unfit:
            return None
        key, parts = self._maps, self.arranged.parts
        return MapSurvey(self._files[key], self.channels[key], self.arranged.part_of(key), parts, self._stated)

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
            shrink = self.arranged.shrink_of(key)
            columns[key] = PackedImages(packs[key], self._numbers(rows, key), self.channels[key], window, shrink)
        if train.labels:
            columns["label"] = np.array(rows.labels, np.int64)
        if train.captions:
            columns["caption"] = list(rows.captions)
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

    def _opened(self, load: int | Sides | None) -> dict[str, Pack]:
        """Return the pack of each key. Raises DataError, naming all bad files at once, unless they are left out."""
        if load not in self._packs:
            packs: dict[str, Pack] = {}
            for key, files in self._files.items():
                nearest = self.meanings[key].labels
                size = shrunk_load(load, self.arranged.shrink_of(key))
                packing = Packing(files, self.channels[key], size, self.arranged.parts, nearest)
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
