"""Train every translator for the same processor time on the same emoji, and write the page that compares them.

python benchmarks/translators run --minutes 8
python benchmarks/translators run cyclegan cut
python benchmarks/translators page

A method whose line is in results.jsonl is trained again only where it is named.
"""

import argparse
import json
import os
import resource
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import measures
import page
from methods import METHODS, Method

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results.jsonl"
FEW, MANY = 100, 400
"""Steps of the two short trainings whose difference tells what a step costs."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="train and measure methods, then write the page")
    run.add_argument("names", nargs="*", metavar="NAME", help=", ".join(method.name for method in METHODS))
    run.add_argument("--minutes", type=float, default=8.0, help="processor time of a training; default: %(default)s")
    run.add_argument("--runs", type=Path, default=Path("runs/translators"), help="where; default: %(default)s")
    written = commands.add_parser("page", help="write the page from results.jsonl")
    written.add_argument("--check", action="store_true", help="fail where it is not up to date")
    arguments = parser.parse_args()
    if arguments.command == "run":
        known = {method.name: method for method in METHODS}
        if unknown := set(arguments.names) - set(known):
            parser.error(f"no method is called {min(unknown)}")
        os.environ["OMP_NUM_THREADS"] = "1"
        due = [known[name] for name in arguments.names] or [each for each in METHODS if each.name not in results()]
        for method in due:
            found = results()
            found |= {method.name: _run(method, arguments.minutes, arguments.runs)}
            if page.NOTHING not in found:
                nothing = measures.doing_nothing(measures.subject_of(arguments.runs / method.name, method.graph))
                found[page.NOTHING] = {"name": page.NOTHING, "scores": measures.scores(nothing)}
            RESULTS.write_text("".join(f"{json.dumps(line)}\n" for line in found.values()), "utf-8")
    made = page.page(list(results().values()))
    if arguments.command == "run" or not arguments.check:
        page.PAGE.write_text(made, "utf-8")
    elif page.PAGE.read_text("utf-8") != made:
        sys.exit(f"{page.PAGE.name} is not what the results say: python benchmarks/translators page")


def results() -> dict[str, dict[str, Any]]:
    """Return the line of each method that was trained, by its name."""
    lines = RESULTS.read_text("utf-8").splitlines() if RESULTS.exists() else []
    return {result["name"]: result for result in map(json.loads, lines)}


def _run(method: Method, minutes: float, runs: Path) -> dict[str, Any]:
    """Train a method for so long, measure it, and draw what it makes of some held-out emoji."""
    folder = runs / method.name
    few, many = (_trained(method, steps, folder) for steps in (FEW, MANY))
    steps = round(60 * minutes * (MANY - FEW) / (many - few))
    taken = _trained(method, steps, folder) / 60
    subject = measures.subject_of(folder, method.graph)
    for name, row in measures.strips(subject).items():
        row.save(page.picture(method.name if name == "made" else name), optimize=True)
    return {
        "name": method.name,
        "train": f"gantk train {method.train} --steps {steps}",
        "steps": steps,
        "asked": minutes,
        "minutes": round(taken, 1),
        "scores": measures.scores(subject),
    }


def _trained(method: Method, steps: int, folder: Path) -> float:
    """Train so many steps into an empty folder; return the seconds of processor time that they took."""
    shutil.rmtree(folder, ignore_errors=True)
    rare = f"--preview-every {steps} --checkpoint-every {steps} --keep 1"
    before = _spent()
    _gantk(f"train {method.train} --steps {steps} --workers 0 {rare} --out {folder}")
    return _spent() - before


def _spent() -> float:
    """Return the processor time in seconds of all processes that were started here and ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _gantk(command: str) -> str:
    done = subprocess.run([sys.executable, "-m", "gantk", *shlex.split(command)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"gantk {command}\n{done.stderr}")
    return done.stdout


main()
