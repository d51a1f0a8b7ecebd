"""Commands whose output cannot be written as it is, or not at all."""

import errno
import io
import os
import subprocess
import sys

import pytest

from gantk.cli.streams import LostOutput


def shell(script, **environment):
    """Run a line of bash in which `gantk` is a program that prints much and then does its work."""
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {script.replace('gantk', f'{sys.executable} -m gantk')}"],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize(
    ("script", "status", "output", "error"),
    [
        (
            "gantk plugins | head -1",
            0,
            "Recipes that make images of noise, by a game of two players (--plugin NAME):\n",
            "",
        ),
        ("gantk plugins > /dev/full", 1, "", "Error: standard output could not be written: No space left on device\n"),
        ("gantk plugins >&- 2>&-", 0, "", ""),
        ("gantk nothing 2>&-", 2, "", ""),
        ("gantk nothing > /dev/full 2> /dev/full", 2, "", ""),
    ],
)
def test_the_status_is_that_of_the_work_and_nothing_is_a_traceback(script, status, output, error):
    done = shell(script)
    assert (done.returncode, done.stdout, done.stderr) == (status, output, error)


def test_an_encoding_that_lacks_a_character_shows_its_escape(tmp_path):
    missing = tmp_path / "caf\u00e9 \u00b7"
    done = shell(f"gantk data '{missing}'", PYTHONIOENCODING="cp932")
    assert done.returncode == 1
    assert r"caf\xe9 \xb7" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_lost_output_swallows_what_follows_and_remembers_why():
    reading, writing = os.pipe()
    os.close(reading)
    lost = LostOutput(io.FileIO(writing, "w"))
    assert lost.write(b"one") == 3
    assert lost.error.errno == errno.EPIPE
    assert (lost.write(b"four"), lost.isatty(), lost.fileno(), lost.writable()) == (4, False, writing, True)
    lost.raw.close()
