"""YAML from outside: plain values alone, bounded in nesting and number before any is made."""

from typing import Any

import yaml

from gantk.documents import shortened

_DEEPEST = 32
_MOST = 5_000


class _UnboundedError(ValueError):
    """What a text stands for is too much."""


class _Bounded(yaml.SafeLoader):
    """Counts what a text stands for as its nodes are composed: an alias counts as much as what it repeats."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = 0
        self.counted: dict[int, tuple[int, int]] = {}

    def compose_node(self, parent: Any, index: Any) -> yaml.Node:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _UnboundedError(f"nested more than {_DEEPEST} levels deep")
        repeats = self.check_event(yaml.AliasEvent)
        node: yaml.Node = super().compose_node(parent, index)  # type: ignore[assignment]
        self.depth -= 1
        if not repeats:
            self.counted[id(node)] = self._count(node)
        elif id(node) not in self.counted:
            raise _UnboundedError("of a value that contains itself")
        return node

    def _count(self, node: yaml.Node) -> tuple[int, int]:
        """Return how many values a node stands for, and how deep they are nested."""
        if isinstance(node, yaml.ScalarNode):
            return 1, 1
        inner = [item for entry in node.value for item in (entry if isinstance(entry, tuple) else (entry,))]
        counts = [self.counted[id(item)] for item in inner]
        values, depth = 1 + sum(count for count, _ in counts), 1 + max((deep for _, deep in counts), default=0)
        if values > _MOST:
            raise _UnboundedError(f"of more than {_MOST:,} values, those that aliases repeat included")
        if depth > _DEEPEST:
            raise _UnboundedError(f"nested more than {_DEEPEST} levels deep")
        return values, depth


def parse_yaml(text: str) -> Any:
    """Return the value that YAML text holds. Raises ValueError where it is none, too large or nested too deeply."""
    try:
        loader = _Bounded(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except _UnboundedError:
        raise
    except (yaml.YAMLError, ValueError, OverflowError, TypeError, KeyError, AttributeError) as error:
        # PyYAML's constructors let Python's own errors through, such as those of a date in month 13.
        raise ValueError(f"not YAML: {shortened(error)}") from error
