"""A look at every image of a folder data set: what is there, and what is wrong with it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from pathlib import Path
from statistics import median_low

import numpy as np

from gantk.data.areas import are_ids, values_in_areas
from gantk.data.arranged import Arranged
from gantk.data.classes import MapSurvey
from gantk.data.formats.files import read_file
from gantk.data.image_file import Bad, ImageFile, ReportProgress, quiet_decoders
from gantk.data.parallel import in_order
from gantk.data.pixel_arrays import decode
from gantk.data.rows import Rows
from gantk.errors import DataError

Size = tuple[int, int]
"""Width and height in pixels."""


@dataclass(frozen=True)
class Column:
    """What the images of one batch key hold; values are the least and the greatest of the training images.

    Of images side by side, each is one of its own.

    Attributes:
        ids: whether the training images look like label maps: whole areas of numbers that follow one another.
    """

    sizes: Mapping[str, Size]
    modes: Mapping[str, int]
    values: tuple[float, float]
    dtype: str
    ids: bool = False


@dataclass(frozen=True)
class Findings:
    """What is there, and what is wrong.

    Attributes:
        counts: usable images by share ("train", "test") and batch key, or by class.
        columns: by batch key.
        bad: why files cannot be used: training stops for them, unless they are left out.
        constant: images whose pixels are all alike.
        duplicates: files of one share that hold the same pixels.
        shared: files that hold the same pixels, on both sides of the split.
    """

    counts: Mapping[str, Mapping[str, int]]
    columns: Mapping[str, Column]
    bad: Bad
    constant: Sequence[Path]
    duplicates: Sequence[Sequence[Path]]
    shared: Sequence[Sequence[Path]]


@dataclass(frozen=True)
class _Look:
    pixels: str
    lows: Sequence[float]
    highs: Sequence[float]
    constant: bool
    areas: Sequence[frozenset[int]]


@dataclass
class _Alike:
    train: list[Path] = field(default_factory=list)
    test: list[Path] = field(default_factory=list)


def check(
    arranged: Arranged, workers: int = 0, progress: ReportProgress | None = None, survey: MapSurvey | None = None
) -> Findings:
    """Decode every image once, and return what was found; `survey` takes in the label maps. Nothing is kept on disk."""
    files = {file.path: file for rows in (*arranged.train, *arranged.test) for file in _files(rows)}
    bad: Bad = dict(arranged.bad)
    looks: dict[Path, _Look] = {}
    with quiet_decoders():
        coming = in_order(
            partial(_look, arranged.parts, survey), files.values(), workers, lambda file: file.facts.decoding
        )
        for number, (file, look) in enumerate(coming):
            if isinstance(look, str):
                bad[file.path] = look
            else:
                looks[file.path] = look
            if progress:
                progress(number + 1, len(files))
    train, test = ([_good(rows, looks) for rows in share] for share in (arranged.train, arranged.test))
    keys = arranged.keys[:1] if arranged.parts > 1 else arranged.keys
    duplicates, shared = _repeated(train, test, keys, looks)
    return Findings(
        counts={"train": _counts(train, arranged), "test": _counts(test, arranged)},
        columns={key: _column(train, test, key, looks, arranged) for key in arranged.keys},
        bad=bad,
        constant=[path for path, look in looks.items() if look.constant],
        duplicates=duplicates,
        shared=shared,
    )


def _look(parts: int, survey: MapSurvey | None, file: ImageFile) -> _Look | str:
    try:
        image = decode(read_file(file.path))
        if survey:
            survey.look(file, image)
    except DataError as error:
        return str(error)
    # The same picture saved in two formats is found too.
    pixels = blake2b(f"{image.shape} {image.dtype}".encode(), digest_size=16)
    pixels.update(np.ascontiguousarray(image).data)
    constant = bool((image == image[0, 0]).all())
    each = np.array_split(image, parts, axis=1)
    return _Look(
        pixels.hexdigest(),
        [float(part.min()) for part in each],
        [float(part.max()) for part in each],
        constant,
        [values_in_areas(part) for part in each],
    )


def _repeated(
    train: Iterable[Rows], test: Iterable[Rows], keys: Sequence[str], looks: Mapping[Path, _Look]
) -> tuple[list[list[Path]], list[list[Path]]]:
    alike: dict[tuple[str, str], _Alike] = {}
    for share, groups in (("train", train), ("test", test)):
        for rows in groups:
            for key in rows.files.keys() & set(keys):
                for file in rows.files[key]:
                    same = alike.setdefault((key, looks[file.path].pixels), _Alike())
                    getattr(same, share).append(file.path)
    shares = [share for same in alike.values() for share in (same.train, same.test)]
    both = [same.train + same.test for same in alike.values() if same.train and same.test]
    return [share for share in shares if len(share) > 1], both


def _column(
    train: Iterable[Rows], test: Iterable[Rows], key: str, looks: Mapping[Path, _Look], arranged: Arranged
) -> Column:
    part, parts = arranged.part_of(key), arranged.parts
    trained = [file for rows in train for file in rows.files.get(key, ())]
    files = trained + [file for rows in test for file in rows.files.get(key, ())]
    sizes = sorted(
        ((file.facts.width // parts, file.facts.height) for file in files), key=lambda size: size[0] * size[1]
    )
    middle = sizes[median_low(range(len(sizes)))] if sizes else (0, 0)
    lows = [looks[file.path].lows[part] for file in trained]
    highs = [looks[file.path].highs[part] for file in trained]
    return Column(
        sizes={"smallest": sizes[0], "median": middle, "largest": sizes[-1]} if sizes else {},
        modes=dict(Counter(file.facts.mode for file in files).most_common()),
        values=(min(lows, default=0.0), max(highs, default=0.0)),
        dtype=files[0].facts.dtype if files else "",
        ids=are_ids([looks[file.path].areas[part] for file in trained]),
    )


def _counts(share: Iterable[Rows], arranged: Arranged) -> dict[str, int]:
    if not arranged.classes:
        return {key: len(files) for rows in share for key, files in rows.files.items()}
    labels = Counter(label for rows in share for label in rows.labels)
    return {name: labels[number] for number, name in enumerate(arranged.classes)}


def _good(rows: Rows, looks: Mapping[Path, _Look]) -> Rows:
    return rows.kept([all(file.path in looks for file in row) for row in zip(*rows.files.values(), strict=True)])


def _files(rows: Rows) -> Iterable[ImageFile]:
    return (file for files in rows.files.values() for file in files)
