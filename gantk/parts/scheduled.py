"""What may stand for a number: how it is read, what it is at a step, and how it is written and shown."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import PurePath
from typing import Annotated, Any, get_type_hints

from gantk.documents import ReadBy, quoted, wanted
from gantk.errors import UsageError
from gantk.parts.context import Progress
from gantk.parts.schedules import SCHEDULES, HalfLife, Schedule
from gantk.sizes import Sides


def read_schedule(said: Any) -> Schedule:
    """Return the schedule that a configuration says, by its name or by a mapping with its name and its parameters.

    Raises ValueError where it says another thing, UsageError where a name or a parameter is wrong.
    """
    from pydantic import TypeAdapter, ValidationError

    if isinstance(said, Schedule):
        return said
    if isinstance(said, str) and said in SCHEDULES:
        return SCHEDULES[said]()
    if not isinstance(said, Mapping):
        raise ValueError("no schedule")
    name = said.get("name")
    if not isinstance(name, str) or name not in SCHEDULES:
        wrong = "has no name" if name is None else f"names {quoted(name)}, which there is not"
        raise UsageError(
            f"schedule {quoted(dict(said))} {wrong}: write {{name: linear, ...}}; known: {', '.join(SCHEDULES)}"
        )
    kind = SCHEDULES[name]
    # A schedule inside another is multiplied by what that one gives.
    types = get_type_hints(kind.__init__) | {"then": Factor | None}
    parameters: dict[str, Any] = {}
    for key, value in said.items():
        if key == "name":
            continue
        known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
        if key not in known:
            raise UsageError(f"schedule {name} has no {quoted(key)}; known: {', '.join(known)}")
        try:
            parameters[key] = TypeAdapter(types[key]).validate_python(value)
        except ValidationError as error:
            raise UsageError(f"schedule {name}: {key} {quoted(value)}: it {wanted(error.errors()[0])}") from None
    return kind(**parameters)


def read_factor(said: Any) -> Schedule:
    """Return the schedule of a factor. Raises as `read_schedule` does, and UsageError for what is a decay alone."""
    schedule = read_schedule(said)
    if isinstance(schedule, HalfLife):
        raise UsageError("schedule half-life is the decay of a moving average, and no factor: say it of ema")
    return schedule


def read_number(said: Any) -> Schedule:
    """Return the schedule that stands for a number itself, of which a configuration must say where it starts.

    Raises as `read_schedule` does.
    """
    if isinstance(said, Schedule):
        return said
    if not isinstance(said, Mapping):
        raise ValueError("no schedule")
    schedule, inner = read_schedule(said), said
    while isinstance(inner, Mapping) and inner["name"] == "warm-up":
        inner = inner.get("then", {"name": ""})
    if not isinstance(schedule, HalfLife) and (not isinstance(inner, Mapping) or "start" not in inner):
        raise UsageError(
            f"schedule {quoted(dict(said))} stands for the number itself: say where it starts, such as "
            "{name: linear, start: 0.5, end: 0.7}"
        )
    return schedule


Number = Annotated[Schedule, ReadBy(read_number)]
"""A schedule that stands for a number itself."""

Factor = Annotated[Schedule, ReadBy(read_factor)]
"""A schedule of what something is multiplied by: it starts at 1 unless said otherwise, and may be said by its name."""

Scheduled = float | Number | Callable[[float], float]
"""A number, or what gives it: a schedule, or a function of the run's progress in [0, 1)."""


def read_averaged(said: Any) -> "Mapping[str, Scheduled] | Scheduled":
    """Return the decays that a configuration says: one for all generators, or one by the name of each network.

    Raises as `read_schedule` does.
    """
    from pydantic import TypeAdapter, ValidationError

    named = isinstance(said, Mapping) and "name" not in said
    adapter: TypeAdapter[Any] = TypeAdapter(Mapping[str, Scheduled] if named else Scheduled)
    try:
        averaged: Mapping[str, Scheduled] | Scheduled = adapter.validate_python(said)
    except ValidationError:
        raise ValueError("is no decay, and no mapping from networks to decays, such as {generator: 0.999}") from None
    return averaged


Averaged = Annotated[Mapping[str, Scheduled] | Scheduled, ReadBy(read_averaged)]
"""The decays of moving averages: one for all generators, or one by the name of each network."""


def read_rates(said: Any) -> "Mapping[str, Scheduled]":
    """Return the rates that a configuration says of players, by their names. Raises as `read_schedule` does."""
    from pydantic import TypeAdapter, ValidationError

    try:
        rates: Mapping[str, Scheduled] = TypeAdapter(Mapping[str, Scheduled]).validate_python(said)
    except ValidationError:
        raise ValueError("is no mapping from players to rates, such as {discriminator: 4e-4}") from None
    return rates


Rates = Annotated[Mapping[str, Scheduled], ReadBy(read_rates)]
"""Learning rates of players by their names."""


def value_at(number: Scheduled, progress: Progress) -> float:
    """Return the number that holds during a step."""
    if isinstance(number, Schedule):
        return number.at(progress)
    return number(progress.fraction) if callable(number) else number


def changes(number: object) -> bool:
    """Return whether anything stands for a number that is not one."""
    return isinstance(number, Schedule) or callable(number)


def written(value: Any) -> Any:
    """Return a value as a configuration says it: schedules by their names and parameters, paths as text."""
    if isinstance(value, Schedule):
        return {"name": value.name, **{key: written(item) for key, item in vars(value).items() if item is not None}}
    if isinstance(value, Mapping):
        return {key: written(item) for key, item in value.items()}
    if isinstance(value, PurePath | Sides):
        return str(value)
    return [written(item) for item in value] if isinstance(value, list | tuple) else value


def is_writable(value: Any) -> bool:
    """Return whether a configuration can say a value: functions and a plugin's own schedules it cannot."""
    if isinstance(value, Schedule):
        return bool(value.name)
    if isinstance(value, Mapping):
        return all(is_writable(item) for item in value.values())
    return all(map(is_writable, value)) if isinstance(value, list | tuple) else not callable(value)


def shown(value: Any) -> str:
    """Return a value as a user reads it: functions and schedules by name, with what is not as by default."""
    if isinstance(value, Schedule):
        parameters = ", ".join(f"{key} {shown(item)}" for key, item in _unusual(value).items())
        return f"{value.name or type(value).__name__}{f' ({parameters})' if parameters else ''}"
    if callable(value):
        return f"{getattr(value, '__name__', type(value).__name__)}, a function of the progress"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {shown(item)}' for key, item in value.items())}}}"
    if isinstance(value, list | tuple) and not isinstance(value, Sides):
        return f"({', '.join(map(shown, value))})"
    return str(value)


def _unusual(schedule: Schedule) -> dict[str, Any]:
    """Return the parameters of a named schedule that differ from its defaults."""
    if not schedule.name:
        return {}
    usual, own = type(schedule)(), vars(schedule)
    return {key: value for key, value in own.items() if value != getattr(usual, key)}
