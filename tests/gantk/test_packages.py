"""Entry points of packages that are damaged."""

import importlib.metadata
import os

import pytest
from click.testing import CliRunner

from gantk.cli.main import Commands
from gantk.packages import damaged, hide_damaged
from gantk.plugins.entrypoints import installed


@pytest.fixture
def package(distribution):
    """Return a function that installs a stranger's package with this entry_points.txt, beside one in order."""

    def install(text):
        site = distribution("stranger", {})
        (site / "stranger-1.0.dist-info" / "entry_points.txt").write_bytes(text)
        distribution("swirl-gan", {"gantk": {"swirl": "swirl_gan"}})
        return site

    return install


@pytest.fixture
def unchanged(monkeypatch):
    """Put back what hiding changes."""
    monkeypatch.setattr(importlib.metadata, "distributions", importlib.metadata.distributions)
    for name in ("TORCH_DEVICE_BACKEND_AUTOLOAD", "PYDANTIC_DISABLE_PLUGINS"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    "text",
    [b"[gantk]\nno equals sign\n", b"\xff\xfe\x00", b"[console_scripts]\nx\n"],
)
def test_a_damaged_package_is_named_and_the_others_are_there(package, unchanged, text):
    site = package(text)
    assert "swirl" in installed()
    (note,) = hide_damaged()
    assert note.startswith(f"package stranger in {site} is passed over: its entry_points.txt is damaged (")
    # What torch and pydantic do when they are imported.
    assert importlib.metadata.entry_points().select(group="gantk")
    assert "stranger" not in {found.name for found in importlib.metadata.distributions()}
    assert os.environ["TORCH_DEVICE_BACKEND_AUTOLOAD"] == "0"


def test_an_entry_point_that_names_no_module_is_passed_over(package, unchanged):
    package(b"[gantk]\nfoo = \n[another.group]\nbar = \n")
    assert "foo" not in installed()
    assert damaged() == ("foo of package stranger is passed over: '' names no module",)
    hide_damaged()
    assert "stranger" in {found.name for found in importlib.metadata.distributions()}


def test_every_command_says_so_on_standard_error_and_goes_on(package, unchanged):
    package(b"[any]\nno sign")
    shown = CliRunner().invoke(Commands("gantk"), ["plugins", "--json"], prog_name="gantk")
    assert shown.exit_code == 0
    assert shown.stderr.startswith("note: package stranger in ")
    assert shown.stderr.count("\n") == 1


@pytest.mark.parametrize("what", ["pipe", "/dev/zero"])
def test_entry_points_that_are_no_file_are_named_and_never_opened(package, unchanged, what):
    site = package(b"")
    listed = site / "stranger-1.0.dist-info" / "entry_points.txt"
    listed.unlink()
    if what == "pipe":
        os.mkfifo(listed)
    else:
        listed.symlink_to(what)
    assert "swirl" in installed()
    (note,) = hide_damaged()
    assert note.startswith(f"package stranger in {site} is passed over: its entry_points.txt is damaged (no regular f")
    assert importlib.metadata.entry_points().select(group="gantk")


@pytest.mark.parametrize("header", ["[gantk", "gantk]", "[ gantk ]", "[gantk.commands", "[GANTK]"])
def test_a_broken_header_of_a_group_of_gantks_is_named(package, unchanged, header):
    site = package(f"# gantk\n[console_scripts]\ngantk = x:y\n\n{header}\nfoo = bar\n".encode())
    assert "foo" not in installed()
    listed = site / "stranger-1.0.dist-info" / "entry_points.txt"
    assert damaged()[0] == f"what follows {header!r} in {listed} is passed over: a group's name stands in brackets"
    assert "swirl" in installed()


def test_whole_headers_are_passed_over_in_silence(package):
    package(b"[gantk]\nfoo = bar\n[gantk.commands]\n[gantk.defaults]\n[gantk_other]\n[other.gantk]\n")
    assert damaged() == ()
