import subprocess
import sys

import pytest

HEAVY = ("torch", "torchvision", "kornia", "albumentations", "cv2", "onnx")

RUN = f"""
import sys
{{}}
found = [name for name in {HEAVY!r} if name in sys.modules]
plugins = [name for name in sys.modules if name.startswith(("gantk_plugins.", "gantk_datasets."))]
sys.exit(", ".join([*found, *plugins]) or 0)
"""

COMMAND = "from gantk.cli.main import main\nmain({arguments!r}, standalone_mode=False)"


def python(code):
    return subprocess.run([sys.executable, "-c", RUN.format(code)], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    "code",
    [
        "import gantk\ngantk.hookimpl, gantk.PluginError, dir(gantk)",
        COMMAND.format(arguments=["--help"]),
        COMMAND.format(arguments=["--version"]),
        COMMAND.format(arguments=["plugins"]),
        COMMAND.format(arguments=["plugins", "--json"]),
        COMMAND.format(arguments=["plugins", "--help"]),
        COMMAND.format(arguments=["train", "--help"]),
        "from gantk.plugins import manager, selection, options",
    ],
)
def test_nothing_heavy_is_imported(code):
    done = python(code)
    assert (done.returncode, done.stderr) == (0, "")


def test_help_imports_little():
    # The third of a second that it takes is mostly imports: Python's own, click's, pluggy's, and few of gantk's.
    code = "import atexit, sys\natexit.register(lambda: print(len(sys.modules), file=sys.stderr))\n"
    command = [sys.executable, "-c", code + COMMAND.format(arguments=["--help"])]
    assert int(subprocess.run(command, capture_output=True, text=True).stderr) < 300


def test_the_check_sees_what_is_imported():
    assert python("import cv2").stderr == "cv2\n"
    imported = "import gantk_plugins\nsys.modules['gantk_plugins.some'] = gantk_plugins"
    assert python(imported).stderr == "gantk_plugins.some\n"
