"""YAML from outside: plain values alone, bounded in nesting and number before any is made.

Numbers are decimal, and `true` and `false` alone are truths, as people and YAML 1.2 read them. To YAML 1.1, `0x64` is
100, `010` is 8, `12:30` is 750, and `no` is false.
"""

import re
from typing import Any

import yaml

from gantk.documents import shortened

_DEEPEST = 32
_MOST = 5_000


class _UnboundedError(ValueError):
    """What a text stands for is too much."""


class _Bounded(yaml.SafeLoader):
    """Counts what a text stands for as its nodes are composed: an alias counts as much as what it repeats."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # none of YAML 1.1; those below are added

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


for _tag, _form, _begins in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("merge", r"<<", ["<"]),
    ("int", r"[-+]?[0-9][0-9_]*", list("-+0123456789")),
    (
        "float",
        r"[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)([eE][-+][0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
):
    _Bounded.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_form})\\Z"), _begins)
_Bounded.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(node.value.replace("_", "")))


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
