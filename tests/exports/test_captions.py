"""A recipe that is told captions: it trains on a folder, resumes, passes the checks, is exported, measured and run."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import gantk
from gantk.cli.generate import generate
from gantk.cli.train import train
from gantk.runs.run import open_run
from gantk.testing.checked import make
from gantk_datasets.emoji import emoji
from gantk_exports.export import _next
from gantk_exports.verify import verify

RECIPE = Path(__file__).with_name("mixed") / "captions.py"
CHECKS = ("trains", "reaches", "resume", "export", "finite", "responds", "gradients")


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Emoji at 16 px in a folder, each with its name beside it."""
    root = tmp_path_factory.mktemp("told")
    columns = emoji(None).split("captioned", False, 16).columns
    for row in range(24):
        Image.fromarray(np.asarray(columns["image"][row])).save(root / f"{row}.png")
        (root / f"{row}.txt").write_text(columns["caption"][row], encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def checked(told: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which the recipe was checked, trained and exported."""
    folder = tmp_path_factory.mktemp("captions")
    request = {"plugin": str(RECIPE), "options": {"size": "16"}, "data": [str(told)]}
    for name in CHECKS:
        status, reason = make(name, request, str(folder))
        assert status == "pass", f"{name}: {reason}"
        if name == "responds":
            assert "generator (own recipe): latent, caption" in reason
            assert "discriminator (own recipe): image, caption" in reason
    return folder


def run(command: object, *arguments: object) -> str:
    result = CliRunner().invoke(command, [*map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


def test_what_was_exported_is_asked_with_words(checked: Path, tmp_path: Path) -> None:
    path = checked / "run" / "exports" / "generator.onnx"
    model = gantk.load(path)
    _, caption = model.card.inputs
    assert (caption.kind, caption.dtype, caption.layout, caption.length) == ("caption", "int64", "NC", 5)
    recorded = open_run(checked / "run").manifest.data.contents.words["caption"]
    assert caption.words == recorded[: len(caption.words)]
    assert f"caption: int64 NC, a text of up to 5 words of {len(caption.words)} words: " in run(verify, path)
    words = caption.words[:2]
    run(generate, path, "-n", 2, "--caption", " ".join(words), "-o", tmp_path / "out")
    made = model.generate(2, caption=f"{words[0].upper()}, {words[1]}!")
    files = sorted((tmp_path / "out").iterdir())
    assert [file.name for file in files] == [f"seed0-0000{row}-caption={'_'.join(words)}.png" for row in range(2)]
    assert np.array_equal(np.asarray(Image.open(files[1])), np.asarray(made[1]))
    other = model.generate(2, caption=caption.words[5])
    assert not np.array_equal(np.asarray(other[0]), np.asarray(made[0])), "the caption is heeded"


def test_the_next_command_says_a_caption(checked: Path) -> None:
    model = gantk.load(checked / "run" / "exports" / "generator.onnx")
    words = " ".join(model.card.inputs[1].words[:3])
    assert _next([model]) == f"gantk generate {model.path} --caption '{words}' -o sheet.png"


def test_a_run_keeps_its_words_whatever_it_goes_on_with(checked: Path, told: Path, tmp_path: Path) -> None:
    begun = ["--plugin", RECIPE, "--data", told, "--size", 16, "--batch-size", 4, "--device", "cpu"]
    path = tmp_path / "run"
    run(train, *begun, "--steps", 1, "--out", path)
    before = open_run(path).manifest.data.contents.words
    other = tmp_path / "other"
    other.mkdir()
    for file in told.iterdir():
        text = "words of another kind" if file.suffix == ".txt" else ""
        (other / file.name).write_bytes(text.encode() or file.read_bytes())
    output = run(train, "--resume", path, "--steps", 2, "--data", other)
    assert "the images are not those" in output
    assert open_run(path).manifest.data.contents.words == before
