"""Plugins and packages that a test writes, and that are gone after it."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

# Before torch is imported: networks are tiny, and processes that share the cores would wait for each other's threads.
os.environ.setdefault("OMP_NUM_THREADS", "1")


APART = "tests/gantk/testing/test_built_in.py"
"""The file of the longest tests, which share nothing: processes take one at a time, after all other files."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that makes all checks of all plugins."""
    parser.addoption(
        "--every-check", action="store_true", help="make the dear checks of every built-in plugin, not of a sample"
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out files to processes, and one test at a time of the file whose tests stand apart."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        """Files with few tests come last, and so do tests by themselves."""

        def _split_scope(self, nodeid: str) -> str:
            return nodeid if nodeid.startswith(APART) else str(super()._split_scope(nodeid))

    return Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """Take Ctrl-C and a hang-up as a terminal would send them: a shell may have them ignored in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def _forgotten(tmp_path: Path) -> Iterator[None]:
    """Undo what loading a test's plugins does to the interpreter."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that hides a package, be it installed or not."""

    def hide(package: str) -> None:
        for name in [package, *(name for name in sys.modules if name.startswith(f"{package}."))]:
            monkeypatch.setitem(sys.modules, name, None)

    return hide


@pytest.fixture
def plugin_file(tmp_path: Path, _forgotten: None) -> Callable[..., Path]:
    """Return a function that writes a plugin's file, `hookimpl` imported in its first line."""

    def write(name: str, body: str, folder: str = ".") -> Path:
        path = tmp_path / folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"from gantk import hookimpl\n{dedent(body)}")
        return path.resolve()

    return write


@pytest.fixture
def distribution(tmp_path: Path, _forgotten: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Return a function that installs a package: its modules, and its entry points by group."""
    site = tmp_path / "site"
    site.mkdir()

    def install(
        name: str, entry_points: Mapping[str, Mapping[str, str]], modules: Mapping[str, str] | None = None
    ) -> Path:
        info = site / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(
            "\n".join(
                f"[{group}]\n" + "\n".join(f"{key} = {value}" for key, value in entries.items())
                for group, entries in entry_points.items()
            )
        )
        for path, text in (modules or {}).items():
            (site / path).parent.mkdir(parents=True, exist_ok=True)
            (site / path).write_text(dedent(text))
        if str(site) not in sys.path:
            monkeypatch.syspath_prepend(site)
        return site

    return install
