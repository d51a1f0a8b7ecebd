"""Run a paper's protocol again and append what came out to the ledger.

python benchmarks/reproduce list
python benchmarks/reproduce run ring-gan --seeds 3 --short
python benchmarks/reproduce run parzen-gan --short --mnist FOLDER
python benchmarks/reproduce table
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ledger
from protocols import PROTOCOLS, Protocol

import gantk


def main() -> None:
    arguments = _arguments()
    if arguments.command == "list" and arguments.json:
        print(json.dumps({protocol.name: protocol.train for protocol in PROTOCOLS}, indent=1))
    elif arguments.command == "list":
        for protocol in PROTOCOLS:
            print(f"{protocol.name:<28} {protocol.paper}")
    elif arguments.command == "table":
        page = ledger.page([protocol.name for protocol in PROTOCOLS])
        if not arguments.check:
            ledger.TABLE.write_text(page, "utf-8")
        elif ledger.TABLE.read_text("utf-8") != page:
            sys.exit(f"{ledger.TABLE.name} is not what the ledger says: python benchmarks/reproduce table")
    else:
        by_name = {protocol.name: protocol for protocol in PROTOCOLS}
        for name in arguments.names:
            ledger.append(_reproduced(by_name[name], arguments))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="the protocols")
    listing.add_argument("--json", action="store_true", help="with what each trains")
    table = commands.add_parser("table", help="write docs/ledger.md")
    table.add_argument("--check", action="store_true", help="fail where it is not up to date")
    run = commands.add_parser("run", help="run protocols")
    run.add_argument("names", nargs="+", choices=[protocol.name for protocol in PROTOCOLS], metavar="NAME")
    run.add_argument("--seeds", type=int, help="runs; default: the protocol's")
    run.add_argument("--short", action="store_true", help="the length that a CPU can do; the record says so")
    run.add_argument("--mnist", default="", help="folder with the digits")
    run.add_argument("--fashion", default="", help="folder with Fashion-MNIST")
    run.add_argument("--runs", help="keep the runs in this folder; default: they are deleted")
    return parser.parse_args()


def _reproduced(protocol: Protocol, arguments: argparse.Namespace) -> dict[str, Any]:
    steps = protocol.short if arguments.short else protocol.steps
    seeds = arguments.seeds or protocol.seeds
    for data in ("mnist", "fashion"):
        if f"{{{data}}}" in protocol.train and not getattr(arguments, data):
            sys.exit(f"{protocol.name} needs --{data} FOLDER; docs/data.md says what to put there")
    train = protocol.train.format(mnist=arguments.mnist, fashion=arguments.fashion)
    values: dict[str, list[float]] = {}
    minutes = []
    records: list[dict[str, Any]] = []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder:
            run = Path(arguments.runs or folder) / f"{protocol.name}-{seed}"
            kept = 10 if protocol.curve else 1
            quiet = f"--preview-every {steps} --checkpoint-every {steps // kept} --keep {kept} --log-every 100"
            began = time.perf_counter()
            _gantk(f"train {train} --steps {steps} --seed {seed} {quiet} --out {run}")
            minutes.append((time.perf_counter() - began) / 60)
            if protocol.curve:
                records = [_correlated(run, protocol)]
            else:
                records = [
                    record for how in protocol.evaluate for record in _evaluated(run, how, len(protocol.evaluate))
                ]
            manifest = json.loads((run / "manifest.json").read_text("utf-8"))
        for record in records:
            values.setdefault(record["name"], []).append(record["value"])
        print(f"{protocol.name} seed {seed}: { ({name: found[-1] for name, found in values.items()}) }", flush=True)
    threads = f", OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', '')}" if manifest["device"] == "cpu" else ""
    return {
        "protocol": protocol.name,
        "paper": protocol.paper,
        "scores": {
            name: {"published": protocol.published.get(name, ""), "values": found} for name, found in values.items()
        },
        "steps": steps,
        "full_steps": protocol.steps,
        "length": protocol.length,
        "data": records[0]["data"]["summary"],
        "fingerprint": records[0]["data"]["fingerprint"],
        "differs": protocol.differs,
        "measured": {record["name"]: record["protocol"] for record in records},
        "device": f"{manifest['device']}, {manifest['precision']}{threads}",
        "minutes": sum(minutes) / len(minutes),
        "train": f"gantk train {protocol.train} --steps {steps} --seed 0 .. {seeds - 1}",
        "evaluate": [f"gantk evaluate RUN {how}" for how in protocol.evaluate],
        "details": {record["name"]: record["details"] | {"error": record["error"]} for record in records},
        "version": gantk.__version__,
        "date": datetime.now(UTC).date().isoformat(),
    }


def _evaluated(run: Path, how: str, calls: int) -> list[dict[str, Any]]:
    """Return the records of one call; of several, their names say which graph was measured."""
    records: list[dict[str, Any]] = json.loads(_gantk(f"evaluate {run} {how} --json"))
    for record in records:
        record["name"] += f" of {record['graph']}" if calls > 1 else ""
    return records


def _correlated(run: Path, protocol: Protocol) -> dict[str, Any]:
    """Return the rank correlation (Spearman) of a logged scalar with the score over a run's checkpoints."""
    from scipy.stats import spearmanr

    logged = [json.loads(line) for line in (run / "scalars.jsonl").read_text("utf-8").splitlines()]
    steps = [int(folder.name) for folder in sorted((run / "checkpoints").iterdir())]
    curve, scores = [], []
    for number, step in enumerate(steps):
        since = steps[number - 1] if number else 0
        window = [line[protocol.curve] for line in logged if since < line["step"] <= step and protocol.curve in line]
        curve.append(sum(window) / len(window))
        (record,) = json.loads(_gantk(f"evaluate {run} {protocol.evaluate[0]} --step {step} --json"))
        scores.append(record["value"])
        print(f"step {step}: {protocol.curve} {curve[-1]:.4g}, {record['name']} {scores[-1]:.4g}", flush=True)
    name = f"rank correlation of {protocol.curve} with {record['name']}"
    how = f"Spearman's over {len(steps)} checkpoints; {record['name']}: {record['protocol']}"
    return record | {"name": name, "value": float(spearmanr(curve, scores).statistic), "error": None, "protocol": how}


def _gantk(command: str) -> str:
    done = subprocess.run([sys.executable, "-m", "gantk", *shlex.split(command)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"gantk {command}\n{done.stderr}")
    return done.stdout


main()
