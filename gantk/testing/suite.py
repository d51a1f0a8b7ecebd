"""The checks of a plugin, made."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from gantk.errors import UsageError
from gantk.install_lines import require_training
from gantk.packages import entries
from gantk.plugins.entrypoints import InstalledPlugin, find
from gantk.testing.checks import CHECKS, Check
from gantk.testing.processes import Died, Workers
from gantk.testing.report import Outcome, Report
from gantk.text import nearest

SECONDS = 300.0
"""What a check may take."""

_WITHOUT_TORCH = ("gantk.data.dataset", "gantk.data.resized", "PIL.Image")
_WITH_TORCH = ("torch",)
_FOR_TRAINING = ("gantk.testing.preloaded",)

Say = Callable[[Outcome], None]


class Checker:
    """Checks plugins; those checked by one Checker share its processes and, for each plugin, its run.

    A context manager, whose end ends its processes and drops its files.
    """

    def __init__(self) -> None:
        # A run that is checked is not worth keeping, and previews may be large.
        self._files = tempfile.TemporaryDirectory(prefix="gantk-check-")
        self._without_torch, self._with_torch = Workers(), Workers()
        self._folders: dict[str, Path] = {}

    def check(
        self,
        name_or_path: str,
        *,
        only: Iterable[str] | None = None,
        options: Mapping[str, str] | None = None,
        data: Sequence[str] = (),
        say: Say = lambda outcome: None,
    ) -> Report:
        """Make the checks of a plugin, and return what they found.

        Args:
            name_or_path: an installed plugin's name, or the path of a .py file.
            only: names of the checks to make; None: all that are for this plugin.
            options: options as `gantk train -s` takes them, by name, such as {"generator.filters": "8"}.
            data: what to train on, as `gantk train --data` takes it; empty: the default images.
            say: called with each outcome as soon as it is known.

        Raises UsageError where no plugin or no check is called so, and GantkError where training is not installed.
        """
        require_training("checking a plugin")
        plugin = find(name_or_path)
        place = str(plugin.path) if plugin.path else plugin.name
        request = {"plugin": place, "options": dict(options or {}), "data": list(data)}
        folder = self._folder(json.dumps(request))
        outcomes: dict[str, Outcome] = {}
        for check in _chosen(plugin, only):
            outcome = self._made(check, plugin, request, folder, outcomes)
            outcomes[check.name] = outcome
            say(outcome)
        return Report(plugin.name, tuple(outcomes.values()), folder)

    def _folder(self, key: str) -> Path:
        """Return where the checks of a plugin, with the same options, leave their files."""
        if key not in self._folders:
            self._folders[key] = Path(tempfile.mkdtemp(dir=self._files.name))
        return self._folders[key]

    def close(self) -> None:
        """End the processes, and drop the files."""
        self._without_torch.close()
        self._with_torch.close()
        self._files.cleanup()

    def __enter__(self) -> Checker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _made(
        self,
        check: Check,
        plugin: InstalledPlugin,
        request: Mapping[str, object],
        folder: Path,
        before: Mapping[str, Outcome],
    ) -> Outcome:
        for needed in ("hooks", check.needs):
            if needed in before and before[needed].status != "pass" and not check.fresh:
                return Outcome(check.name, "skip", f"{needed} did not pass")
        arguments = {"check": check.name, "request": request, "folder": str(folder)}
        # What brings data alone is used where torch is not installed.
        light = check.fresh and set(plugin.hooks) == {"dataset"}
        workers = self._without_torch if light else self._with_torch
        modules = _WITHOUT_TORCH if light else imported(check)
        try:
            status, reason = workers.call(
                "gantk.testing.checked:make", arguments, folder / "output.txt", SECONDS, modules
            )
        except Died as died:
            return Outcome(check.name, "FAIL", f"{died}{_last_line(folder / 'output.txt')}")
        reason = " ".join(reason.split())
        # A plugin that cannot be imported, which its imports would tell again.
        if status == "FAIL" and "hooks" in before and before["hooks"].reason == reason:
            return Outcome(check.name, "skip", "hooks did not pass")
        return Outcome(check.name, status, reason)


def check_plugin(
    name_or_path: str,
    *,
    only: Iterable[str] | None = None,
    options: Mapping[str, str] | None = None,
    data: Sequence[str] = (),
) -> Report:
    """Make the checks of a plugin, an installed one's name or the path of a .py file, and return what they found.

    `check_plugin("dilated").require()` in a test fails with a line for each check that failed. Arguments and errors are
    those of `Checker.check`.
    """
    with Checker() as checker:
        return checker.check(name_or_path, only=only, options=options, data=data)


def _chosen(plugin: InstalledPlugin, only: Iterable[str] | None) -> list[Check]:
    """Return the checks to make. Raises UsageError for a name that none has, or one that is not for this plugin."""
    if only is None:
        return [check for check in CHECKS if check.applies(plugin)]
    names = list(only)
    known = {check.name: check for check in CHECKS}
    for name in names:
        if name not in known:
            raise UsageError(f"no check is called {name!r}{nearest(name, known, 'gantk plugin check --list')}")
        if not known[name].applies(plugin):
            hooks = ", ".join(known[name].hooks)
            raise UsageError(f"check {name} is for plugins that answer {hooks}; {plugin.name} answers none of these")
    return [check for check in CHECKS if check.name in names]


def imported(check: Check) -> tuple[str, ...]:
    """Return the modules that a check's process imports before it is forked."""
    named = tuple(entry.value for entry in entries("gantk.preloaded") if entry.name == check.name)
    return (_FOR_TRAINING if check.trains else _WITH_TORCH) + named


def _last_line(output: Path) -> str:
    lines = output.read_text("utf-8", "replace").split("\n") if output.exists() else []
    said = [line.strip() for line in lines if line.strip()]
    return f"; it said last: {said[-1]}" if said else ""
