"""The ledger: a record for each time that a protocol was run, and the table that the docs show."""

import json
from pathlib import Path
from statistics import median
from typing import Any

LEDGER = Path(__file__).with_name("ledger.jsonl")
TABLE = Path(__file__).parents[2] / "docs" / "ledger.md"

HEAD = """# The ledger of published numbers

Each line is a protocol of a paper that was run again by one command, and what came out, flattering or not. The command,
every single value and how it was measured stand in
[`benchmarks/reproduce/ledger.jsonl`](../benchmarks/reproduce/ledger.jsonl); this page is written by
`python benchmarks/reproduce table`. A published `±` is what the paper prints: PacGAN's the standard error of ten
trainings, a Parzen window's that over test images. Ours is the standard deviation over seeds, with the single values
behind it; of a single training, the score's own error. KID is by the features of EfficientNet-Lite0, and compares
within this page alone.

**Shortened** runs are not of the full length, which is the paper's where it states one: they show that the protocol
runs, and what it gives at that length. Full lengths, other than InfoGAN's, wait for a GPU: a run takes hours to weeks
of a CPU. In a step every player moves, a critic as often as its game says.

"""


def append(record: dict[str, Any]) -> None:
    """Add a record."""
    with LEDGER.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record, ensure_ascii=False) + "\n")


def records() -> list[dict[str, Any]]:
    """Return every record: none hides another."""
    return [json.loads(line) for line in LEDGER.read_text("utf-8").splitlines()] if LEDGER.exists() else []


def page(names: list[str]) -> str:
    """Return the docs' page; `names` are all protocols, of which those without a record are listed as not yet run."""
    found = records()
    done = {record["protocol"] for record in found}
    full = {record["protocol"] for record in found if record["steps"] >= record["full_steps"]}
    lines = [
        "| protocol | score | published | obtained | seeds | steps | data | device, minutes a run | differs |",
        "|---|---|---|---|---|---|---|---|---|",
        *(line for name in names for record in found if record["protocol"] == name for line in _rows(record)),
    ]
    waiting = [name for name in names if name not in full]
    never = [name for name in names if name not in done]
    return (
        HEAD
        + "\n".join(lines)
        + f"\n\n**Not yet run at full length**: {', '.join(waiting) or 'none'}.\n"
        + f"\n**Not yet run at all**: {', '.join(never) or 'none'}.\n"
    )


def _rows(record: dict[str, Any]) -> list[str]:
    short = record["steps"] < record["full_steps"]
    steps = f"{record['steps']:,}" + (f" of {record['full_steps']:,}: **shortened**" if short else "")
    return [
        "| "
        + " | ".join(
            [
                f"`{record['protocol']}`<br>{record['paper']}",
                name,
                score["published"] or "-",
                _obtained(score["values"], record["details"].get(name, {}).get("error")),
                str(len(score["values"])),
                steps,
                record["data"],
                f"{record['device']}, {record['minutes']:.0f}",
                record["differs"] or "-",
            ]
        )
        + " |"
        for name, score in record["scores"].items()
    ]


def _obtained(values: list[float], error: float | None) -> str:
    mean = sum(values) / len(values)
    if len(values) == 1:
        return f"{mean:.4g}" + (f" (its own error {error:.2g})" if error else "")
    spread = (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5
    middle = f", median {median(values):.4g}, {min(values):.4g} to {max(values):.4g}" if len(values) >= 5 else ""
    return f"{mean:.4g} ± {spread:.2g}{middle} ({', '.join(f'{value:.4g}' for value in values)})"
