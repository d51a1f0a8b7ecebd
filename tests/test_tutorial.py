"""The book's tutorial: its distribution, installed with what it requires into a fresh environment."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from gantk.parts.discriminator import Discriminator
from gantk_datasets.emoji import dataset
from support.commands import UV
from support.dealt import DEAR

ROOT = Path(__file__).parents[1]
TUTORIAL = ROOT / "docs" / "tutorial"
MODULES = sorted(file.stem for file in (TUTORIAL / "gantk_tutorial").glob("[!_]*.py"))
SMALL = ["-s", "generator.filters=4", "-s", "discriminator.filters=4", "-s", "discriminator.layers=1"]
SHORT = ["--size", "16", "--steps", "2", "--device", "cpu"]
# One process for all checks: importing torch takes longer than most of them.
CHECKS = """
import json, sys
from gantk.plugins.entrypoints import find
from gantk.testing import Checker
from gantk.testing.checks import CHECKS

if __name__ == "__main__":
    with Checker() as checker:
        for name, options, data, left in json.loads(sys.argv[1]):
            made = [check.name for check in CHECKS if check.applies(find(name)) and check.name not in left]
            checker.check(name, only=made, options=options, data=data).require()
            print(name)
"""
# Likewise for commands that follow each other.
COMMANDS = """
import json, sys
from gantk.cli.main import main

if __name__ == "__main__":
    for command in json.loads(sys.argv[1]):
        main(command, standalone_mode=False)
