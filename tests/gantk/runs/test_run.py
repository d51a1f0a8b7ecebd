"""What stands in the place of a run's files, and is no file."""

import os
from pathlib import Path

import pytest

from gantk.errors import GantkError, PluginError, UsageError
from gantk.plan.moved import plugin_digest
from gantk.plugins.source import describe
from gantk.runs.records import append
from gantk.runs.run import open_run

NO_FILE = "no regular file but a pipe, a device or a socket"


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A named pipe that nobody writes to."""
    path = tmp_path / "config.yaml"
    os.mkfifo(path)
    return path


def test_a_configuration_that_is_no_file_is_called_so(pipe: Path) -> None:
    with pytest.raises(UsageError, match=rf"config\.yaml is {NO_FILE}"):
        open_run(pipe.parent)
    pipe.unlink()
    pipe.symlink_to("/dev/zero")
    with pytest.raises(UsageError, match=rf"config\.yaml is {NO_FILE}"):
        open_run(pipe.parent)


def test_a_folder_without_a_configuration_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is not a run: it has no config\.yaml"):
        open_run(tmp_path)


def test_a_record_is_not_appended_to_what_is_no_file(pipe: Path) -> None:
    with pytest.raises(GantkError, match=rf"cannot write \S+: {NO_FILE}"):
        append(pipe, [{"score": 1.0}])


def test_a_plugin_that_is_no_file_is_not_read(pipe: Path) -> None:
    with pytest.raises(PluginError, match=NO_FILE):
        plugin_digest(pipe)
    with pytest.raises(PluginError, match=NO_FILE):
        describe(pipe)
