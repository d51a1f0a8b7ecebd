"""The checkpoints of a run: each complete or not there; written aside, then renamed; the newest are kept."""

import errno
import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from safetensors import SafetensorError

from gantk.data.storage import flush, flush_folder
from gantk.errors import GantkError, UsageError
from gantk.runs.checksums import check_files, write_checksums
from gantk.text import pasted

if TYPE_CHECKING:
    from gantk.training.processes import World
    from gantk.training.state import TrainingState

Answer = TypeVar("Answer")

PARTIAL = ".partial"
"""Ends the name of a folder that is being written, or being deleted."""

ASIDE = ".aside"
"""Ends the name of a checkpoint that a run went back from."""


class Checkpoints:
    """The checkpoints of a run, in `RUN/checkpoints/<step>`."""

    def __init__(self, folder: Path, keep: int = 3, spared: Collection[int] = ()) -> None:
        """`keep` of the newest are kept, and the steps that are `spared`."""
        self.folder = folder
        self.keep = keep
        self.spared = spared

    def all(self) -> list[Path]:
        """Return the complete checkpoints, oldest first. Links are none: what they name is not the run's."""
        if not self.folder.is_dir():
            return []
        numbered = (path for path in self.folder.iterdir() if path.name.isascii() and path.name.isdecimal())
        return sorted((path for path in numbered if path.is_dir() and not path.is_symlink()), key=_step)

    def newest(self) -> Path:
        """Return the newest checkpoint. Raises GantkError where there is none."""
        found = self.all()
        if not found:
            raise GantkError(
                f"{self.folder.parent} has no checkpoint: it stopped before its first was saved; {self.anew}"
            )
        return found[-1]

    def chosen(self, step: int | None) -> Path:
        """Return the checkpoint of a step, or the newest, whose files are those that were saved.

        Raises UsageError where there is no such checkpoint; GantkError where there is none at all, or as `taken` does.
        """
        path = self.newest()
        if step is not None:
            there = {_step(path): path for path in self.all()}
            if step not in there:
                raise UsageError(
                    f"{self.folder.parent} has no checkpoint of step {step}, only of {', '.join(map(str, there))}"
                )
            path = there[step]
        self.taken(path, check_files)
        return path

    def taken(self, path: Path, take: Callable[[Path], Answer]) -> Answer:
        """Return what `take` makes of a checkpoint.

        Raises GantkError where it does; then the message names the newest other checkpoint of which it can be made.
        """
        try:
            return take(path)
        except GantkError as error:
            raise GantkError(f"{error}; {self._other_than(path, take)}") from error

    @property
    def anew(self) -> str:
        """What to do where nothing was saved."""
        return f"start anew with: {pasted('gantk', 'train', '--config', self.folder.parent / 'config.yaml')}"

    @property
    def last_good(self) -> str:
        """What is left of a run that stops here, and how it goes on."""
        kept = self.all()
        if not kept:
            return f"no checkpoint had been saved; {self.anew}"
        again = pasted("gantk", "train", "--resume", self.folder.parent)
        return f"the last good checkpoint is {kept[-1]}; go on with: {again}"

    def after_failing_from(self, start: int) -> str:
        """What is left of a run whose numbers failed after it had gone on from a step, and how it goes on.

        From the same checkpoint it would fail again, unless it has saved another since.
        """
        steps = [_step(path) for path in self.all()]
        if not start or max(steps, default=0) > start:
            return self.last_good
        went = f"it had gone on from step {start}, and would fail so again"
        if not (older := [step for step in steps if step < start]):
            return f"{went}; no older checkpoint is kept; {self.anew}"
        again = pasted("gantk", "train", "--resume", self.folder.parent, "--step", older[-1])
        return f"{went}; go on from an older checkpoint with: {again}"

    def save(self, state: "TrainingState", world: "World") -> Path:
        """Write a checkpoint, and drop the oldest beyond `keep` but those that are spared.

        Raises GantkError; what was there stays then.
        """
        path = self.folder / f"{state.step:06d}"
        aside = self.folder / f"{path.name}{PARTIAL}"
        try:
            if world.leads:
                for leftover in self.folder.glob(f"*{PARTIAL}"):
                    _delete(leftover)
                aside.mkdir(parents=True)
            world.wait()
            state.write(aside, world)
            world.wait()
            if world.leads:
                write_checksums(aside)
                self._replace(aside, path)
                for old in self.all()[: -self.keep]:
                    if _step(old) not in self.spared:
                        _delete(self._retired(old))
        except (OSError, SafetensorError) as error:
            shutil.rmtree(aside, ignore_errors=True)
            raise GantkError(self._failure(error)) from error
        world.wait()
        return path

    def set_aside(self, step: int) -> list[Path]:
        """Rename the checkpoints after a step, which a run that goes on from there would else take for its newest."""
        return [path.rename(_free(path.with_name(path.name + ASIDE))) for path in self.all() if _step(path) > step]

    def drop(self, path: Path) -> None:
        """Delete a checkpoint, which is none before its first file goes. Raises GantkError."""
        try:
            _delete(self._retired(path))
        except OSError as error:
            raise GantkError(f"cannot delete {path}: {error.strerror or error}") from error

    def _replace(self, aside: Path, path: Path) -> None:
        """Let a complete folder take a checkpoint's name, after all of it is on the disk."""
        for file in aside.iterdir():
            flush(file)
        flush_folder(aside)
        before = self._retired(path) if path.is_symlink() or path.exists() else None
        aside.rename(path)
        flush_folder(self.folder)
        if before is not None:
            _delete(before)

    def _retired(self, path: Path) -> Path:
        """Return the new path of what is going to be deleted: it is no checkpoint before its first file goes."""
        return path.rename(_free(path.with_name(f"{path.name}.old{PARTIAL}")))

    def _failure(self, error: Exception) -> str:
        full = getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error)
        what = "the disk is full; make room" if full else str(error)
        return f"cannot save a checkpoint in {self.folder}: {what}; {self.last_good}"

    def _other_than(self, damaged: Path, take: Callable[[Path], object]) -> str:
        for path in reversed(self.all()):
            try:
                if path != damaged:
                    check_files(path)
                    take(path)
                    return f"{path} is whole: say --step {_step(path)}"
            except GantkError:
                continue
        return f"no other checkpoint is whole; {self.anew}"


def _step(path: Path) -> int:
    return int(path.name)


def _free(path: Path) -> Path:
    """Return a path at which there is nothing: this one, or one with a number before its ending."""
    free, number = path, 1
    while free.is_symlink() or free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def _delete(path: Path) -> None:
    """Delete a file, a folder, or a link, but never what a link names."""
    if path.is_symlink() or not path.is_dir():
        path.unlink()
    else:
        shutil.rmtree(path)
