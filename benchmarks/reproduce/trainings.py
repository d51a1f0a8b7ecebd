"""One training of a protocol: begun or gone on with, then measured for the ledger.

A note beside the run's folder says what is trained there and since when, so that a training which was ended goes on by
the same command, and its minutes are those of all sittings.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from ledger import Record
from protocol import Protocol

import gantk
from gantk.runs.lock import Lock
from gantk.runs.run import Run


def stated(protocol: Protocol, steps: int, seed: int) -> Record:
    """Return what is known of a training before it began."""
    return {
        "protocol": protocol.name,
        "seed": seed,
        "steps": steps,
        "train": f"gantk train {protocol.train} --steps {steps}",
        "evaluate": [f"gantk evaluate RUN {how}" for how in protocol.evaluate],
        "differs": protocol.differs,
    }


def trained(protocol: Protocol, known: Record, train: str, run: Path) -> float:
    """Train, or go on with what was saved; return the minutes that it took in all.

    `train` are the protocol's arguments with the folders of this machine.
    """
    steps = known["steps"]
    note = noted(run)
    seconds = 0.0
    if note.exists():
        before = json.loads(note.read_text("utf-8"))
        if before["train"] != known["train"]:
            sys.exit(f"{run} was begun by {before['train']!r}: delete it and {note.name}, or name other --runs")
        seconds = before["seconds"] + _worked(run, before["since"])
    since = time.time()
    if Run(run).checkpoints().all() and note.exists():
        command = f"train --resume {shlex.quote(str(run))} --steps {steps}"
    else:
        if note.exists():
            _cleared(run)
        every, kept = (steps // 10, 10) if protocol.curve else (max(1, steps // 20), 1)
        saves = f"--checkpoint-every {every} --keep {kept}"
        quiet = f"--preview-every {steps} {saves} --log-every 100"
        command = f"train {train} --steps {steps} --seed {known['seed']} {quiet} --out {shlex.quote(str(run))}"
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps({"train": known["train"], "seconds": seconds, "since": since}), "utf-8")
    watched(command)
    return (seconds + _worked(run, since)) / 60


def measured(protocol: Protocol, known: Record, run: Path, minutes: float) -> Record:
    """Return the record of a training that is over."""
    if protocol.curve:
        found = [_correlated(run, protocol)]
    else:
        found = [record for how in protocol.evaluate for record in _evaluated(run, how, len(protocol.evaluate))]
    manifest = Run(run).manifest
    threads = f", OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', '')}" if manifest.device == "cpu" else ""
    return known | {
        "scores": {record["name"]: record["value"] for record in found},
        "data": found[0]["data"]["summary"],
        "fingerprint": found[0]["data"]["fingerprint"],
        "measured": {record["name"]: record["protocol"] for record in found},
        "device": f"{manifest.device}, {manifest.precision}{threads}",
        "minutes": minutes,
        "details": {record["name"]: record["details"] | {"error": record["error"]} for record in found},
        "version": gantk.__version__,
        "commit": manifest.git,
        "date": datetime.now(UTC).date().isoformat(),
    }


def noted(run: Path) -> Path:
    """Return where the note of a run lies: beside its folder, which is empty when a training begins."""
    return run.with_name(f"{run.name}.json")


def delete(run: Path) -> None:
    """Delete a run and its note."""
    shutil.rmtree(run)
    noted(run).unlink()


def watched(command: str) -> None:
    """Run a command of gantk that says how far it is."""
    with subprocess.Popen([sys.executable, "-m", "gantk", *shlex.split(command)]) as process:
        try:
            process.wait()
        except KeyboardInterrupt:  # which the training has heard as well, and saves
            process.wait()
            sys.exit("stopped; the same command goes on where it was")
    if process.returncode:
        sys.exit(f"it ended early; the same command goes on from what was saved. It was: gantk {command}")


def answered(command: str) -> str:
    """Return what a command of gantk prints."""
    done = subprocess.run([sys.executable, "-m", "gantk", *shlex.split(command)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"gantk {command}\n{done.stderr}")
    return done.stdout


def _worked(run: Path, since: float) -> float:
    """Return the seconds from a time to the newest checkpoint: what came after it was lost."""
    saved = Run(run).checkpoints().all()
    return max(0.0, saved[-1].stat().st_mtime - since) if saved else 0.0


def _cleared(run: Path) -> None:
    """Delete a run that was ended before its first checkpoint. Raises GantkError where another process trains it."""
    if run.exists():
        held = Lock(run)
        shutil.rmtree(run)
        held.release()


def _evaluated(run: Path, how: str, calls: int) -> list[Record]:
    """Return the records of one call; of several, their names say which graph was measured."""
    records: list[Record] = json.loads(answered(f"evaluate {shlex.quote(str(run))} {how} --json"))
    for record in records:
        record["name"] += f" of {record['graph']}" if calls > 1 else ""
    return records


def _correlated(run: Path, protocol: Protocol) -> Record:
    """Return the rank correlation (Spearman) of a logged scalar with the score over a run's checkpoints."""
    from scipy.stats import spearmanr

    logged = [json.loads(line) for line in (run / "scalars.jsonl").read_text("utf-8").splitlines()]
    steps = [int(folder.name) for folder in Run(run).checkpoints().all()]
    curve, scores = [], []
    for number, step in enumerate(steps):
        since = steps[number - 1] if number else 0
        window = [line[protocol.curve] for line in logged if since < line["step"] <= step and protocol.curve in line]
        curve.append(sum(window) / len(window))
        how = f"{protocol.evaluate[0]} --step {step} --json"
        (record,) = json.loads(answered(f"evaluate {shlex.quote(str(run))} {how}"))
        scores.append(record["value"])
        print(f"step {step}: {protocol.curve} {curve[-1]:.4g}, {record['name']} {scores[-1]:.4g}", flush=True)
    name = f"rank correlation of {protocol.curve} with {record['name']}"
    how = f"Spearman's over {len(steps)} checkpoints; {record['name']}: {record['protocol']}"
    return record | {"name": name, "value": float(spearmanr(curve, scores).statistic), "error": None, "protocol": how}
