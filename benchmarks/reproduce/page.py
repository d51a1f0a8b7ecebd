"""The page of the docs that shows the ledger."""

import textwrap
from pathlib import Path
from statistics import median

import elsewhere
import ledger
from digits import APART, summary, together
from ledger import Record
from protocol import Protocol
from protocols import PROTOCOLS
from questions import QUESTIONS, Measure, Question

PAGE = Path(__file__).parents[2] / "docs" / "ledger.md"

HEAD = """# The ledger of published numbers

Papers print numbers. Here is what the same protocols gave with gantk, flattering or not.

{lengths}

How to read a row:

- **Published** is what the paper prints, **here** the mean over trainings from different seeds, ± their standard
  deviation. A single training has no ±. Where a table has several scores, the published ones stand in brackets.
- **Length** is *full*, or how much of the full length was trained. The full length is the paper's where it states one,
  else ours. In a step every player moves, a critic as often as its game says.
- Below each table, folded, stand the value of each training, the data, the machine, the command that repeats it, and
  where it leaves the paper.
"""

FOOT = """
## How this page is made

A protocol is trained and measured by one command, which adds a line for each seed to
[`benchmarks/reproduce/ledger.jsonl`](../benchmarks/reproduce/ledger.jsonl); `python benchmarks/reproduce table` writes
this page from them.

    python benchmarks/reproduce list
    python benchmarks/reproduce run infogan-code --mnist FOLDER

Seeds that are in the ledger are left out, and a training that was ended goes on where its last checkpoint was saved:
say the same command again. `--again` trains seeds of the ledger too, to see whether they come out alike; `--seed 3`
trains that seed alone, so that several machines can share the work.
"""

NONE = "\u2013"
"""Stands where there is no number."""

Row = tuple[Protocol, list[list[Record]]]
"""A protocol and its trainings by what they share: the longest first, which the table shows."""


def page(records: list[Record]) -> str:
    """Return the page; questions and rows with trainings at full length come first."""
    rows = [
        (protocol, ledger.rows([record for record in records if record["protocol"] == protocol.name]))
        for protocol in PROTOCOLS
    ]
    asked = {
        question: sorted((row for row in rows if row[0].question == question.name), key=lambda row: not _is_full(*row))
        for question in QUESTIONS
    }
    ordered = sorted(asked, key=lambda question: not _is_full(*asked[question][0]))
    return (
        HEAD.format(lengths=_lengths(rows))
        + "".join(_section(each, asked[each]) for each in ordered)
        + elsewhere.section()
        + FOOT
    )


def _lengths(rows: list[Row]) -> str:
    full = [protocol.name for protocol, found in rows if _is_full(protocol, found)]
    short = [protocol.name for protocol, found in rows if found and not _is_full(protocol, found)]
    never = [f"`{protocol.name}`" for protocol, found in rows if not found]
    return _wrapped(
        f"**{len(full)} of {len(rows)} protocols {'was' if len(full) == 1 else 'were'} trained at full length.** "
        f"{len(short)} {'was' if len(short) == 1 else 'were'} shortened, since a training takes hours to weeks of a "
        "CPU: these show that the protocol runs and what it gives at that length, and are no evidence for or against a "
        "paper." + (f" Not yet run: {', '.join(never)}." if never else "")
    )


def _section(question: Question, rows: list[Row]) -> str:
    meanings = "\n".join(
        _wrapped(
            f"- **{measure.head}**: {measure.means}. **{measure.better.capitalize()} is better**; {measure.bounds}."
        )
        for measure in question.measures
    )
    folded = "\n".join(_details(question, *row) for row in rows if row[1])
    asked = f"{_wrapped(question.asked)}\n\n{meanings}"
    tabled = f"\n## {question.title}\n\n{asked}\n\n{_table(question, rows)}"
    if not folded:
        return tabled
    return (
        f"{tabled}\n{_counts(rows)}\n\n"
        f"<details>\n<summary>Each training, and where it leaves the paper</summary>\n\n{folded}\n</details>\n"
    )


def _table(question: Question, rows: list[Row]) -> str:
    """Return a table: what is published stands in a column of its own, or of several scores below what was obtained."""
    printed = any(protocol.published for protocol, _ in rows)
    single = len(question.measures) == 1
    columns = [question.rows]
    if single:
        unit = question.measures[0].unit
        columns += [f"{head}, {unit}" if unit else head for head in ("Published", "Here") if printed or head == "Here"]
    else:
        columns += [measure.head for measure in question.measures]
    lines = [f"| {' | '.join([*columns, 'Length'])} |", f"|---|{'---:|' * len(columns)}"]
    for protocol, found in rows:
        cells = [together(protocol.title)]
        for measure in question.measures:
            published = together(protocol.published.get(measure.name, ""))
            here = f"**{_obtained(found, measure)}**" if _obtained(found, measure) else NONE
            if single:
                cells += [*([published or NONE] if printed else []), here]
            else:
                cells.append(here + (f"<br>({published})" if published else ""))
        lines.append(f"| {' | '.join([*cells, _share(protocol, found)])} |")
    return "\n".join(lines) + "\n"


