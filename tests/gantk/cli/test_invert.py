"""`gantk invert` from end to end: a run of two steps, its export, and images that are made again."""

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from gantk.cli.main import main

TINY = [
    "--plugin", "dcgan", "--data", "emoji:flat", "--size", "16", "--device", "cpu", "--precision", "fp32",
    "-s", "latent=5", "-s", "generator.filters=4", "-s", "discriminator.filters=4", "-s", "batch_size=8",
]  # fmt: skip


def invoke(*arguments, status=0):
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == status, result.output
    return result


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("inverted") / "run"
    invoke("train", *TINY, "--steps", "2", "--out", path)
    return path


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, colour in {"a.png": (200, 30, 60), "b.png": (10, 90, 220)}.items():
        Image.new("RGB", (24, 32), colour).save(folder / name)
    return folder


def test_what_is_found_is_made_again_by_the_exported_model(run, pictures, tmp_path):
    out = tmp_path / "found.npz"
    said = invoke("invert", run, pictures, "-o", out, "--steps", 12, "--starts", 2).stdout.splitlines()
    assert [line.partition(": PSNR ")[0] for line in said[:2]] == [str(pictures / "a.png"), str(pictures / "b.png")]
    assert said[2].startswith(f"vectors of 2 images written to {out}")
    assert said[3] == f"first:  gantk export {run} --graph generator"
    assert np.load(out)["latent"].shape == (2, 5)
    sheet = np.asarray(Image.open(tmp_path / "found.png"))
    assert sheet.shape == (38, 38, 3)
    assert (sheet[2:18, 2:18] == [200, 30, 60]).all()
    invoke("export", run, "--graph", "generator")
    again = invoke("invert", run, pictures, "-o", out, "--steps", 12, "--starts", 2).stdout.splitlines()
    model = run / "exports" / "generator.onnx"
    assert again[3] == f"go on:  gantk generate {model} --latent {out} -o again.png"
    invoke("generate", model, "--latent", out, "-o", tmp_path / "again.npy")
    made = np.load(tmp_path / "again.npy")
    assert made.shape == (2, 16, 16, 3)
    for place, image in zip((2, 20), made, strict=True):
        assert np.abs(sheet[place : place + 16, 20:36].astype(int) - image).max() <= 1


def test_bad_images_are_skipped_and_named(run, pictures, tmp_path):
    (pictures / "broken.png").write_bytes(b"no picture")
    result = invoke("invert", run, pictures, "-o", tmp_path / "found.npz", "--steps", 4, "--starts", 1, status=1)
    assert f"skipped {pictures / 'broken.png'}: " in result.stderr
    assert "Error: 1 of 3 images cannot be read" in result.stderr
    assert np.load(tmp_path / "found.npz")["latent"].shape == (2, 5)
    result = invoke("invert", run, pictures / "broken.png", "-o", tmp_path / "none.npz", status=1)
    assert "Error: none of the images can be read" in result.stderr
    assert not (tmp_path / "none.npz").exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["-o", "found.npy"], "found.npy: vectors are written to a .npz file"),
        (["-o", "found.npz", "--graph", "mix"], "no graph 'mix' makes images of latent vectors, only generator"),
        (["-o", "found.npz", "--label", "cat"], "--label cat: the model takes no category"),
        (["-o", "found.npz", "--step", "9"], "step 9"),
    ],
)
def test_wrong_use_is_one_line(run, pictures, options, reason):
    result = invoke("invert", run, pictures / "a.png", *options, status=2)
    assert reason in result.stderr


def test_a_missing_image_is_named(run, tmp_path):
    result = invoke("invert", run, tmp_path / "none.png", "-o", tmp_path / "found.npz", status=2)
    assert f"{tmp_path / 'none.png'}: no such file or folder" in result.stderr
