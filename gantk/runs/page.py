"""The page of a run, to be looked at while it is trained and after: previews by step, losses, the command.

`index.html` is the same for every run and shows what `page.js` says, which it reads again and again. As a script that
lies beside it, a browser reads it from a disk too; other files it would not, without a server.
"""

import json
import time
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from gantk.data.storage import moved_into_place
from gantk.runs.curves import Curves
from gantk.runs.run import Run
from gantk.runs.scores import scores
from gantk.runs.warnings import noted
from gantk.text import pasted, printable

NAME, SAID = "index.html", "page.js"

EVERY = 5.0
"""Seconds between two renewals where there is no new preview."""

State = Literal["training", "trained", "stopped"]


class Page:
    """A run's page, written by the constructor and renewed as the training goes on. Raises OSError."""

    def __init__(self, run: Run, start: int, total: int) -> None:
        self.path = run.path / NAME
        self._said = run.path / SAID
        self._run = run
        self._scores = scored(run)
        self._warnings = [str(one) for one in noted(run, until=start)]
        self._start = self._step = start
        self._began = self._written = time.time()
        self._curves = Curves()
        self._curves.read(run.path / "scalars.jsonl")
        self._previews = {step for step in previews_in(run.path / "previews") if step <= start}
        self._fixed = facts_of(run) | {"start": start, "total": total, "began": self._began}
        with moved_into_place(self.path) as aside:
            aside.write_text(assembled(), "utf-8")
        self._write("training")

    def advance(self, step: int) -> None:
        """Count a step; every few seconds the page hears of it."""
        self._step = step
        if time.time() - self._written >= EVERY:
            self._write("training")

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Add what was logged after a step."""
        self._curves.add(step, values)

    def show(self, step: int) -> None:
        """Show the preview of a step, which has been written."""
        self._previews.add(step)
        self._write("training")

    def score(self) -> None:
        """Show what was measured of checkpoints, which has been recorded."""
        self._scores = scored(self._run)
        self._write("training")

    def warn(self) -> None:
        """Show what looks wrong, which has been written down."""
        self._warnings = [str(one) for one in noted(self._run)]
        self._write("training")

    def end(self, state: State, why: str = "") -> None:
        """Say that nothing is trained any more, and why."""
        self._write(state, why)

    def _write(self, state: State, why: str = "") -> None:
        self._written = time.time()
        said = self._fixed | {
            "step": self._step,
            "state": state,
            "why": printable(why),
            "updated": self._written,
            "previews": sorted(self._previews),
            "curves": self._curves.columns(),
            "scores": self._scores,
            "warnings": self._warnings,
        }
        with moved_into_place(self._said) as aside:
            aside.write_text(f"show({json.dumps(said)})\n", "ascii")


def scored(run: Run) -> dict[str, list[tuple[int, float]]]:
    """Return the scores of a run's checkpoints by what they are, those that compare under one name: step and value."""
    found: dict[str, dict[tuple[object, ...], dict[int, float]]] = {}
    for one in scores(run):
        found.setdefault(printable(one.name), {}).setdefault(one.protocol, {})[one.step] = one.value
    return {
        name if number == 1 else f"{name} ({number})": sorted(values.items())
        for name, alike in found.items()
        for number, values in enumerate(alike.values(), 1)
    }


def facts_of(run: Run) -> dict[str, Any]:
    """Return what a page says of a run from its first step on. Raises GantkError."""
    facts = run.manifest
    folder = run.path.absolute()
    return {
        "name": printable(folder.name),
        "command": _command((facts.model_extra or {}).get("command")),
        "data": printable(facts.data.summary or facts.data.name),
        "again": pasted("gantk", "train", "--resume", folder),
        "next": [pasted("gantk", "evaluate", folder), pasted("gantk", "export", folder)],
    }


def assembled(report: Mapping[str, Any] | None = None) -> str:
    """Return the page as one file; with a report in it, it reads nothing else."""
    room = files("gantk.runs").joinpath("web")
    parts = {
        name: room.joinpath(name).read_text("utf-8") for name in ("page.html", "style.css", "curves.js", "page.js")
    }
    if report is not None:
        # Nothing in it can end the script.
        said = json.dumps(report).replace("<", "\\u003c")
        parts["page.js"] = parts["page.js"].replace("const REPORT = null;", f"const REPORT = {said};", 1)
    page = parts.pop("page.html")
    for name, text in parts.items():
        page = page.replace(f"/* {name} */", text, 1)
    return page


def previews_in(folder: Path) -> list[int]:
    """Return the steps whose previews lie in a folder."""
    stems = [path.stem for path in folder.glob("*.png")]
    return [int(stem) for stem in stems if stem.isascii() and stem.isdecimal()]


def _command(recorded: Any) -> str:
    """Return how the run was started, as it is pasted into a shell."""
    if not isinstance(recorded, list) or not recorded:
        return ""
    words = [str(word) for word in recorded]
    return pasted("gantk", *words[1:]) if words[1:2] == ["train"] else pasted(*words)