def _obtained(found: list[list[Record]], measure: Measure) -> str:
    """Return the mean and spread of a score over the trainings that the table shows, or nothing where none has it."""
    return _summary(found[0], measure) if found else ""


def _summary(trainings: list[Record], measure: Measure) -> str:
    having = [record for record in trainings if measure.name in record["scores"]]
    if not having:
        return ""
    error = having[0]["details"].get(measure.name, {}).get("error")
    return summary([record["scores"][measure.name] for record in having], error)


def _is_full(protocol: Protocol, found: list[list[Record]]) -> bool:
    return bool(found) and found[0][0]["steps"] >= protocol.steps


def _share(protocol: Protocol, found: list[list[Record]]) -> str:
    if not found:
        return "not run"
    return "full" if _is_full(protocol, found) else f"{100 * found[0][0]['steps'] / protocol.steps:.2g}{APART}%"


def _counts(rows: list[Row]) -> str:
    """Return how many trainings the rows are of."""
    counts = {protocol.title: len(found[0]) for protocol, found in rows if found}
    if len(set(counts.values())) > 1:
        return f"Trainings: {', '.join(f'{title} {count}' for title, count in counts.items())}."
    count = next(iter(counts.values()))
    row = "Each row is" if len(counts) > 1 else "The row is"
    return f"{row} of {count} trainings." if count > 1 else f"{row} of one training."


def _details(question: Question, protocol: Protocol, found: list[list[Record]]) -> str:
    """Return a list of what a table leaves out: of the row it shows, then of shorter or older trainings."""
    shown, *others = found
    newest = max(shown, key=lambda record: record["date"])
    short = "" if _is_full(protocol, found) else " --short"
    images = "".join(f" --{name} FOLDER" for name in ("mnist", "fashion") if f"{{{name}}}" in protocol.train)
    told = [
        f"Length: {newest['steps']:,} of {protocol.steps:,} steps ({protocol.length})",
        *(_values(shown, measure) for measure in question.measures if measure.name in newest["scores"]),
        f"Data: {newest['data']}",
        f"Computed on: {_machines(shown)}",
        *([f"Differs: {newest['differs']}"] if newest["differs"] else []),
        f"Command: `python benchmarks/reproduce run {protocol.name}{short}{images}`",
        *(_other(question, trainings) for trainings in others),
    ]
    name = f"**{protocol.title}**: `{protocol.name}`, {protocol.paper}"
    return f"{_wrapped(name)}\n\n" + "".join(f"{_wrapped(f'- {line}')}\n" for line in told)


def _values(trainings: list[Record], measure: Measure) -> str:
    """Return every training's score, to compare; of one training also the score's own error."""
    having = [record for record in trainings if measure.name in record["scores"]]
    values = [record["scores"][measure.name] for record in having]
    listed = f"{measure.head}: {', '.join(f'{value:.3g}' for value in values)}"
    if len(values) == 1 and (error := having[0]["details"].get(measure.name, {}).get("error")):
        listed += f", measured to ± {error:.1g}"
    return listed + (f"; median {median(values):.3g}" if len(values) >= 5 else "")


def _machines(trainings: list[Record]) -> str:
    """Return where trainings were computed and how long one took there."""
    minutes: dict[str, list[float]] = {}
    for record in trainings:
        minutes.setdefault(record["device"], []).append(record["minutes"])
    return "; ".join(
        f"{device}, {sum(taken) / len(taken):.0f} min a training"
        + (f" ({len(taken)} of {len(trainings)})" if len(minutes) > 1 else "")
        for device, taken in minutes.items()
    )


def _other(question: Question, trainings: list[Record]) -> str:
    scores = (
        f"{measure.head} {_summary(trainings, measure)}"
        for measure in question.measures
        if measure.name in trainings[0]["scores"]
    )
    count = f"{len(trainings)} trainings" if len(trainings) > 1 else "one training"
    return f"Also: {trainings[0]['steps']:,} steps, {count}: {'; '.join(scores)}"


def _wrapped(text: str) -> str:
    """Return a paragraph or an item of a list in lines as short as the book's others."""
    indent = "  " if text.startswith("- ") else ""
    return textwrap.fill(text, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
