"""From recognised folders to rows of files, and the words that say how they are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gantk.data.layouts import Layout, Tree
from gantk.data.listing import images_in
from gantk.data.pairing import Sides, match, most_names_match, most_sizes_agree, names_match
from gantk.data.rows import Rows, hold_out, joined
from gantk.data.scanning import Bad, ImageFile, scan
from gantk.data.unread import nothing_in
from gantk.errors import DataError
from gantk.text import printable


@dataclass(frozen=True)
class Arranged:
    """How the files of some folders are read.

    Attributes:
        kind: the kind of batches that they serve.
        how: the layout in words.
        train: groups of rows.
        test: likewise, with the same keys.
        keys: the batch keys of images.
        parts: images side by side in a file, one for each key.
        classes: names of the labels.
        domains: names of the two sides.
        bad: files that cannot be used, and why.
        total: number of image files.
    """

    kind: str
    how: str
    train: tuple[Rows, ...]
    test: tuple[Rows, ...]
    bad: Bad
    total: int
    parts: int = 1
    classes: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(key for rows in self.train for key in rows.files)


def arrange(tree: Tree, layout: Layout, share: float, workers: int = 0) -> Arranged:
    """Read the headers of a tree's images and say what belongs to what; without a test folder, hold out a share.

    Raises DataError where a folder that is needed holds no images.
    """
    listed = {folder: images_in(folder) for folder in tree.folders}
    for folder in tree.train.values():
        if not listed[folder]:
            raise DataError(nothing_in(folder))
    found, bad = scan([path for paths in listed.values() for path in paths], workers)
    arranger = _Arranger(tree, layout, share, listed, found, bad)
    if tree.form == "sides":
        return arranger.sides()
    return arranger.classes() if tree.form == "classes" else arranger.single()


@dataclass(frozen=True)
class _Arranger:
    tree: Tree
    layout: Layout
    share: float
    listed: Mapping[Path, Sequence[Path]]
    found: Mapping[Path, ImageFile]
    bad: Bad

    def sides(self) -> Arranged:
        shares = [self._sides_of(folders) for folders in (self.tree.train, self.tree.test) if folders]
        names = tuple(printable(folder.resolve().name) for folder in self.tree.train.values())
        same_names = all(names_match(sides) for sides in shares)
        if self._are_pairs(shares, same_names):
            matched = [match(sides, self.found) for sides in shares]
            for each in matched:
                self.bad.update(each.bad)
            rows = [
                Rows({"source": tuple(a for a, _ in each.pairs), "target": tuple(b for _, b in each.pairs)})
                for each in matched
            ]
            return self._arranged("paired", f"pairs by name in {names[0]} and {names[1]}", [rows], names)
        how = f"unpaired images in {names[0]} and {names[1]}"
        if same_names and self.layout == "auto":
            how += " (names agree but sizes differ: -s data.layout=paired forces pairs)"
        groups = [
            [Rows({key: self._files(folders[key])}) for folders in (self.tree.train, self.tree.test) if folders]
            for key in ("a", "b")
        ]
        return self._arranged("unpaired", how, groups, names)

    def classes(self) -> Arranged:
        names = tuple(self.tree.train)
        shares = [
            [Rows({"image": self._files(folders[name]) if name in folders else ()}) for name in names]
            for folders in (self.tree.train, self.tree.test)
        ]
        if not self.tree.test:
            held = [hold_out(rows, self.share) for rows in shares[0]]
            shares = [[train for train, _ in held], [test for _, test in held]]
        train, test = (joined("image", rows) for rows in shares)
        classes = tuple(map(printable, names))
        shown = ", ".join(classes[:3]) + (", ..." if len(names) > 3 else "")
        how = f"{len(names)} classes ({shown})"
        if len(names) == 2 and names_match(self._sides_of(self.tree.train)):
            how += " (their names agree: -s data.layout=paired reads them as pairs)"
        return Arranged("labelled", how, (train,), (test,), self.bad, self._total, classes=classes)

    def single(self) -> Arranged:
        shares = [self._files(folders["image"]) for folders in (self.tree.train, self.tree.test) if folders]
        files = [file for share in shares for file in share]
        wide = [file for file in files if file.facts.width == 2 * file.facts.height]
        likely = 2 * len(wide) > len(files) and (len(files) > 1 or bool(self.tree.test))
        if self.layout != "side-by-side" and not (self.layout == "auto" and likely):
            rows = [Rows({"image": share}) for share in shares]
            return self._arranged("images", "images without labels or pairs", [rows])
        guessed = self.layout == "auto"
        for file in files:
            width, height = file.facts.width, file.facts.height
            if width % 2 or (guessed and width != 2 * height):
                self.bad[file.path] = f"is {width}x{height} pixels: its two sides would differ in size"
        whole = [tuple(file for file in share if file.path not in self.bad) for share in shares]
        rows = [Rows({"source": share, "target": share}) for share in whole]
        why = " (all twice as wide as high: -s data.layout=plain reads them whole)" if guessed else ""
        return self._arranged("paired", f"side-by-side pairs{why}", [rows], ("left", "right"), parts=2)

    def _are_pairs(self, shares: Sequence[Sides], same_names: bool) -> bool:
        if self.layout != "auto":
            return self.layout == "paired"
        if self.tree.pairs:
            return most_names_match(shares[0])
        return same_names and most_sizes_agree(shares, self.found)

    def _arranged(
        self, kind: str, how: str, groups: list[list[Rows]], domains: tuple[str, ...] = (), parts: int = 1
    ) -> Arranged:
        pairs = [tuple(shares) if self.tree.test else hold_out(shares[0], self.share) for shares in groups]
        train, test = (tuple(pair[side] for pair in pairs) for side in (0, 1))
        return Arranged(kind, how, train, test, self.bad, self._total, parts, domains=domains)

    def _files(self, folder: Path) -> tuple[ImageFile, ...]:
        return tuple(self.found[path] for path in self.listed[folder] if path in self.found)

    def _sides_of(self, folders: Mapping[str, Path]) -> Sides:
        a, b = (self.listed[folder] for folder in folders.values())
        return a, b

    @property
    def _total(self) -> int:
        return sum(map(len, self.listed.values()))
