"""The ledger: a record for each time that a protocol was run, and the table that the docs show."""

import json
from html import escape
from pathlib import Path
from statistics import median
from typing import Any

LEDGER = Path(__file__).with_name("ledger.jsonl")
TABLE = Path(__file__).parents[2] / "docs" / "ledger.md"

HEAD = """# The ledger of published numbers

Each row is a protocol of a paper that was run again by one command, and what came out, flattering or not: what was
obtained stands first, what the paper publishes in brackets. Ours is the mean over seeds and its standard deviation; of
a single training, the value and the score's own error. A published `±` is what the paper prints: PacGAN's the standard
error of ten trainings, a Parzen window's that over test images. KID is by the features of EfficientNet-Lite0, and
compares within this page alone. In a step every player moves, a critic as often as its game says.

The command, every single value and how it was measured stand in
[`benchmarks/reproduce/ledger.jsonl`](../benchmarks/reproduce/ledger.jsonl), from which
`python benchmarks/reproduce table` writes this page.

"""

FOLDED = """What was trained on, for how long, and where it leaves the paper; single values are those of the seeds.

"""

SHORT = """These are not of the full length, which is the paper's where it states one: they show that the protocol runs,
and what it gives at that length. Most full lengths wait for a GPU: a run takes hours to weeks of a CPU.

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
    every = records()
    found = [record for name in names for record in every if record["protocol"] == name]
    full = [record for record in found if record["steps"] >= record["full_steps"]]
    short = [record for record in found if record["steps"] < record["full_steps"]]
    waiting = [name for name in names if all(record["protocol"] != name for record in full)]
    never = [name for name in names if all(record["protocol"] != name for record in found)]
    return (
        HEAD
        + f"## At full length\n\n{_table(full)}\n"
        + f"**Not yet run at full length**: {', '.join(waiting) or 'none'}.\n\n"
        + f"**Not yet run at all**: {', '.join(never) or 'none'}.\n\n"
        + f"## Shortened\n\n{SHORT}{_table(short)}\n"
        + f"## Details\n\n{FOLDED}"
        + "\n".join(map(_details, full + short))
    )


def _table(found: list[dict[str, Any]]) -> str:
    rows = ["| protocol | obtained (published) | steps |", "|---|---|---|"]
    for record in found:
        scores = [
            f"{name} **{_obtained(score['values'], _own_error(record, name))}**"
            + (f" ({score['published']})" if score["published"] else "")
            for name, score in record["scores"].items()
        ]
        paper = record["paper"].partition(", arXiv")[0]
        rows.append(f"| `{record['protocol']}`<br>{paper} | {'<br>'.join(scores)} | {_steps(record)} |")
    return "\n".join(rows) + "\n"


def _details(record: dict[str, Any]) -> str:
    """Return what a record says besides its scores, folded."""
    values = [
        f"{name}: {', '.join(f'{value:.4g}' for value in score['values'])}" + _middle(score["values"])
        for name, score in record["scores"].items()
    ]
    told = [
        record["paper"],
        *values,
        f"data: {record['data']}",
        f"computed on: {record['device']}, {record['minutes']:.0f} min a training",
        *([f"differs: {record['differs']}"] if record["differs"] else []),
    ]
    listed = "\n".join(f"<li>{escape(line)}</li>" for line in told)
    title = f"<code>{record['protocol']}</code>, {_steps(record)} steps"
    return f"<details>\n<summary>{title}</summary>\n<ul>\n{listed}\n</ul>\n</details>\n"


def _steps(record: dict[str, Any]) -> str:
    short = record["steps"] < record["full_steps"]
    return f"{record['steps']:,}" + (f" of {record['full_steps']:,}" if short else "")


def _own_error(record: dict[str, Any], score: str) -> float | None:
    error: float | None = record["details"].get(score, {}).get("error")
    return error


def _obtained(values: list[float], error: float | None) -> str:
    """Return a mean and how sure it is: by its standard deviation, or of one value by its own error."""
    mean = sum(values) / len(values)
    if len(values) > 1:
        error = (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5
    return f"{mean:.4g}" + (f" ± {error:.2g}" if error is not None else "")


def _middle(values: list[float]) -> str:
    return f"; median {median(values):.4g}" if len(values) >= 5 else ""
