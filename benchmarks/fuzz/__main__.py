"""Try gantk on thousands of damaged files, and count what it says.

python benchmarks/fuzz --count 10000
python benchmarks/fuzz --kinds cards,manifests --count 500 --keep found/
python benchmarks/fuzz --only images:417

Each case is made from the seed and its number alone. A case may end well or in a clear error; a traceback, a hang, a
crash, silence or an escape sequence on the terminal makes the script end with exit status 1.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cases import KINDS, Case
from material import make_material
from pool import Answer, Pool

ALLOWED = ("fine", "clear error")
"""Outcomes that a case may have."""


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as scratch:
        material = arguments.material or Path(scratch, "material")
        make_material(material)
        cases = _cases(arguments)
        began = time.perf_counter()
        counts: dict[str, Counter[str]] = {kind: Counter() for kind in arguments.kinds}
        pool = Pool(material, Path(scratch), arguments.keep, arguments.deadline)
        with ThreadPoolExecutor(arguments.jobs) as threads:
            for case, answer in zip(cases, threads.map(pool.answer, cases), strict=True):
                counts[case.kind][answer.outcome] += 1
                if arguments.only or answer.outcome not in ALLOWED:
                    print(_told(case, answer), flush=True)
        pool.close()
        print(_table(counts, time.perf_counter() - began))
    if any(outcome not in ALLOWED for found in counts.values() for outcome in found):
        sys.exit(1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, help="cases in all, spread over the kinds")
    parser.add_argument("--seed", type=int, default=0, help="what every case follows from")
    parser.add_argument("--kinds", type=lambda text: text.split(","), default=list(KINDS), help=", ".join(KINDS))
    parser.add_argument("--only", help="one case, such as images:417; its whole answer is printed")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--deadline", type=float, default=60, help="seconds after which a case counts as a hang")
    parser.add_argument("--keep", type=Path, help="a folder for the inputs of cases that end badly")
    parser.add_argument("--material", type=Path, help="a folder for the valid files, made once and used again")
    arguments = parser.parse_args()
    unknown = set(arguments.kinds) - set(KINDS)
    if unknown:
        parser.error(f"no kind is called {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    if arguments.only:
        arguments.kinds = [arguments.only.split(":")[0]]
    return arguments


def _cases(arguments: argparse.Namespace) -> list[Case]:
    if arguments.only:
        kind, number = arguments.only.split(":")
        return [Case(kind, arguments.seed, int(number))]
    kinds = arguments.kinds
    return [Case(kinds[n % len(kinds)], arguments.seed, n // len(kinds)) for n in range(arguments.count)]


def _told(case: Case, answer: Answer) -> str:
    return f"{case.kind}:{case.number} {answer.outcome}: gantk {' '.join(answer.command)}\n{answer.said[-2000:]}"


def _table(counts: dict[str, Counter[str]], seconds: float) -> str:
    outcomes = [*ALLOWED, "traceback", "hang", "crash", "silence", "escape"]
    lines = [f"{'':<12}" + "".join(f"{outcome:>13}" for outcome in outcomes)]
    for kind, found in counts.items():
        lines.append(f"{kind:<12}" + "".join(f"{found[outcome]:>13,}" for outcome in outcomes))
    return "\n".join([*lines, f"{sum(sum(found.values()) for found in counts.values()):,} cases, {seconds:.0f} s"])


if __name__ == "__main__":
    main()
