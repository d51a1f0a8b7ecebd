"""The Node app of exports/samples: gantk's pixels in JavaScript, and the same picture for a seed."""

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

import gantk
from gantk.training.trained import Trained
from support.telling import write_telling

EXPORTS = Path(__file__).parents[2] / "exports"
Export = Callable[..., Path]

READ_ALL = """
import { readFileSync } from "node:fs";
import { decode } from PICTURES;
const all = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => decode(readFileSync(`${number}.jpg`), "a picture"));
console.log(JSON.stringify(all.map(({ width, height, data }) => [width, height, [...data]])));
"""

pytestmark = pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node.js and npm")


@dataclass
class Run:
    """The app in a folder with the packages that it names; a call runs it."""

    folder: Path

    def __call__(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = ["node", self.folder / "app.mjs", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    exports = tmp_path_factory.mktemp("exports")
    folder = exports / "samples" / "node"
    for part in ("samples/node", "gantk_exports/web"):
        shutil.copytree(EXPORTS / part, exports / part)
    install = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"]
    subprocess.run(install, cwd=folder, check=True, timeout=300)
    return Run(folder)


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
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    for arguments, reason in (
        (("generate", model, 1, tmp_path / "out.png"), "is a model that translates images"),
        (("translate", model, tmp_path / "in.png", tmp_path / "out.png"), "in.png is neither a PNG nor a JPEG file"),
        (("translate", model, tmp_path / "cut.jpg", tmp_path / "out.png"), "cut.jpg cannot be read: "),
        (("translate", model, tmp_path / "in.png", tmp_path / "out.gif"), "out.gif ends neither in .png nor in .jpg"),
        (("translate", tmp_path / "none.onnx", tmp_path / "in.png", tmp_path / "out.png"), "no such file"),
    ):
        done = run(*arguments)
        assert done.returncode == 1
        assert reason in done.stderr
        assert done.stderr.count("\n") == 1


def test_a_label_map_and_two_pictures_are_said_by_name(
    run: Run, exported: Export, labelling: Trained, tmp_path: Path
) -> None:
    model = exported("blend", labelling, graph="blend")
    random = np.random.default_rng(0)
    values = random.choice(np.array([0, 7, 255], np.uint8), (10, 14))
    Image.fromarray(values).save(tmp_path / "map.png")
    for name, size in (("a", (10, 14, 3)), ("style", (20, 18, 3))):
        Image.fromarray(random.integers(0, 256, size, dtype=np.uint8)).save(tmp_path / f"{name}.png")
    said = {name: tmp_path / f"{name}.png" for name in ("a", "style")}
    given = [f"{name}={path}" for name, path in said.items()]
    done = run("translate", model, tmp_path / "map.png", tmp_path / "out.png", *given)
    assert (done.returncode, done.stderr) == (0, "")
    expected = np.asarray(gantk.load(model)(tmp_path / "map.png", **said)).astype(int)
    assert np.abs(pixels(tmp_path / "out.png", "RGB") - expected).max() <= 1
    for wrong, line in (
        (given[:1], "this model takes an image style besides, which is not given"),
        ([*given, "psi=1"], "the model takes no psi, only b, a, style"),
    ):
        done = run("translate", model, tmp_path / "map.png", tmp_path / "out.png", *wrong)
        assert (done.returncode, done.stderr) == (1, f"{line}\n")


def test_jpegs_are_read_upright(run: Run, tmp_path: Path) -> None:
    across, down = np.meshgrid(np.linspace(0, 255, 16), np.linspace(0, 255, 24))
    picture = Image.fromarray(np.stack([across, down, (across + down) / 2], 2).astype(np.uint8))
    for orientation in range(1, 9):
        exif = picture.getexif()
        exif[0x0112] = orientation
        picture.save(tmp_path / f"{orientation}.jpg", exif=exif, quality=95, subsampling=0)
    (tmp_path / "all.mjs").write_text(READ_ALL.replace("PICTURES", json.dumps(str(run.folder / "pictures.mjs"))))
    done = subprocess.run(["node", tmp_path / "all.mjs"], capture_output=True, text=True, check=True, cwd=tmp_path)
    for orientation, (width, height, values) in enumerate(json.loads(done.stdout), 1):
        with Image.open(tmp_path / f"{orientation}.jpg") as image:
            expected = np.asarray(ImageOps.exif_transpose(image), int)
        # Decoders round differently, by a level or two.
        assert np.abs(np.reshape(values, (height, width, 4))[..., :3] - expected).max() <= 4


def test_a_jpeg_becomes_a_jpeg(run: Run, exported: Export, residual: Trained, tmp_path: Path) -> None:
    Image.new("RGB", (24, 16), (200, 80, 40)).save(tmp_path / "in.jpg")
    done = run("translate", exported("residual", residual), tmp_path / "in.jpg", tmp_path / "out.JPG")
    assert (done.returncode, done.stderr) == (0, "")
    with Image.open(tmp_path / "out.JPG") as written:
        assert (written.format, written.size) == ("JPEG", (24, 16))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "no task: say translate or generate"),
        (["paint"], "no task is called paint: say translate or generate"),
        (["toString", "m.onnx", "a.png", "b.png"], "no task is called toString: say"),
        (["translate", "m.onnx"], "translate takes three arguments: node app.mjs translate MODEL.onnx IN.png|IN.jpg"),
        (["translate", "m.onnx", "a.png", "b.png", "c.png"], "translate takes three arguments: node app.mjs translate"),
        (["generate", "m.onnx", "many", "out.png"], "many is no seed: give a whole number"),
    ],
)
def test_whoever_calls_it_wrongly_is_told_how(run: Run, arguments: list[str], reason: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith(reason)
    assert "node app.mjs generate MODEL.onnx SEED" in run("--help").stdout


def test_a_caption_is_said_by_name(run: Run, tmp_path: Path) -> None:
    model = write_telling(tmp_path / "telling.onnx")
    done = run("generate", model, 7, tmp_path / "out.png", "caption=NAI\u0308VE red")
    assert (done.returncode, done.stderr) == (0, "")
    (expected,) = gantk.load(model).generate(1, seed=7, caption="naïve red")
    assert np.array_equal(pixels(tmp_path / "out.png", "RGB"), np.asarray(expected).astype(int))
    for said, line in (
        ([], "this model takes a text caption, of words that it knows, such as red green blue"),
        (["caption=rad red"], "caption: the model does not know 1 of its 2 words: rad"),
        (["caption=red red red red"], "caption has 4 words, and the model reads 3: say fewer"),
    ):
        done = run("generate", model, 7, tmp_path / "out.png", *said)
        assert (done.returncode, done.stderr) == (1, f"{line}\n")
