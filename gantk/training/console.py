"""Numbers and names as a training says them."""

from collections.abc import Collection


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


def short_names(names: Collection[str]) -> list[str]:
    """Return what `loss/generator/cycle_a` is called in short: `cycle_a`, or `generator cycle_a` where several are."""
    last = [name.split("/")[-1] for name in names]
    return [
        end if last.count(end) == 1 else " ".join(name.split("/")[-2:]) for name, end in zip(names, last, strict=True)
    ]
