"""The rows of files of recognised folders, and the words that say how they are read."""

from gantk.data.arranged import Arranged, Asked, Found
from gantk.data.image_file import scan
from gantk.data.layouts import Tree
from gantk.data.listing import images_in
from gantk.data.matched import names_match
from gantk.data.mixed import mixed_namings
from gantk.data.partners import recognised_namings
from gantk.data.rows import Rows, hold_out, joined
from gantk.data.two_sides import read_mixed, read_side_by_side, read_sides
from gantk.data.unread import nothing_in
from gantk.errors import DataError
from gantk.text import printable


def arrange(tree: Tree, asked: Asked, workers: int = 0) -> Arranged:
    """Read the headers of a tree's images and say what belongs to what; without a test folder, hold out a share.

    Raises DataError where a folder that is needed holds no images, or where there are no two sides to turn.
    """
    listed = {folder: images_in(folder) for folder in tree.folders}
    for folder in tree.train.values():
        if not listed[folder]:
            raise DataError(nothing_in(folder))
    headers, bad = scan([path for paths in listed.values() for path in paths], workers)
    read = {"sides": read_sides, "classes": _classes, "single": _single}[tree.form]
    arranged = read(Found(tree, asked, listed, headers, bad))
    if asked.direction == "b_to_a" and not arranged.turned:
        raise DataError(f"--direction {asked.direction} wants two sides, and these are {arranged.how}")
    return arranged


def _classes(found: Found) -> Arranged:
    names = tuple(found.tree.train)
    shares = [
        [Rows({"image": found.files(folders[name]) if name in folders else ()}) for name in names]
        for folders in (found.tree.train, found.tree.test)
    ]
    if not found.tree.test:
        held = [hold_out(rows, found.asked.hold_out) for rows in shares[0]]
        shares = [[train for train, _ in held], [test for _, test in held]]
    train, test = (joined("image", rows) for rows in shares)
    classes = tuple(map(printable, names))
    how = f"{len(names)} classes ({', '.join(classes[:3])}{', ...' if len(names) > 3 else ''})"
    if len(names) == 2:
        sides = found.sides_of(found.tree.train)
        if names_match(sides, recognised_namings(sides)):
            how += " (their names agree: -s data.layout=paired reads them as pairs)"
    return Arranged("labelled", how, (train,), (test,), found.bad, found.total, classes=classes)


def _single(found: Found) -> Arranged:
    layout, namings, clear = found.asked.layout, found.asked.partners, True
    if namings is None and layout == "auto":
        namings, clear = mixed_namings(found.listed[found.tree.train["image"]])
    if namings and clear:
        return read_mixed(found, namings)
    shares = [found.files(folders["image"]) for folders in found.shares]
    files = [file for share in shares for file in share]
    wide = sum(file.facts.width == 2 * file.facts.height for file in files)
    likely = 2 * wide > len(files) and (len(files) > 1 or bool(found.tree.test))
    if layout == "side-by-side" or (layout == "auto" and likely):
        return read_side_by_side(found, shares)
    hint = f" (-s 'data.partners={namings[0]},{namings[1]}' reads them as pairs)" if namings else ""
    rows = [Rows({"image": share}) for share in shares]
    return found.arranged("images", f"images without labels or pairs{hint}", [rows])
