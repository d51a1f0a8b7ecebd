"""The public API, as it stands in the source, against what is recorded of it.

`api.txt` records every name in `gantk.__all__` with its signature and members, and every hook. When the API changes on
purpose, `python tests/gantk/test_api.py` writes the record anew, and `CHANGELOG.md` names what changed since the last
release, whose record `api-0.2.0.txt` is. At a release, the record takes the place of that file.
"""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gantk

ROOT = Path(__file__).parents[2]
RECORD = Path(__file__).with_name("api.txt")
(LAST,) = Path(__file__).parent.glob("api-*.txt")
REWRITE = "python tests/gantk/test_api.py"


class Api:
    """Reads the public API out of a source tree, without importing it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.trees: dict[str, ast.Module] = {}

    def lines(self) -> Iterator[str]:
        """Yield a line for each public name, for each member of a class, and for each hook."""
        for name in self.literal("gantk", "__all__"):
            module = next((home for home, names in self.homes().items() if name in names), "gantk")
            yield from self.described(module, name)
        for node in self.tree("gantk.hookspecs").body:
            if isinstance(node, ast.FunctionDef) and node.decorator_list:
                yield f"hook {signature(node)}"

    def homes(self) -> dict[str, tuple[str, ...]]:
        """Return the public names of each module."""
        return self.literal("gantk", "_HOMES")

    def literal(self, module: str, name: str):
        return ast.literal_eval(self.found(module, name)[1].value)

    def tree(self, module: str) -> ast.Module:
        if module not in self.trees:
            path = self.root / module.replace(".", "/")
            file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
            self.trees[module] = ast.parse(file.read_text("utf-8"))
        return self.trees[module]

    def found(self, module: str, name: str) -> tuple[str, ast.AST]:
        """Return the statement that defines a name, and its module, wherever it is imported from."""
        for node in self.tree(module).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
                return module, node
            if isinstance(node, ast.Assign) and any(ast.unparse(target) == name for target in node.targets):
                return module, node
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name:
                return module, node
            own = isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gantk")
            if own and any(name == one.name for one in node.names):
                return self.found(node.module, name)
        raise LookupError(f"{module} has no {name}")

    def described(self, module: str, name: str) -> Iterator[str]:
        home, node = self.found(module, name)
        if isinstance(node, ast.ClassDef):
            bases = ", ".join(ast.unparse(base) for base in node.bases)
            marks = "".join(f"@{ast.unparse(mark)} " for mark in node.decorator_list)
            yield f"{marks}class {name}({bases})" if bases else f"{marks}class {name}"
            yield from sorted(f"{name}.{member}" for member in self.members(home, node).values())
        else:
            yield signature(node) if isinstance(node, ast.FunctionDef) else ast.unparse(node)

    def members(self, module: str, node: ast.ClassDef) -> dict[str, str]:
        """Return a class's public members, with those of its bases in gantk."""
        members: dict[str, str] = {}
        for base in reversed(node.bases):
            try:
                home, inherited = self.found(module, ast.unparse(base))
            except LookupError:
                continue
            members |= self.members(home, inherited)
        for item in node.body:
            if isinstance(item, ast.FunctionDef) and public(item.name):
                marks = "".join(f"@{ast.unparse(mark)} " for mark in item.decorator_list)
                members[item.name] = f"{signature(item)} {marks}".rstrip()
            elif isinstance(item, ast.AnnAssign) and public(ast.unparse(item.target)):
                members[ast.unparse(item.target)] = ast.unparse(item)
            elif isinstance(item, ast.Assign):
                members |= {t.id: ast.unparse(item) for t in item.targets if isinstance(t, ast.Name) and public(t.id)}
        return members


def public(name: str) -> bool:
    return not name.startswith("_") or name in ("__init__", "__call__")


def signature(node: ast.FunctionDef) -> str:
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(node.args)}){returns}"


def subject(line: str) -> str:
    """Return what a line is about: `Recipe` of `Recipe.step(self)`, `recipe` of `hook recipe()`."""
    return re.sub(r"^(@\w+(\([^)]*\))? )*(class |hook )?", "", line).split(".")[0].split("(")[0].split()[0].rstrip(":")


def changed(before: list[str], after: list[str]) -> set[str]:
    """Return the names whose lines are not the same in both."""
    return {subject(line) for line in set(before) ^ set(after)}


