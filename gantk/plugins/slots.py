"""Slots: what a part is chosen for.

A slot is a kind of part, `generator`, with the role of the network that it is for where each network has one,
`normalization.generator`.
"""

from collections.abc import Mapping
from typing import Any

from gantk.plugins.kinds import CHOSEN, KINDS

Named = Mapping[str, str | None]
"""Whose part is named for a slot: a plugin's name or a file's path; of a kind without a role, for every role."""


def kind_of(slot: str) -> str:
    """Return the kind of part that a slot takes, which is the name of the hook that is asked."""
    return slot.partition(".")[0]


def role_of(slot: str) -> str:
    """Return the role of the network that a slot's part is for; empty where the kind knows none, or all are meant."""
    return slot.partition(".")[2]


def slot_of(kind: str, role: str = "") -> str:
    """Return the slot of a kind, for the network of a role."""
    return f"{kind}.{role}" if role else kind


def named_in(holder: object) -> dict[str, str | None]:
    """Return what a configuration names for each slot, or a recipe's defaults; None where a kind is not named."""
    named: dict[str, str | None] = {}
    for kind in CHOSEN:
        said = getattr(holder, kind)
        named |= {slot_of(kind, role): name for role, name in (said.items() if KINDS[kind].by_role else [("", said)])}
    return named


def as_fields(named: Named) -> dict[str, Any]:
    """Return what is named for slots as a configuration holds it: a plugin by kind, or a mapping from roles."""
    return {
        kind: {role_of(slot): name for slot, name in named.items() if kind_of(slot) == kind}
        if KINDS[kind].by_role
        else named.get(kind)
        for kind in CHOSEN
    }
