"""A generator that is told a caption: by command, in Python, and by the sample's rule."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import gantk
from gantk.cli.generate import generate
from gantk.cli.translate import translate
from gantk.errors import GantkError, UsageError
from gantk.runtime.card_reader import read_card
from gantk.runtime.model import Model
from gantk.runtime.samples import samples
from support.telling import CAPTION, write_telling, write_tinting

SAMPLE = Path(__file__).parents[3] / "exports" / "samples" / "python" / "translate.py"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return gantk.load(write_telling(tmp_path_factory.mktemp("telling") / "telling.onnx"))


def said(model: Model, *arguments: object) -> str:
    result = CliRunner().invoke(generate, [str(argument) for argument in (model.path, *arguments)])
    if isinstance(result.exception, GantkError):
        return str(result.exception)
    return result.output.strip().splitlines()[-1]


def colours(images: list[Image.Image]) -> list[list[int]]:
    return [np.asarray(image)[0, 0].tolist() for image in images]


def test_words_change_what_is_made(model: Model) -> None:
    none, both, naive = (
        colours(model.generate(2, seed=3, caption=text)) for text in ("", "Red, RED blue!", "nai\u0308ve")
    )
    assert np.array_equal(np.subtract(both, none), [[80, 0, 40]] * 2)
    assert np.array_equal(np.subtract(naive, none), [[40, 40, 40]] * 2)
    assert colours(model.generate(2, seed=3, caption=["", "Red, RED blue!"])) == [none[0], both[1]]


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({}, "the model takes a text caption: say it of words that it knows, such as red, green, blue, by --caption"),
        ({"caption": "a rad one"}, "caption: the model does not know 3 of its 3 words: a, rad (near red), one"),
        ({"caption": 3}, "caption is a text, not 3"),
        ({"caption": ["red", "blue", "red"]}, "caption: 3 values for 2 samples; say one, or one for each"),
    ],
)
def test_what_is_missing_or_unknown_is_one_line(model: Model, given: dict, line: str) -> None:
    with pytest.raises(UsageError) as caught:
        model.generate(2, **given)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_the_command_says_a_caption_with_its_name_or_without(model: Model, tmp_path: Path) -> None:
    out, (wanted,) = tmp_path / "out", model.generate(1, seed=4, caption="red blue")
    for text in ("red blue", "caption=red blue"):
        assert said(model, "-n", 1, "--seed", 4, "--text", text, "-o", out).startswith("1 image written")
        with Image.open(out / "seed4-00000-caption=red_blue.png") as made:
            assert np.array_equal(np.asarray(made), np.asarray(wanted))
    assert said(model, "--caption", "rde", "-o", out) == "caption: the model does not know its word: rde (near red)"
    assert "the model takes no category" in said(model, "--label", "red", "-o", out)
    assert "say --caption caption=red" in said(model, "--label", "caption=red", "-o", out)
    assert "is a text, which is not traversed" in said(model, "--caption", "red", "--traverse", "caption", "-o", out)
    walk = said(model, "--caption", "red", "--walk", 9, "-n", 3, "-o", tmp_path / "walk.gif")
    assert walk.startswith("3 images written")
    sheet = said(model, "--caption", "red", "--traverse", "latent", "-n", 2, "--columns", 3, "-o", tmp_path / "s.png")
    assert sheet.startswith("6 images written")


def test_an_image_is_translated_by_words(tmp_path: Path) -> None:
    tinting = gantk.load(write_tinting(tmp_path / "tinting.onnx"))
    image = np.full((9, 7, 3), 100, np.uint8)
    assert np.array_equal(tinting(image, caption="blue, red"), image + np.array([40, 0, 40], np.uint8))
    both = tinting(np.stack([image, image]), caption=["red", "green"])
    assert both[:, 0, 0].tolist() == [[140, 100, 100], [100, 140, 100]]
    Image.fromarray(image).save(tmp_path / "in.png")
    for caption, line in (("red", "1 of 1 images translated"), ("rad", "caption: the model does not know its word")):
        arguments = [tinting.path, tmp_path / "in.png", "-o", tmp_path / "out.png", "--caption", caption]
        result = CliRunner().invoke(translate, list(map(str, arguments)))
        assert line in result.output + str(result.exception)
    with Image.open(tmp_path / "out.png") as made:
        assert made.getpixel((0, 0)) == (140, 100, 100)
    with pytest.raises(UsageError, match=r'the model takes a text caption: .* by --caption caption="red green blue"'):
        tinting(image)


def test_values_to_try_a_model_with_are_texts_of_several_lengths() -> None:
    (tokens,) = samples([CAPTION], 7, 1, 1)
    assert (tokens.shape, tokens.dtype) == ((7, 3), np.int64)
    assert (tokens > 0).sum(1).tolist() == [1, 2, 3, 1, 2, 3, 1]
    assert tokens.max() <= len(CAPTION.words)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"words": []}, "is a caption of 0 words with a rule"),
        ({"rule": ""}, "is a caption of 4 words without a rule"),
        ({"rule": "bytes"}, '.rule is "bytes", not "words are runs of'),
        ({"words": ["red", "red"]}, "or has a word twice"),
        ({"dtype": "float32"}, "is a caption of float32 NC, not of int64 NC"),
        ({"kind": "latent", "dtype": "float32"}, "is a latent of 4 words with a rule"),
    ],
)
def test_a_card_that_contradicts_itself_is_refused(model: Model, changes: dict, line: str) -> None:
    metadata = model.card.metadata()
    latent, caption = json.loads(metadata["gantk.inputs"])
    assert set(caption) - set(latent) == {"words", "rule"}
    metadata["gantk.inputs"] = json.dumps([latent, caption | changes])
    with pytest.raises(GantkError) as caught:
        read_card(metadata.items(), Path("telling.onnx"))
    assert line in str(caught.value)


def test_the_sample_in_python_has_the_same_rule(model: Model) -> None:
    tokens = runpy.run_path(str(SAMPLE))["tokens"]
    port = json.loads(model.card.metadata()["gantk.inputs"])[1]
    assert tokens(port, "NAI\u0308VE red").tolist() == [[4, 1, 0]]
    with pytest.raises(SystemExit, match="caption: the model does not know rad"):
        tokens(port, "rad")
    with pytest.raises(SystemExit, match="caption has 4 words, and the model reads 3"):
        tokens(port, "red red red red")
