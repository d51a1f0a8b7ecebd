"""The Python app of exports/samples: gantk's pixels without gantk."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gantk
from gantk.training.trained import Trained

APP = Path(__file__).parents[2] / "exports" / "samples" / "python" / "translate.py"
Export = Callable[..., Path]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    # What the app itself imports is told at its end; -I keeps this project's folders off its path.
    code = (
        "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__'); "
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'gantk', 'gantk_plugins', 'torch'}))"
    )
    return subprocess.run(
        [sys.executable, "-I", "-c", code, str(APP), *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(("mode", "size"), [("RGB", (40, 31)), ("L", (33, 50)), ("P", (16, 16)), ("RGBA", (16, 16))])
def test_the_app_gives_what_gantk_gives(
    exported: Export, residual: Trained, tmp_path: Path, mode: str, size: tuple[int, int]
) -> None:
    model = exported("residual", residual)
    pixels = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    picture = Image.fromarray(pixels).convert(mode)
    if mode == "RGBA":
        picture.putalpha(Image.fromarray(pixels[:, :, 0]))
    picture.save(tmp_path / "in.png")
    done = run(model, tmp_path / "in.png", tmp_path / "out.png")
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
    with Image.open(tmp_path / "out.png") as image:
        expected = np.asarray(gantk.load(model)(tmp_path / "in.png"))[..., :3]
        # What is transparent lies over white, which each rounds in its own way.
        assert np.abs(np.asarray(image).astype(int) - expected).max() <= 2 * (mode == "RGBA")


def test_sixteen_bits_of_grey_are_as_bright_as_they_are(exported: Export, residual: Trained, tmp_path: Path) -> None:
    model = exported("residual", residual)
    values = np.random.default_rng(0).integers(0, 65536, (16, 16), dtype=np.uint16)
    Image.fromarray(values).save(tmp_path / "in.png")
    done = run(model, tmp_path / "in.png", tmp_path / "out.png")
    assert (done.returncode, done.stderr) == (0, "")
    expected = gantk.load(model)(Image.fromarray((values >> 8).astype(np.uint8)))
    with Image.open(tmp_path / "out.png") as image:
        assert np.array_equal(np.asarray(image), np.asarray(expected))


def test_a_model_of_one_size_and_one_of_another_task(exported: Export, drawn: Trained, tmp_path: Path) -> None:
    Image.new("RGB", (9, 7), "teal").save(tmp_path / "in.png")
    reconstruct = exported("reconstruct", drawn, graph="reconstruct")
    assert run(reconstruct, tmp_path / "in.png", tmp_path / "out.png").returncode == 0
    with Image.open(tmp_path / "out.png") as image:
        assert image.size == (4, 4)
    refused = run(exported("generator", drawn, graph="generator"), tmp_path / "in.png", tmp_path / "none.png")
    assert refused.returncode == 1
    assert "not a model that translates 8-bit images" in refused.stderr
