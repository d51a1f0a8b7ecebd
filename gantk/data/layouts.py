"""The layouts of folders, recognised by the folders' names as a careful person would."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gantk.data.formats.known import SUFFIXES
from gantk.data.listing import images_in, subfolders
from gantk.data.partners import WORDS
from gantk.errors import DataError, UsageError

Layout = Literal["auto", "unpaired", "paired", "side-by-side", "classes", "plain"]
"""How folders are to be read; `auto` decides by their names and by what they hold."""

Form = Literal["sides", "classes", "single"]

_OF_SIDES = ("auto", "paired", "unpaired")

_TRAIN = ("train", "training")
_TEST = ("test", "testing", "val", "valid", "validation")
_SHARE = "|".join((*_TRAIN, *_TEST))
_SIDE = "|".join(sorted({name for sides in WORDS for name in sides}, key=len, reverse=True))
_SHARE_AND_SIDE = re.compile(rf"(?P<share>{_SHARE})[_-]?(?P<side>{_SIDE})")
_SIDE_AND_SHARE = re.compile(rf"(?P<side>{_SIDE})[_-](?P<share>{_SHARE})")


@dataclass(frozen=True)
class Tree:
    """The folders that are read.

    Attributes:
        form: two sides, classes, or one folder.
        train: folders by role: "a" and "b", the class names, or "image".
        test: likewise; empty where there are none.
        pairs: whether the folders' names say that two sides belong together.
    """

    form: Form
    train: Mapping[str, Path]
    test: Mapping[str, Path]
    pairs: bool = False

    @property
    def folders(self) -> tuple[Path, ...]:
        return (*self.train.values(), *self.test.values())


def recognise(paths: Sequence[Path], layout: Layout = "auto", *, mixed: bool = False) -> Tree:
    """Return the folders that are read below one root, of two sides, or of several classes.

    `mixed` says that pairs may lie in one folder. Raises UsageError for paths that do not go together, DataError for
    what is missing, empty, or unlike the layout asked for.
    """
    for path in paths:
        if not path.exists():
            raise DataError(f"{path} does not exist")
        if not path.is_dir() and path.suffix.lower() not in SUFFIXES:
            raise DataError(f"{path} is no image: name an image, or the folder that holds the images")
    if len(paths) == 2:
        return _two_folders(paths[0], paths[1], layout)
    if len(paths) > 2:
        return _many_folders(paths, layout)
    tree = _one_root(paths[0], layout)
    if not (mixed and tree.form == "single"):
        _check(tree, paths[0], layout)
    return tree


def _one_root(root: Path, layout: Layout) -> Tree:
    folders = _subfolders(root)
    if layout in _OF_SIDES and (tree := _domains(folders)):
        return tree
    train, test = _shares(folders)
    if not train:
        return _with_shares_inside(root, layout) or _below(root, layout)
    tree = _below(train, layout)
    if not test:
        return tree
    other = _below(test, layout)
    if other.form != tree.form or not set(other.train) <= set(tree.train):
        raise DataError(f"{test} does not hold the same folders as {train}")
    return Tree(tree.form, tree.train, other.train, tree.pairs)


def _two_folders(a: Path, b: Path, layout: Layout) -> Tree:
    if layout not in _OF_SIDES:
        raise UsageError(f"two folders are read as unpaired or paired images, not as {layout}")
    if a.resolve() == b.resolve():
        raise UsageError(f"{a} was named twice")
    return _split_sides({"a": a, "b": b}, pairs=False) or Tree("sides", {"a": a, "b": b}, {})


def _many_folders(paths: Sequence[Path], layout: Layout) -> Tree:
    """Return the tree of folders of which each is a class, or a domain."""
    if layout not in ("auto", "classes"):
        raise UsageError(f"{len(paths)} folders are read as classes, not as {layout}: name one, or two for two sides")
    named = {_class_name(path.resolve()): path for path in paths}
    if len(named) < len(paths):
        raise UsageError(f"{len(paths)} folders were named, and two of them bear one name, so their classes would")
    return _split_sides(named, pairs=False, form="classes") or Tree("classes", named, {})


def _domains(folders: Mapping[str, Path]) -> Tree | None:
    """Return the tree of a root with trainA and trainB, train_label and train_img, and their test folders, if any."""
    found: dict[tuple[bool, str], Path] = {}
    for name, folder in sorted(folders.items(), reverse=True):
        if match := _SHARE_AND_SIDE.fullmatch(name) or _SIDE_AND_SHARE.fullmatch(name):
            found[match["share"] in _TRAIN, match["side"]] = folder
    for sides in WORDS:
        train, test = (
            {key: found[is_train, side] for key, side in zip("ab", sides, strict=True) if (is_train, side) in found}
            for is_train in (True, False)
        )
        lettered = sides == ("a", "b")
        for share in (train, test):
            if len(share) == 1 and (lettered or len(train) == 2):
                raise DataError(f"{next(iter(share.values()))} has no partner whose name ends in the other side's")
        if len(train) == 2 or len(test) == 2:
            return Tree("sides", train or test, test if train else {}, pairs=not lettered)
    return None


def _with_shares_inside(root: Path, layout: Layout) -> Tree | None:
    """Return the tree of a root whose sides have a train folder each: A/train, B/train."""
    if images_in(root):
        return None
    named = _sides(root, layout)
    return _split_sides(named[0], named[1]) if named else None


def _split_sides(sides: Mapping[str, Path], pairs: bool, form: Form = "sides") -> Tree | None:
    shares = {side: _shares(_subfolders(folder)) for side, folder in sides.items()}
    if not all(train for train, _ in shares.values()) or any(images_in(folder) for folder in sides.values()):
        return None
    train = {side: train for side, (train, _) in shares.items() if train}
    test = {side: test for side, (_, test) in shares.items() if test}
    return Tree(form, train, test if len(test) == len(sides) else {}, pairs)


def _below(folder: Path, layout: Layout) -> Tree:
    """Return the tree of a folder without a test share."""
    sides = _sides(folder, layout)
    if sides and all(images_in(path) for path in sides[0].values()):
        return Tree("sides", sides[0], {}, sides[1])
    counts = {path: len(images_in(path)) for path in subfolders(folder)}
    classes = {_class_name(path): path for path, count in counts.items() if count}
    # A stray picture beside class folders does not make the whole a plain folder, nor the reverse.
    likely = len(classes) > 1 and sum(counts.values()) > len(images_in(folder))
    if classes and (layout == "classes" or (layout == "auto" and likely)):
        return Tree("classes", classes, {})
    return Tree("single", {"image": folder}, {})


def _sides(root: Path, layout: Layout) -> tuple[dict[str, Path], bool] | None:
    """Return the two sides below a root, and whether their names say so; where sides are asked for, any two."""
    folders = _subfolders(root)
    if layout in _OF_SIDES:
        for a, b in WORDS:
            if a in folders and b in folders and not (layout == "auto" and _are_letters(folders, a)):
                return {"a": folders[a], "b": folders[b]}, True
    if layout in ("paired", "unpaired") and len(folders) == 2:
        a, b = folders
        return {"a": folders[a], "b": folders[b]}, False
    return None


def _are_letters(folders: Mapping[str, Path], side: str) -> bool:
    """Return whether a side's name is a letter among others, as classes of letters are."""
    return len(side) == 1 and sum(len(name) == 1 and bool(images_in(path)) for name, path in folders.items()) > 2


def _shares(folders: Mapping[str, Path]) -> tuple[Path | None, Path | None]:
    train = next((folders[name] for name in _TRAIN if name in folders), None)
    test = next((folders[name] for name in _TEST if name in folders), None)
    return train, test


def _subfolders(folder: Path) -> dict[str, Path]:
    return {path.name.lower(): path for path in subfolders(folder)}


def _class_name(folder: Path) -> str:
    """Return a folder's name with accents as part of their letters: train and test may come from two systems."""
    return unicodedata.normalize("NFC", folder.name)


def _check(tree: Tree, root: Path, layout: Layout) -> None:
    wanted = {"unpaired": "sides", "paired": "sides", "classes": "classes", "plain": "single", "side-by-side": "single"}
    if layout != "auto" and wanted[layout] != tree.form:
        raise DataError(f"{root} cannot be read as {layout}: it has not the folders for it")
