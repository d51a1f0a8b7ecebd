"""The page of the docs that compares the translators."""

import math
import textwrap
from pathlib import Path
from typing import Any

from methods import METHODS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "translators.md"
PICTURES = DOCS / "images" / "translators"

NOTHING = "doing nothing"
REGRESSION = "regression"
HEAD = """# Translators compared

Flat emoji become 3D emoji. Every translator had {minutes:g} minutes of processor time on one core, the networks of its
quick scale, and the same 1,334 emoji to learn from; those below are of the 236 held out. Scores are means over all of
these:

- **L1** to the truth, as a share of what doing nothing has; lower is better.
- **SSIM** to the truth; higher is better.
- **KID** to the 3D emoji, by features of EfficientNet-Lite0; lower is better, and it says whether the results look like
  3D emoji, not whether each is the right one.

Papers train for days. This page says which method gives most in minutes, and nothing of what each becomes in a week.
"""

FOOT = """
## How this page is made

One command trains, measures and draws them all, and another only writes the page:

    python benchmarks/translators run --minutes {minutes:g}
    python benchmarks/translators page

Steps follow from what a step costs, measured by two short trainings, so that every method has the same processor time.
"""


def picture(name: str) -> Path:
    """Return where the pictures of a row lie."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    return PICTURES / f"{name}.png"


def page(results: list[dict[str, Any]]) -> str:
    """Return the page that the line of each method makes."""
    by_name = {result["name"]: result for result in results}
    nothing = by_name[NOTHING]["scores"]
    rows = [by_name[method.name] | {"method": method} for method in METHODS if method.name in by_name]
    rows.sort(key=lambda row: row["scores"]["l1"])
    minutes = max(row["asked"] for row in rows)
    missing = [f"`{method.name}`" for method in METHODS if method.name not in by_name]
    sections = [
        HEAD.format(minutes=minutes),
        f"## The question and the answer\n\n{_shown('source', 'Flat emoji')}{_shown('truth', '3D emoji')}",
        "## Without pairs\n\nThese never see which 3D emoji belongs to a flat one.\n",
        _section([row for row in rows if not row["method"].paired], nothing),
        "## With pairs\n\nThese are told.\n",
        _section([row for row in rows if row["method"].paired], nothing),
        *([f"Not yet run: {', '.join(missing)}.\n"] if missing else []),
    ]
    return "\n".join(sections).rstrip("\n") + "\n" + FOOT.format(minutes=minutes)


def _section(rows: list[dict[str, Any]], nothing: dict[str, float]) -> str:
    """Return a table of scores and the pictures of each row."""
    alone = next((row["scores"]["l1"] for row in rows if row["name"] == REGRESSION), math.inf)
    lines = ["| | L1 | SSIM | KID | steps |", "|---|---:|---:|---:|---:|"]
    for name, scores, steps in [
        *((row["name"], row["scores"], f"{row['steps']:,}") for row in rows),
        (NOTHING, nothing, ""),
    ]:
        l1 = scores["l1"] / nothing["l1"]
        lines.append(f"| {name} | {l1:.3f} | {scores['ssim']:.3f} | {scores['kid']:.4f} | {steps} |")
    return "\n".join(lines) + "\n\n" + "".join(_described(row, nothing["l1"], alone) for row in rows)


def _described(row: dict[str, Any], nothing: float, alone: float) -> str:
    method, l1 = row["method"], row["scores"]["l1"]
    beaten = "doing nothing" if l1 >= nothing else "regression alone" if l1 > alone else ""
    said = [method.note, *([f"By L1 it does not beat {beaten}.", method.needs] if beaten else [])]
    note = " ".join(part for part in said if part)
    text = f"**{row['name']}**: `{row['train']}`." + (f" {note}" if note else "")
    wrapped = textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)
    return f"{wrapped}\n\n" + _shown(row["name"], f"3D emoji by {row['name']}")


def _shown(name: str, what: str) -> str:
    return f"![{what}](images/translators/{name}.png)\n\n"
