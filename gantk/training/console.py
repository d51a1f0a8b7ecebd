"""Numbers and names as a training says them."""

from collections.abc import Collection, Mapping

from gantk.recipe.player import Player


def duration(seconds: float) -> str:
    """Return seconds as a person says them: `45 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def magnitude(count: int) -> str:
    """Return a count as a person says it: `950`, `3.1 M`."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return str(count)


def counted(count: int, thing: str) -> str:
    """Return a number of things as a person says it: `1 step`, `3 steps`."""
    return f"{count} {thing}{'s' * (count != 1)}"


def moves_in_words(players: Mapping[str, Player], turns: int) -> str:
    """Return how often each player moves in a step: `generator moves once, critic 5 times`."""
    critics = [name for name, player in players.items() if player.critic]
    others = [name for name in players if name not in critics]
    if turns == 1 or not critics or not others:
        return ""
    once = f"{' and '.join(others)} {'move' if len(others) > 1 else 'moves'} once"
    return f"{once}, {' and '.join(critics)} {turns} times"


def short_names(names: Collection[str]) -> list[str]:
    """Return what `loss/generator/cycle_a` is called in short: `cycle_a`, or `generator cycle_a` where several are."""
    last = [name.split("/")[-1] for name in names]
    return [
        end if last.count(end) == 1 else " ".join(name.split("/")[-2:]) for name, end in zip(names, last, strict=True)
    ]
