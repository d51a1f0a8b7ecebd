"""The ledger: a line for each training of a protocol that was measured."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LEDGER = Path(__file__).with_name("ledger.jsonl")

Record = dict[str, Any]
"""What is kept of one training: its length, its scores and how they were measured."""

ALIKE = ("protocol", "train", "evaluate", "differs", "fingerprint")
"""What trainings share whose scores make one mean: what was said, on which data, and where it leaves the paper."""


def append(record: Record) -> None:
    """Add a training, whole or not at all."""
    with LEDGER.open("ab", buffering=0) as file:
        file.write((json.dumps(record, ensure_ascii=False) + "\n").encode())


def records() -> list[Record]:
    """Return every training: none hides another."""
    return [json.loads(line) for line in LEDGER.read_text("utf-8").splitlines()] if LEDGER.exists() else []


def holds(record: Record) -> bool:
    """Return whether a training of the same protocol and seed is there already."""
    known = [name for name in (*ALIKE, "seed") if name in record]
    return any(all(found[name] == record[name] for name in known) for found in records())


def rows(found: Sequence[Record]) -> list[list[Record]]:
    """Return the trainings that belong together, by seed: the longest first, of one length the latest."""
    groups: dict[str, list[Record]] = {}
    for record in found:
        groups.setdefault(json.dumps([record[name] for name in ALIKE]), []).append(record)
    ordered = [sorted(group, key=lambda record: record["seed"]) for group in groups.values()]
    return sorted(ordered, key=lambda row: (row[0]["steps"], max(record["date"] for record in row)), reverse=True)
