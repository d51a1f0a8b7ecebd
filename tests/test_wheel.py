"""The wheel, in an environment that holds the base installation alone."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gantk_exports.onnxruntime_web import FILES
from support.commands import UV

PROGRAM = """
import sys
from concurrent.futures import ThreadPoolExecutor

import gantk
import numpy as np
from PIL import Image

model = gantk.load(sys.argv[1], providers="CPUExecutionProvider", threads=1)
image = np.asarray(Image.open(sys.argv[2]))
answer = model(image)
assert np.array_equal(model(image.astype(np.uint16) * 257), answer.astype(np.uint16) * 257)
assert np.array_equal(np.rint(model(image / np.float32(255)) * 255), answer)
batch = model(np.stack([image] * 3))
assert batch.shape == (3, *image.shape) and np.abs(batch.astype(int) - answer).max() <= 1
assert [one.shape for one in model.map(iter([image] * 3), batch_size=2)] == [image.shape] * 3
with ThreadPoolExecutor(4) as threads:
    assert all(np.array_equal(one, answer) for one in threads.map(model, [image] * 8))
"""

ROOT = Path(__file__).parents[1]


def check(*command: str | Path, **options) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=600, check=False, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    check(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def base(wheel, tmp_path_factory) -> Path:
    """A virtual environment with the wheel and what it requires, no extra."""
    environment = tmp_path_factory.mktemp("base") / "venv"
    check(UV, "venv", "-q", "--python", sys.executable, environment)
    check(UV, "pip", "install", "-q", "--python", environment, "-c", ROOT / "constraints.txt", wheel)
    return environment / "bin"


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    gantk = [sys.executable, "-m", "gantk"]
    options = ["-s", "generator.filters=4", "-s", "discriminator.filters=4", "-s", "discriminator.layers=1"]
    train = ["train", "--plugin", "pix2pix", "--data", "emoji:line,flat", "--size", "16", "--steps", "1", *options]
    check(*gantk, *train, "--out", folder / "run")
    check(*gantk, "export", folder / "run", "--out", folder)
    return folder / "source_to_target.onnx"


def test_the_wheel_holds_the_images_the_notices_and_no_more(wheel):
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
        images = sum(info.file_size for info in opened.infolist() if "emoji_images/" in info.filename)
    assert images <= 6e6
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"gantk", "gantk_plugins", "gantk_datasets", "gantk_exports"}
    assert "gantk_datasets/emoji_images/NOTICE" in names
    assert {f"gantk_exports/web/onnxruntime/{name}" for name in FILES} <= set(names)
    assert any(name.endswith("licenses/NOTICE") for name in names)


def test_the_base_installation_translates_without_torch(base, model, tmp_path):
    assert (
        "No module named 'torch'"
        in subprocess.run([base / "python", "-c", "import torch"], capture_output=True, text=True, check=False).stderr
    )
    picture = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (33, 77, 3), dtype=np.uint8)).save(picture)
    check(base / "gantk", "translate", model, picture, "-o", tmp_path / "out.png")
    with Image.open(tmp_path / "out.png") as out:
        assert out.size == (77, 33)
    check(base / "gantk", "verify", model)
    program = f"import gantk; print(gantk.load({str(model)!r})({str(picture)!r}).size)"
    assert "(77, 33)" in check(base / "python", "-c", program)
    check(base / "python", "-c", PROGRAM, model, picture)
    check(base / "gantk", "app", model, "--out", tmp_path / "page")
    assert (tmp_path / "page" / "onnxruntime" / FILES[-1]).stat().st_size > 10_000_000
    check(base / "gantk", "translate", model, picture, "-o", tmp_path / "strips.png", "--tile", "32")


@pytest.mark.parametrize("command", [["--help"], ["plugins"], ["train", "--help"], ["serve", "--help"]])
def test_the_base_installation_shows_what_there_is(base, command):
    assert check(base / "gantk", *command)


@pytest.mark.parametrize(
    "command", [["train", "--plugin", "cyclegan"], ["export", "runs/x"], ["import", "x.pth", "--as", "pix2pix"]]
)
def test_a_command_says_which_extra_it_needs(base, command, tmp_path):
    environment = {key: value for key, value in os.environ.items() if key != "GANTK_TRACE"}
    done = subprocess.run(
        [base / "gantk", *command], capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
    )
    assert done.returncode == 1
    # Told from where it was installed, which is the wheel.
    assert re.search(r"pip (--python \S+ )?install .*'gantk\[train\] @ file://.*\.whl'\n$", done.stderr)
    assert "Traceback" not in done.stderr