"""


def check(*command: str | Path, **options) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=600, check=False, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """The interpreter of an environment into which the tutorial was installed from its wheel."""
    folder = tmp_path_factory.mktemp("tutorial")
    check(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=TUTORIAL)
    interpreter = folder / "venv" / "bin" / "python"
    check(UV, "venv", "-q", "--python", sys.executable, folder / "venv")
    tutorial = f"{next(folder.glob('*.whl'))}[dicom]"
    install = [UV, "pip", "install", "-q", "-c", ROOT / "constraints.txt", "--python", interpreter]
    check(*install, tutorial, "-e", ROOT)
    share_bytecode(Path(torch.__file__).parents[1], Path(next(folder.glob("venv/lib/*/site-packages"))))
    return interpreter


def share_bytecode(here: Path, there: Path) -> None:
    """Lend the compiled modules of this environment: compiling torch anew takes longer than all that is tested.

    Python compiles those anew whose source is of another size or time.
    """
    for package in ("torch", "torchvision", "sympy", "numpy", "onnx", "onnxscript", "onnx_ir", "albumentations", "PIL"):
        for cached in (here / package).rglob("__pycache__"):
            if (lent := there / cached.relative_to(here)).parent.is_dir() and not lent.exists():
                shutil.copytree(cached, lent)


@pytest.fixture(scope="module")
def arrays(tmp_path_factory) -> Path:
    """Emoji as arrays of five channels: a grey line drawing, a grey one of flat colour, and that one in RGB."""
    folder = tmp_path_factory.mktemp("arrays")
    pairs = dataset()("line,flat").split("paired", test=False, load=None).groups[0].columns
    for number in range(12):
        line, flat = pairs["source"][number], pairs["target"][number]
        image = np.concatenate([line.mean(2, keepdims=True), flat.mean(2, keepdims=True), flat], 2)
        np.save(folder / f"{number}.npy", np.moveaxis(16 * image, 2, 0).astype(np.uint16))
    return folder


@pytest.fixture(scope="module")
def slices(tmp_path_factory) -> str:
    """A slice of a CT and one of an MR, shifted sideways to make several of each."""
    from pydicom import dcmread
    from pydicom.data import get_testdata_file

    folders = []
    for name in ("CT", "MR"):
        folders.append(tmp_path_factory.mktemp(name))
        image = dcmread(get_testdata_file(f"{name}_small.dcm"))
        pixels = image.pixel_array
        for shift in range(4):
            image.PixelData = np.ascontiguousarray(np.roll(pixels, shift, 1)).tobytes()
            image.save_as(folders[-1] / f"{shift}.dcm")
    return ",".join(map(str, folders))


def tutorial_module(name: str):
    spec = importlib.util.spec_from_file_location(f"tutorial_{name}", TUTORIAL / "gantk_tutorial" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


def test_gantk_plugins_lists_what_was_installed(python):
    listed = {entry["name"]: entry for entry in json.loads(check(python, "-m", "gantk", "plugins", "--json"))}
    brings = {"arrays": "dataset", "dilated": "generator", "r1": "loss", "slices": "dataset"}
    brings |= {"matched": "recipe", "denoised": "recipe", "growing": "recipe"}
    assert {name: listed[name]["brings"] for name in brings} == {name: [part] for name, part in brings.items()}
    assert {listed[name]["distribution"] for name in brings} == {"gantk-tutorial"}
    assert all(listed[name]["fits"] for name in brings)


def test_the_parts_train_together_and_the_generator_is_exported(python, arrays, tmp_path):
    parts = ["--plugin", "matched", "--generator", "dilated", "--loss", "r1"]
    data = ["--data", f"arrays:{arrays}", "-s", "data.target=3", "-s", "data.high=4080"]
    run = tmp_path / "run"
    train = ["train", *parts, *data, *SHORT, *SMALL, "--out", str(run)]
    check(python, "-P", "-c", COMMANDS, json.dumps([train, ["export", str(run), "--out", str(tmp_path)]]))
    logged = json.loads((run / "scalars.jsonl").read_text().splitlines()[-1])
    assert {"generator/game", "generator/matching", "discriminator/game", "discriminator/r1"} <= set(logged)
    card = json.loads((tmp_path / "source_to_target.json").read_text())
    ports = [*card["gantk.inputs"], *card["gantk.outputs"]]
    assert [port["channels"] for port in ports] == [2, 3]


def test_slices_of_two_modalities_train_an_unpaired_recipe(python, slices, tmp_path):
    data = ["--data", f"slices:{slices}", "-s", "data.low_b=0", "-s", "data.high_b=2500"]
    said = check(
        python, "-m", "gantk", "train", "--plugin", "cyclegan", *data, *SHORT, *SMALL, "--out", tmp_path / "run"
    )
    assert "DICOM slices: 3 to train, 1 held out; 3 to train, 1 held out" in said


def test_each_plugin_passes_its_checks(python, arrays, slices, tmp_path, request):
    """All of them for the sampler, as no built-in recipe has one; for others those that are not dealt, or all."""
    left = [] if request.config.getoption("every_check") else [*DEAR, "export"]
    wanted = [
        ("r1", {}, []),
        ("dilated", {"generator.filters": "4"}, []),
        ("matched", {"generator.filters": "4", "discriminator.filters": "4"}, []),
        ("denoised", {"timesteps": "4", "filters": "8"}, []),
        ("growing", {"filters": "2", "discriminator.filters": "2", "discriminator.layers": "1"}, []),
        ("arrays", {"data.target": "3", "data.high": "4080"}, [f"arrays:{arrays}"]),
        ("slices", {"data.high_b": "2500"}, [f"slices:{slices}"]),
    ]
    program = tmp_path / "checks.py"
    program.write_text(CHECKS)
    wanted = [(name, *said, [] if name == "denoised" else left) for name, *said in wanted]
    said = check(python, program, json.dumps(wanted), cwd=tmp_path)
    assert said.split() == [name for name, *_ in wanted]


@pytest.mark.parametrize("patches", [1, 6])
def test_r1_of_a_linear_score_is_half_gamma_times_its_squared_slope(patches):
    layer = nn.Linear(12, 1, bias=False)
    # Patches that all give the score of the whole image: a map counts as its mean.
    network = nn.Sequential(nn.Flatten(), layer, nn.Unflatten(1, (1, 1)), nn.Upsample(scale_factor=patches))
    network = network if patches > 1 else nn.Sequential(nn.Flatten(), layer)
    critic = Discriminator(nn.Sequential(network), "discriminator").given()
    real = torch.randn(5, 3, 2, 2)
    penalty = tutorial_module("r1").R1(gamma=7.0).penalty(critic, real, torch.zeros_like(real))["r1"]
    torch.testing.assert_close(penalty, 3.5 * layer.weight.square().sum())
    (gradient,) = torch.autograd.grad(penalty, layer.weight)
    torch.testing.assert_close(gradient, 7.0 * layer.weight)


def test_r1_is_zero_where_the_score_is_flat_on_real_images_whatever_it_does_on_fake_ones():
    class Beyond(nn.Module):
        def forward(self, image):
            return torch.relu(image - 1).flatten(1).sum(1, keepdim=True)

    real, fake = torch.rand(4, 3, 2, 2), 2 + torch.rand(4, 3, 2, 2)
    critic = Discriminator(Beyond(), "discriminator").given()
    game = tutorial_module("r1").R1()
    assert game.penalty(critic, real, fake)["r1"] == 0
    assert game.penalty(critic, fake, real)["r1"] == 5 * 12


def test_a_dilated_output_pixel_reads_as_far_as_the_halo_says():
    class Plain:
        shifts = False

        def activation(self, channels):
            return nn.Identity()

        def weight(self, layer):
            return layer

    network = tutorial_module("dilated").Dilated(1, 1, Plain(), filters=2, dilations=(1, 2, 1))
    image = torch.zeros(1, 1, 19, 19, requires_grad=True)
    network(image)[0, 0, 9, 9].backward()
    read = image.grad[0, 0].abs().sum(0).nonzero().flatten()
    assert (int(read.min()), int(read.max())) == (9 - network.halo, 9 + network.halo)


def test_arrays_are_read_channels_first_and_held_out_by_content(arrays, tmp_path):
    module = tutorial_module("arrays")
    data = module.arrays(str(arrays), target=3, high=4080.0)
    train, test = (data.split("paired", test=share, load=None).columns for share in (False, True))
    assert (len(train["source"]) + len(test["source"]), train["target"].window) == (12, (0.0, 4080.0))
    file = train["target"].files[0]
    np.testing.assert_array_equal(train["target"][0], np.load(file)[2:].transpose(1, 2, 0))
    assert data.split("paired", test=False, load=20).columns["source"][0].shape == (20, 20, 2)
    names = {held.name for held in test["source"].files}
    np.save(arrays / "more.npy", np.zeros((5, 8, 8), np.uint16))
    try:
        again = module.arrays(str(arrays), target=3)
    finally:
        (arrays / "more.npy").unlink()
    assert names - {held.name for held in again.test} <= {min(names)}
    assert again.fingerprint() != data.fingerprint()


@pytest.mark.parametrize(
    ("shapes", "message"),
    [([(5, 8, 8), (4, 8, 8)], "channels differ"), ([(8, 8)], "is of shape"), ([], "holds no")],
)
def test_folders_that_are_no_arrays_are_refused(shapes, message, tmp_path):
    from gantk import DataError

    for number, shape in enumerate(shapes):
        np.save(tmp_path / f"{number}.npy", np.zeros(shape))
    with pytest.raises(DataError, match=message):
        tutorial_module("arrays").arrays(str(tmp_path))


@pytest.mark.parametrize("name", MODULES)
def test_a_chapter_shows_the_module_from_its_file(name):
    pages = [page.read_text() for page in (ROOT / "docs").glob("write-a-*.md")]
    assert any(f"{{literalinclude}} tutorial/gantk_tutorial/{name}.py" in page for page in pages)
