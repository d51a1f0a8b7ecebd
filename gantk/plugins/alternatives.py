"""The parts that can do what another could not."""

from gantk.plugins.entrypoints import bringing
from gantk.plugins.manager import load_plugins
from gantk.plugins.selection import UnsupportedPart
from gantk.plugins.slots import kind_of


def alternatives(error: UnsupportedPart) -> str:
    """Return what to add to an error about a part: the installed plugins whose part can do what was asked.

    Each is tried, which builds networks: this is for where an error is shown.
    """
    kind, able = kind_of(error.part.slot), []
    for name in bringing(kind):
        try:
            factory = load_plugins([name]).factory(name, kind)
            if name == error.part.plugin or factory is None or factory(*error.arguments) is None:
                continue
        except Exception:  # noqa: S112 (whatever it is, this one cannot serve)
            continue
        able.append(name)
    return f"; a {kind} that can: {', '.join(able)} (--{kind} NAME)" if able else ""
