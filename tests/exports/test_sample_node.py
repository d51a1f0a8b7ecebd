"""The Node app of exports/samples: gantk's pixels in JavaScript, and the same picture for a seed."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gantk
from gantk.engine.trained import Trained

EXPORTS = Path(__file__).parents[2] / "exports"
Export = Callable[..., Path]
Run = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node.js and npm")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return what runs the app with the packages that it names."""
    exports = tmp_path_factory.mktemp("exports")
    folder = exports / "samples" / "node"
    for part in ("samples/node", "gantk_exports/web"):
        shutil.copytree(EXPORTS / part, exports / part)
    install = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"]
    subprocess.run(install, cwd=folder, check=True, timeout=300)

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = ["node", folder / "app.mjs", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    return call


def pixels(path: Path, mode: str) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert(mode)).astype(int)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_an_image_becomes_what_gantk_makes_of_it(
    run: Run, exported: Export, residual: Trained, tmp_path: Path, mode: str
) -> None:
    model = exported("residual", residual)
    values = np.random.default_rng(0).integers(0, 256, (45, 30, 4), dtype=np.uint8)
    Image.fromarray(values, "RGBA").convert(mode).save(tmp_path / "in.png")
    done = run("translate", model, tmp_path / "in.png", tmp_path / "out.png")
    assert (done.returncode, done.stderr) == (0, "")
    picture = gantk.load(model)(tmp_path / "in.png")
    assert np.abs(pixels(tmp_path / "out.png", "RGB") - np.asarray(picture.convert("RGB"))).max() <= 1


def test_a_seed_gives_the_same_picture(run: Run, exported: Export, drawn: Trained, tmp_path: Path) -> None:
    model = exported("generator", drawn, graph="generator")
    pictures = []
    for seed in (0, 2**63 + 5):
        assert run("generate", model, seed, tmp_path / "out.png").returncode == 0
        (picture,) = gantk.load(model).generate(1, seed=seed)
        pictures.append(np.asarray(picture).astype(int))
        assert np.abs(pixels(tmp_path / "out.png", "RGB") - pictures[-1]).max() <= 1
    assert not np.array_equal(*pictures)


def test_what_cannot_be_done_is_one_line(run: Run, exported: Export, residual: Trained, tmp_path: Path) -> None:
    model = exported("residual", residual)
    (tmp_path / "in.png").write_text("no image")
    for arguments, reason in (
        (("generate", model, 1, tmp_path / "out.png"), "is a model that translates images"),
        (("translate", model, tmp_path / "in.png", tmp_path / "out.png"), "Invalid file signature"),
        (("translate", tmp_path / "none.onnx", tmp_path / "in.png", tmp_path / "out.png"), "no such file"),
    ):
        done = run(*arguments)
        assert done.returncode == 1
        assert reason in done.stderr
        assert done.stderr.count("\n") == 1
