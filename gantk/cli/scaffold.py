"""The module of a new plugin: the templates of its parts, made one file."""

import ast
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import gantk
from gantk.errors import UsageError
from gantk.plugins.entrypoints import default
from gantk.plugins.kinds import CHOSEN, KINDS

TEMPLATES = Path(__file__).with_name("templates")
WIDTH = 88
"""Columns of what is written: ruff's own line length, which holds where nobody says another."""


@dataclass(frozen=True)
class Template:
    """The template of one part: a whole module."""

    part: str

    @cached_property
    def text(self) -> str:
        """The module's source."""
        return (TEMPLATES / f"{self.part}.py").read_text("utf-8")

    @cached_property
    def _tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def docstring(self) -> str:
        """What it says of the part."""
        return ast.get_docstring(self._tree) or ""

    @property
    def imports(self) -> list[ast.Import | ast.ImportFrom]:
        """Its import statements."""
        return [node for node in self._tree.body if isinstance(node, ast.Import | ast.ImportFrom)]

    @property
    def body(self) -> str:
        """What stands behind its imports."""
        last = max(node.end_lineno or 0 for node in self.imports)
        return "\n".join(self.text.splitlines()[last:]).strip()


def module_text(title: str, plugin: str, parts: Sequence[str]) -> str:
    """Return the module of a plugin that brings these parts; where it brings a recipe, its defaults are its own parts.

    Args:
        title: what its docstring calls it, where it brings several parts.
        plugin: the name by which gantk will know it.
        parts: the parts' hooks.
    """
    templates = [Template(part) for part in parts]
    docstring = docstring_of(title, parts)
    closing = '"""' if "\n" not in docstring else '\n"""'
    major = int(gantk.HOOK_API.split(".")[0])
    stated = (
        f'# The hook API that it was written for, see docs/hooks.md.\ngantk_api = ">={gantk.HOOK_API},<{major + 1}"'
    )
    bodies = [_with_defaults(template.body, plugin, parts) for template in templates]
    imports = _imports(node for template in templates for node in template.imports)
    head = f'"""{docstring}{closing}\n\n{imports}\n\n{stated}'
    # As the formatter has it: a line is left free before a constant, two before a definition.
    gap = "\n\n\n" if bodies[0].startswith(("class ", "def ", "@")) else "\n\n"
    return head + gap + "\n\n\n".join(bodies) + "\n"


def docstring_of(title: str, parts: Sequence[str]) -> str:
    """Return what a plugin of these parts says of itself, the papers that they come from included."""
    paragraphs = [Template(part).docstring for part in parts]
    if len(parts) == 1:
        return paragraphs[0]
    summary = f"{title}: {', '.join(parts)}."
    if len(summary) > WIDTH - 3:
        summary = f"{title}: {parts[0]}, and {len(parts) - 1} more parts."
    return "\n\n".join([summary, *paragraphs])


def _with_defaults(body: str, plugin: str, parts: Sequence[str]) -> str:
    """Return a template that names the plugin's own parts, and for the others those that an installed package names.

    One of its own need not be named, where it is not one of several by role.
    """
    for part in CHOSEN:
        gap = f'"{{{part}}}"'
        if gap not in body:
            continue
        if part in parts and not KINDS[part].by_role:
            body = body.replace(f"        {part}={gap},\n", "")
            continue
        named = plugin if part in parts else default(part)
        if named is None:
            raise UsageError(f"no installed package names a {part} for new recipes: say --brings recipe,{part}")
        body = body.replace(gap, f'"{named}"')
    return body


def _imports(nodes: Iterable[ast.Import | ast.ImportFrom]) -> str:
    """Return import statements as one block, each module once, in ruff's order."""
    plain: set[str] = set()
    names: dict[str, set[str]] = {}
    for node in nodes:
        said = {f"{one.name} as {one.asname}" if one.asname else one.name for one in node.names}
        if isinstance(node, ast.Import):
            plain |= said
        else:
            names.setdefault(node.module or "", set()).update(said)
    sections = []
    for standard in (True, False):
        lines = [f"import {name}" for name in sorted(plain) if _is_standard(name) == standard]
        lines += [line for line in _from_imports(names) if _is_standard(line.split()[1]) == standard]
        sections.append("\n".join(lines))
    return "\n\n".join(section for section in sections if section)


def _from_imports(names: Mapping[str, Iterable[str]]) -> list[str]:
    lines = []
    for module in sorted(names):
        # Classes come before functions.
        ordered = sorted(names[module], key=lambda name: (name.islower(), name))
        line = f"from {module} import {', '.join(ordered)}"
        rows = "".join(f"    {name},\n" for name in ordered)
        lines.append(line if len(line) <= WIDTH else f"from {module} import (\n{rows})")
    return lines


def _is_standard(module: str) -> bool:
    return module.split(".")[0] in sys.stdlib_module_names
