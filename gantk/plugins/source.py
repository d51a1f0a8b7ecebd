"""What a plugin's source says of it, read without running it."""

import ast
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from gantk.documents import regular_file
from gantk.errors import PluginError


def describe(path: Path) -> tuple[str, tuple[str, ...]]:
    """Return the first line of a module's docstring, and the names of the hooks that it answers, as they stand.

    Raises PluginError where the file cannot be read or is not Python.
    """
    return _described(path, *_version(path))


def _version(path: Path) -> tuple[int, int]:
    """Return what changes when a file does, so that what was read of it can be kept."""
    try:
        found = path.stat()
    except OSError as error:
        raise PluginError(f"{path} cannot be read: {error.strerror}") from error
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=512)
def _described(path: Path, _changed: int, _size: int) -> tuple[str, tuple[str, ...]]:
    # Kept, since a training asks many times which of all installed plugins bring a part.
    tree = _parse(path)
    lines = (ast.get_docstring(tree) or "").splitlines()
    marks = {"hookimpl", *_aliases(tree)}
    hooks = [hook for function in _functions(tree) if (hook := _answered(function, marks))]
    return (lines[0] if lines else ""), tuple(dict.fromkeys(hooks))


def docstring(path: Path) -> str:
    """Return a module's docstring. Raises PluginError like `describe`."""
    return ast.get_docstring(_parse(path)) or ""


def stated(path: Path, name: str) -> str | None:
    """Return the text that a module's top level binds to a name; None where it binds none, or computes it.

    Raises PluginError like `describe`.
    """
    return _stated(path, name, *_version(path))


@lru_cache(maxsize=512)
def _stated(path: Path, name: str, _changed: int, _size: int) -> str | None:
    for node in _parse(path).body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        named = any(isinstance(target, ast.Name) and target.id == name for target in targets)
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if named and isinstance(value, ast.Constant) and isinstance(value.value, str):
            return value.value
    return None


def _parse(path: Path) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            regular_file(path)
            return ast.parse(path.read_bytes(), str(path))
    except OSError as error:
        raise PluginError(f"{path} cannot be read: {error.strerror}") from error
    except SyntaxError as error:
        raise PluginError(f"{path}, line {error.lineno}: {error.msg}") from error
    except ValueError as error:
        raise PluginError(f"{path} is not Python: {error}") from error


def _aliases(tree: ast.Module) -> Iterator[str]:
    """Yield the names under which `from gantk import hookimpl as name` binds the mark."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (name.asname for name in node.names if name.name == "hookimpl" and name.asname)


def _functions(scope: ast.AST) -> Iterator[ast.FunctionDef]:
    """Yield the functions that become attributes of the module, those under `if` and `try` included."""
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, ast.FunctionDef):
            yield node
        elif isinstance(node, ast.If | ast.Try | ast.ExceptHandler | ast.With):
            yield from _functions(node)


def _answered(function: ast.FunctionDef, marks: set[str]) -> str | None:
    """Return the hook that a function answers, or None where nothing marks it."""
    for decorator in function.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(called, ast.Attribute):
            marked = called.attr == "hookimpl"
        else:
            marked = isinstance(called, ast.Name) and called.id in marks
        if marked:
            keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
            specname = [k.value.value for k in keywords if k.arg == "specname" and isinstance(k.value, ast.Constant)]
            return str(specname[0]) if specname and specname[0] else function.name
    return None
