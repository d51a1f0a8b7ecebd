"""Recipes whose graphs take and give more than an image: each is checked, resumes, is exported and run."""

import json
import re
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import gantk
from gantk.cli.evaluate import evaluate
from gantk.cli.generate import generate
from gantk.cli.train import train
from gantk.cli.translate import translate
from gantk.errors import DataError, GantkError, UsageError
from gantk.plugins.entrypoints import find
from gantk.runtime.model import Model
from gantk.testing import Checker
from gantk.testing.checks import CHECKS
from gantk_exports.export import export
from gantk_exports.verify import verify
from support.dealt import DEAR

RECIPES = Path(__file__).with_name("mixed")
SAMPLE = Path(__file__).parents[2] / "exports" / "samples" / "python" / "translate.py"
MAKES = {"domains": "translate", "sources": "mix", "dial": "generator", "enlarging": "enlarge"}

Opens = Callable[[str], Model]


@pytest.fixture(scope="session")
def checked(pytestconfig: pytest.Config) -> Iterator[Callable[[str], Path]]:
    """Return a function that checks a recipe once, and returns the folder of its run and its export.

    It resumes besides what is cheap; the other dear checks are made with `--every-check`.
    """
    folders: dict[str, Path] = {}
    left = set() if pytestconfig.getoption("every_check") else {*DEAR} - {"resume"}

    with Checker() as checker:

        def check(name: str) -> Path:
            if name not in folders:
                file = str(RECIPES / f"{name}.py")
                made = [check.name for check in CHECKS if check.applies(find(file)) and check.name not in left]
                report = checker.check(file, only=made, options={"size": "16"})
                report.require()
                skipped = {outcome.check for outcome in report.outcomes if outcome.status == "skip"}
                assert skipped <= {"features", "partners"}, str(report)
                folders[name] = report.folder
            return folders[name]

        yield check


@pytest.fixture(scope="session")
def opens(checked: Callable[[str], Path]) -> Opens:
    """Return a function that opens the model of a recipe."""
    return lambda name: gantk.load(checked(name) / "run" / "exports" / f"{MAKES[name]}.onnx")


