"""A run's folder, taken: of several trainings that want one, one has it."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gantk.errors import GantkError, UsageError
from gantk.runs import lock
from gantk.runs.lock import HeldError, Lock
from gantk.runs.run import Run
from gantk.text import is_utf8, pasted

RUNS = Path("runs")


@contextmanager
def new_run(out: Path | None, name: str) -> Iterator[Run]:
    """Give a run in a folder that is made and locked: `out`, or `runs/<name>` with a number where that is taken.

    A folder in which no run was started is deleted again. Raises UsageError where `out` is taken.
    """
    made: list[Path] = []
    try:
        held = _named(out, made) if out is not None else _numbered(name, made)
    except OSError as error:
        raise GantkError(f"cannot make the run's folder {error.filename or out or RUNS}: {error.strerror}") from error
    run = Run(held.folder)
    try:
        yield run
    finally:
        if run.started:
            held.release()
        else:
            held.remove()
            with suppress(OSError):  # another run has come beside it
                for folder in reversed(made):
                    folder.rmdir()


@contextmanager
def taken(run: Run) -> Iterator[None]:
    """Lock a run that goes on.

    Raises GantkError where another process trains it, where it cannot be written, or where writing would leave it.
    """
    run.refuse_links()
    try:
        held = Lock(run.path)
    except OSError as error:
        raise GantkError(
            f"cannot go on in {run.path}: {error.strerror}; copy it to where it can be written, and resume the copy"
        ) from error
    try:
        yield
    finally:
        held.release()


def _named(out: Path, made: list[Path]) -> Lock:
    if not is_utf8(out):
        raise UsageError(f"--out {out}: TensorBoard writes to folders whose names are UTF-8 alone; choose another")
    with suppress(FileExistsError):
        _make(out, made)
    if not out.is_dir() or _is_filled(out):
        raise UsageError(f"{out} is there already: choose another --out{_or_resume(out)}")
    held = Lock(out)
    if _is_filled(out):  # by a training that was over in between
        held.release()
        raise UsageError(f"{out} is there already: choose another --out{_or_resume(out)}")
    return held


def _numbered(name: str, made: list[Path]) -> Lock:
    number = 1
    while True:
        path = RUNS / (name if number == 1 else f"{name}-{number}")
        with suppress(FileExistsError):
            _make(path, made)
        with suppress(HeldError):
            if held := _of_nobody(path):
                made[:] = made if path in made else [path]
                return held
        number += 1


def _of_nobody(path: Path) -> Lock | None:
    """Lock a folder in which there is nothing, such as one just made or left by a start that was killed.

    Raises HeldError where another training begins in it.
    """
    with suppress(PermissionError):
        if path.is_dir() and not path.is_symlink() and not _is_filled(path):
            held = Lock(path)
            if not _is_filled(path):
                return held
            held.release()  # filled by a training that was over in between
    return None


def _make(path: Path, made: list[Path]) -> None:
    """Make a folder and those above it, and note which were not there. Raises FileExistsError where it is."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, "a file of this name is there", str(path.parent)) from error
    path.mkdir()
    made[:] = reversed(missing)


def _is_filled(folder: Path) -> bool:
    return any(path.name != lock.NAME for path in folder.iterdir())


def _or_resume(out: Path) -> str:
    run = Run(out)
    return (
        f", or go on with: {pasted('gantk', 'train', '--resume', out)}"
        if run.started and run.checkpoints().all()
        else ""
    )