def unnamed(names: set[str], changelog: str) -> list[str]:
    """Return those of the names that the section "Unreleased" does not name in code: `Name`, `gantk.Name`."""
    section = re.search(r"^## Unreleased\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    text = section[1] if section else ""
    return sorted(name for name in names if not re.search(rf"[`.]{name}\b", text))


@pytest.fixture(scope="module")
def api() -> list[str]:
    return list(Api(ROOT).lines())


def recorded(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def test_the_public_api_is_what_is_recorded(api):
    different = sorted(changed(recorded(RECORD), api))
    assert not different, f"the public API has changed: {', '.join(different)}; if on purpose, run: {REWRITE}"
    assert api == recorded(RECORD)


def test_the_changelog_names_what_has_changed_since_the_last_release():
    missing = unnamed(changed(recorded(LAST), recorded(RECORD)), (ROOT / "CHANGELOG.md").read_text("utf-8"))
    assert not missing, f"CHANGELOG.md, Unreleased: a line must name in code what has changed: {', '.join(missing)}"


def test_every_public_name_can_be_imported_and_is_recorded(api):
    import gantk

    assert len(set(gantk.__all__)) == len(gantk.__all__)
    assert set(gantk.__all__) <= {subject(line) for line in api}
    assert all(getattr(gantk, name) is not None for name in gantk.__all__)


def test_the_book_says_what_is_neither_a_class_nor_a_function():
    page = (ROOT / "docs" / "reference" / "api.md").read_text("utf-8")
    told = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    others = (name for name in gantk.__all__ if not inspect.isroutine(getattr(gantk, name)))
    assert sorted(told) == sorted(name for name in others if not inspect.isclass(getattr(gantk, name)))


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        ("load(path: str) -> Model", "load(path: str, *, threads: int | None=None) -> Model", {"load"}),
        ("Recipe.step(self, batches: Batches) -> Step", "Recipe.step(self) -> Step", {"Recipe"}),
        ("@dataclass(frozen=True) class Score", "class Score(Base)", {"Score"}),
        ("Move = tuple[str, Losses]", "Move = Losses", {"Move"}),
        ("hook loss() -> None", "hook loss(run: Run) -> None", {"loss"}),
        ("Player.clip: float | None = None", "Player.clip: float | None = None", set()),
    ],
)
def test_a_changed_line_is_found_by_its_name(before, after, names):
    assert changed([before, "same"], [after, "same"]) == names
    assert changed([before, "same"], ["same"]) == {subject(before)}


def test_only_the_unreleased_section_counts_and_only_code():
    changelog = "# Changelog\n\n## Unreleased\n\n- `gantk.load` loads a Model.\n\n## 0.1.0\n\n- `Model`, `Score`\n"
    assert unnamed({"load", "Model", "Score"}, changelog) == ["Model", "Score"]


def test_members_are_read_with_those_of_the_bases(tmp_path):
    (tmp_path / "gantk").mkdir()
    (tmp_path / "gantk" / "__init__.py").write_text(
        "__all__ = ['Net', 'scale']\n_HOMES = {'gantk.nets': ('Net', 'scale')}\n"
    )
    (tmp_path / "gantk" / "hookspecs.py").write_text("@hookspec\ndef loss() -> None: ...\ndef helper(): ...\n")
    (tmp_path / "gantk" / "bases.py").write_text("class Base:\n    size: int\n    def note(self, *, x: int = 1): ...\n")
    (tmp_path / "gantk" / "nets.py").write_text(
        "from gantk.bases import Base\nscale = 2\n"
        "class Net(Base, Other):\n    size: int = 3\n    _own = 1\n    @property\n    def width(self) -> int: ...\n"
    )
    assert list(Api(tmp_path).lines()) == [
        "class Net(Base, Other)",
        "Net.note(self, *, x: int=1)",
        "Net.size: int = 3",
        "Net.width(self) -> int @property",
        "scale = 2",
        "hook loss() -> None",
    ]


if __name__ == "__main__":
    RECORD.write_text("\n".join(Api(ROOT).lines()) + "\n", "utf-8")
    missing = unnamed(changed(recorded(LAST), recorded(RECORD)), (ROOT / "CHANGELOG.md").read_text("utf-8"))
    sys.exit(f"CHANGELOG.md, Unreleased, must name: {', '.join(missing)}" if missing else 0)
