"""Users' images: folders become a data set."""

from collections.abc import Sequence
from pathlib import Path

from gantk.data.arranged import Asked, Direction
from gantk.data.captions import caption_files
from gantk.data.classes import stated_classes
from gantk.data.columns import Meaning, check_window
from gantk.data.folder_dataset import FolderDataset
from gantk.data.folder_rows import arrange
from gantk.data.image_file import ReportProgress
from gantk.data.labels import SECOND, Labels, label_keys, told_of_labels
from gantk.data.layouts import Layout, recognise
from gantk.data.partners import said_namings
from gantk.data.unread import other_folders, passed_over
from gantk.errors import UsageError
from gantk.text import printable


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
    classes: tuple[str, ...] | None = None,
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
        window_b: the same for the second domain of two, or the target.
        labels: which side holds label maps, which are resized without new values and whose window, where they are grey,
            is the range in use: none, a, b or both; auto: those whose images all have palettes.
        classes: what the values of label maps mean, in the order of their ids, such as 0 sky,7 road or 0x804080 road;
            none: as classes.txt in the folder says, a class a line, else the values that they hold.
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
    with_labels = label_keys(arranged.files, labels)
    meanings = {key: Meaning(key, window_b if key in SECOND else window, key in with_labels) for key in arranged.keys}
    # Classes are of no use but for the layouts of pairs.
    places = [*paths, *tree.folders]
    stated = stated_classes(places, classes) if len(with_labels) == 1 and arranged.kind == "paired" else None
    read = [stated.file] if stated and stated.file else []
    read += caption_files(arranged.paths) if arranged.kind == "images" else []
    return FolderDataset(
        printable("+".join(path.resolve().name for path in paths)),
        arranged,
        test_folder=" and ".join(dict.fromkeys(_below(paths, folder) for folder in tree.test.values())),
        unread=other_folders(paths, tree),
        passed_over=passed_over(paths, tree, read),
        channels=channels,
        meanings=meanings,
        stated=stated,
        told=told_of_labels(with_labels, labels),
        skip_bad=skip_bad,
        workers=workers,
        progress=progress,
    )


def _below(paths: Sequence[Path], folder: Path) -> str:
    return next((str(folder.relative_to(path)) for path in paths if folder.is_relative_to(path)), str(folder))
