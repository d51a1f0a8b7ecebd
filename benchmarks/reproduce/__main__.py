"""Train papers' protocols again and append what came out to the ledger, a line for each seed.

python benchmarks/reproduce list
python benchmarks/reproduce run ring-gan --seeds 3 --short
python benchmarks/reproduce run parzen-gan --mnist FOLDER
python benchmarks/reproduce table

Seeds that are in the ledger are left out, and a training that was ended goes on: say the same command again.
"""

import argparse
import json
import shlex
import sys
from pathlib import Path

import ledger
import page
import trainings
from protocol import Protocol
from protocols import PROTOCOLS

from gantk.errors import GantkError


def main() -> None:
    arguments = _arguments()
    if arguments.command == "list" and arguments.json:
        print(json.dumps({protocol.name: protocol.train for protocol in PROTOCOLS}, indent=1))
    elif arguments.command == "list":
        _list()
    elif arguments.command == "table":
        written = page.page(ledger.records())
        if not arguments.check:
            page.PAGE.write_text(written, "utf-8")
        elif page.PAGE.read_text("utf-8") != written:
            sys.exit(f"{page.PAGE.name} is not what the ledger says: python benchmarks/reproduce table")
    else:
        by_name = {protocol.name: protocol for protocol in PROTOCOLS}
        for name in arguments.names:
            _run(by_name[name], arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="the protocols, and how many trainings at full length are in the ledger")
    listing.add_argument("--json", action="store_true", help="with what each trains")
    table = commands.add_parser("table", help="write docs/ledger.md")
    table.add_argument("--check", action="store_true", help="fail where it is not up to date")
    run = commands.add_parser("run", help="train and measure protocols, or go on where that was ended")
    run.add_argument("names", nargs="+", choices=[protocol.name for protocol in PROTOCOLS], metavar="NAME")
    which = run.add_mutually_exclusive_group()
    which.add_argument("--seeds", type=int, metavar="N", help="the seeds from 0 to N - 1; default: as many as are due")
    which.add_argument("--seed", type=int, action="append", metavar="SEED", help="this seed; may be said again")
    run.add_argument("--short", action="store_true", help="the length that a CPU can do; the ledger says so")
    run.add_argument("--mnist", default="", help="folder with the digits")
    run.add_argument("--fashion", default="", help="folder with Fashion-MNIST")
    run.add_argument("--runs", type=Path, default=Path("runs/reproduce"), help="where they are trained; %(default)s")
    run.add_argument("--again", action="store_true", help="also train seeds that are in the ledger")
    run.add_argument("--keep", action="store_true", help="keep the runs; else each is deleted once it is in the ledger")
    return parser.parse_args()


def _list() -> None:
    found = ledger.records()
    for protocol in PROTOCOLS:
        rows = ledger.rows([record for record in found if record["protocol"] == protocol.name])
        full = len(rows[0]) if rows and rows[0][0]["steps"] >= protocol.steps else 0
        print(f"{protocol.name:<28} {f'{full} of {protocol.seeds}':>8}  {protocol.paper}")


def _run(protocol: Protocol, arguments: argparse.Namespace) -> None:
    """Train and measure the seeds of a protocol that the ledger lacks."""
    steps = protocol.short if arguments.short else protocol.steps
    for data in ("mnist", "fashion"):
        if f"{{{data}}}" in protocol.train and not getattr(arguments, data):
            sys.exit(f"{protocol.name} needs --{data} FOLDER; docs/data.md says what to put there")
    train = protocol.train.format(mnist=shlex.quote(arguments.mnist), fashion=shlex.quote(arguments.fashion))
    for seed in arguments.seed or range(arguments.seeds or protocol.seeds):
        known = trainings.stated(protocol, steps, seed)
        said = f"{protocol.name}, {steps:,} steps, seed {seed}"
        if ledger.holds(known) and not arguments.again:
            print(f"{said}: in the ledger already", flush=True)
            continue
        print(f"{said}:", flush=True)
        run = arguments.runs / f"{protocol.name}-{steps}-{seed}"
        minutes = trainings.trained(protocol, known, train, run)
        record = trainings.measured(protocol, known, run, minutes)
        ledger.append(record)
        print(f"{said}: {', '.join(f'{name} {value:.4g}' for name, value in record['scores'].items())}", flush=True)
        if not arguments.keep:
            trainings.delete(run)


try:
    main()
except GantkError as error:
    sys.exit(str(error))