def pixels(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_domain_is_said_by_its_name(opens: Opens) -> None:
    model, image = opens("domains"), pixels(9, 14)
    assert [port.name for port in model.card.inputs] == ["image", "domain"]
    made = model(image, domain="flat")
    assert made.shape == image.shape
    assert np.array_equal(made, model(image, domain=1))
    assert not np.array_equal(made, model(image, domain="3d"))
    both = model(np.stack([image, image]), domain=["line", "flat"])
    assert np.array_equal(both[1], made)
    assert np.abs(model(image, domain="flat", tile=4, exact=True).astype(int) - made).max() <= 1


def test_two_images_are_called_what_the_batch_calls_them(opens: Opens) -> None:
    model, source, target = opens("sources"), pixels(8, 12), pixels(8, 12, 1)
    assert [port.name for port in model.card.inputs] == ["source", "target", "share"]
    made = model(source, target=target)
    assert np.array_equal(made, model(source, target=target, share=0.5))
    assert np.array_equal(model(source, target=target, share=0), model(source, target=source, share=0))
    assert np.abs(model(source, target=target, tile=4, exact=True).astype(int) - made).max() <= 1
    large = Image.fromarray(target).resize((48, 32))
    assert model(Image.fromarray(source), target=large).size == (12, 8), "brought to the first image's size"


def test_a_number_has_a_default_and_limits(opens: Opens) -> None:
    model = opens("dial")
    assert model.card.sides == (8, 16)
    made = [np.asarray(image) for image in model.generate(3, seed=5)]
    again = [np.asarray(image) for image in model.generate(3, seed=5, psi=0.7)]
    calm = [np.asarray(image) for image in model.generate(3, seed=5, psi=0)]
    assert np.array_equal(made, again)
    assert np.array_equal(calm[0], calm[1])
    assert made[0].shape == (8, 16, 3)


def test_an_image_comes_out_four_times_as_large(opens: Opens, tmp_path: Path) -> None:
    model, image = opens("enlarging"), pixels(7, 10)
    assert model.card.scale == 4
    made = model(image)
    assert made.shape == (28, 40, 3)
    assert np.abs(model(image, tile=3, exact=True).astype(int) - made).max() <= 1
    picture = Image.fromarray(image)
    picture.putalpha(128)
    assert (model(picture).size, model(picture).mode) == ((40, 28), "RGBA")
    np.save(tmp_path / "in.npy", image)
    Image.fromarray(image).save(tmp_path / "in.png")
    for options in ([], ["--tile", "4"]):
        said(translate, model, tmp_path / "in.png", "-o", tmp_path / "out.png", *options)
        with Image.open(tmp_path / "out.png") as out:
            assert np.abs(np.asarray(out).astype(int) - made).max() <= 2
    said(translate, model, tmp_path / "in.npy", "-o", tmp_path / "out.npy", "--tile", "4")
    assert np.load(tmp_path / "out.npy").shape == made.shape


def test_what_cannot_be_exported_is_not_trained(tmp_path: Path) -> None:
    file, run = tmp_path / "enlarging.py", tmp_path / "run"
    file.write_text((RECIPES / "enlarging.py").read_text().replace(", scale=4", ""))
    arguments = ["--plugin", file, "--size", 16, "--steps", 2, "--batch-size", 2, "--out", run]
    result = CliRunner().invoke(train, list(map(str, arguments)))
    line = "graph enlarge: its network gives output as (2, 3, 64, 64) float32, not as (2, 3, 16, 16) float32"
    assert re.fullmatch(rf"{re.escape(str(file))}:\d+: {re.escape(line)}", str(result.exception))
    assert not list(run.glob("checkpoints/*"))


@pytest.mark.parametrize(
    ("recipe", "given", "line"),
    [
        ("domains", {}, "the model takes a category domain: say line, flat, 3d, or a number from 0 to 2"),
        ("domains", {"domain": "blue"}, "no domain is called blue: say line, flat, 3d, or a number"),
        ("domains", {"domain": [0, 1]}, "domain: 2 values for 1 samples; say one, or one for each"),
        ("domains", {"domain": 0, "psi": 1}, "the model takes no psi, only domain besides its image"),
        ("sources", {}, "the model takes an image target besides: say --image target=FILE (in Python target=...)"),
        ("sources", {"target": "none.png"}, "target: none.png: "),
        ("sources", {"target": pixels(4, 4), "share": 2}, "share is a number from 0 to 1, not 2"),
        ("enlarging", {"share": 2}, "the model takes no share, only its image"),
    ],
)
def test_what_is_missing_unknown_or_wrong_is_one_line(opens: Opens, recipe: str, given: dict, line: str) -> None:
    with pytest.raises((UsageError, DataError)) as caught:
        opens(recipe)(pixels(8, 8), **given)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def said(command: object, model: Model, *arguments: object) -> str:
    result = CliRunner().invoke(command, [str(argument) for argument in (model.path, *arguments)])
    if isinstance(result.exception, GantkError):
        return str(result.exception)
    return result.output.strip().splitlines()[-1]


def test_commands_say_inputs_by_options(opens: Opens, tmp_path: Path) -> None:
    image, other = tmp_path / "in" / "one.png", tmp_path / "styles" / "one.webp"
    for path, seed in ((image, 0), (other, 1)):
        path.parent.mkdir()
        Image.fromarray(pixels(8, 12, seed)).save(path, lossless=True)
    domains, sources, out = opens("domains"), opens("sources"), tmp_path / "out"
    said(translate, domains, image.parent, "-o", out, "--label", "flat")
    expected = np.asarray(domains(image, domain="flat"))
    assert np.array_equal(np.asarray(Image.open(out / "one.png")), expected)
    for images in (other, other.parent):
        said(translate, sources, image.parent, "-o", out, "--image", images, "--scalar", "share=0.25")
        expected = np.asarray(sources(image, target=other, share=0.25))
        assert np.array_equal(np.asarray(Image.open(out / "one.png")), expected)
    assert said(translate, domains, image, "-o", out).startswith("the model takes a category domain")
    assert "the model takes no number" in said(translate, domains, image, "-o", out, "--scalar", "1")
    assert "say --scalar share=1" in said(translate, sources, image, "-o", out, "--label", "share=1")
    assert "share is 0.5 already" in said(translate, sources, image, "-o", out, *2 * ["--scalar", "share=0.5"])
    Image.fromarray(pixels(8, 12)).save(tmp_path / "in" / "two.png")
    line = said(translate, sources, image.parent, "-o", out, "--image", other.parent)
    assert line == "1 of 2 images could not be translated"
    assert said(generate, opens("dial"), "-n", 2, "--scalar", "0.1", "-o", out).startswith("2 images written")
    headings = said(generate, opens("dial"), "-n", 2, "--traverse", "psi", "--columns", 3, "-o", tmp_path / "s.png")
    assert headings == f"6 images written to {tmp_path / 's.png'}"


def test_smaller_models_are_measured_on_all_inputs(checked: Callable[[str], Path], tmp_path: Path) -> None:
    run, out = checked("sources") / "run", tmp_path / "mix.int8.onnx"
    arguments = [str(run), "--precision", "int8", "--least-psnr", "10", "--out", str(out)]
    export.main(arguments, standalone_mode=False)
    card = gantk.load(out).card
    assert (card.fidelity["inputs"] > 1, len(card.inputs)) == (True, 3)


def test_what_comes_out_larger_is_measured_against_the_truth(checked: Callable[[str], Path]) -> None:
    result = CliRunner().invoke(evaluate, [str(checked("enlarging") / "run"), "--metric", "l1", "--json"])
    assert result.exit_code == 0, result.output
    assert 0 < json.loads(result.stdout)[0]["value"] < 1


def test_verify_lists_what_goes_in(opens: Opens) -> None:
    shown = CliRunner().invoke(verify, [str(opens("sources").path)]).output
    assert "share: float32 N, a number from 0 to 1, 0.5 if unsaid" in shown
    assert (
        "domain: int64 N, one of 3: line, flat, 3d" in CliRunner().invoke(verify, [str(opens("domains").path)]).output
    )
    assert (
        "what comes out is 4 times as high and wide"
        in CliRunner().invoke(verify, [str(opens("enlarging").path)]).output
    )


def test_the_sample_in_python_gives_what_gantk_gives(opens: Opens, tmp_path: Path) -> None:
    app = runpy.run_path(str(SAMPLE))["main"]
    for name, seed in (("in", 0), ("other", 1)):
        Image.fromarray(pixels(8, 12, seed)).save(tmp_path / f"{name}.png")
    source, other, out = (str(tmp_path / f"{name}.png") for name in ("in", "other", "out"))
    app(str(opens("domains").path), source, out, "domain=flat")
    assert np.array_equal(np.asarray(Image.open(out)), np.asarray(opens("domains")(source, domain="flat")))
    app(str(opens("sources").path), source, out, f"target={other}", "share=0.25")
    assert np.array_equal(np.asarray(Image.open(out)), np.asarray(opens("sources")(source, target=other, share=0.25)))
    for said, line in ([], "say domain=VALUE"), (["domain=blue"], "domain cannot be blue"), (["psi=1"], "takes no psi"):
        with pytest.raises(SystemExit, match=line):
            app(str(opens("domains").path), source, out, *said)
