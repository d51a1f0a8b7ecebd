"""How further inputs of a model are said: a wrong name is said to be one, with the known ones and the nearest."""

import re
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import click
import pytest
from click.testing import CliRunner

from gantk.cli.inputs import said
from gantk.cli.score import score
from gantk.cli.translate import translate
from gantk.data.words import RULE
from gantk.runtime.card import Card
from gantk.runtime.ports import Numbers, Port

IMAGE, STYLE, OUTPUT = (
    Port(name=name, dtype="uint8", channels=3, range=(0, 255), pixel="uint8", window=(0, 255))
    for name in ("image", "style", "output")
)
DOMAIN = Numbers(name="domain", kind="category", layout="N", dtype="int64", categories=2, names=("3d", "A=B"))
SHARE = Numbers(name="share", kind="scalar", layout="N", default=0.5)
CARD = Card(
    version="1",
    plugin="p",
    graph="g",
    task="translate",
    inputs=(IMAGE, STYLE, DOMAIN, SHARE),
    outputs=(OUTPUT,),
    mode={},
    created="2024-01-31",
)
NOT_SAID = (
    "is no input that can be said; the model takes --label domain=LABEL, --scalar share=NUMBER, --image style=FILE"
)


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        (
            {"labels": ["dom=3d"]},
            f"--label dom=3d: 'dom' {NOT_SAID}; did you mean 'domain'?",
        ),
        ({"images": ["styl="]}, f"--image styl=: 'styl' {NOT_SAID}; did you mean 'style'?"),
        ({"scalars": ["psi=1"]}, f"--scalar psi=1: 'psi' {NOT_SAID}"),
        ({"labels": ["style=3d"]}, "--label style=3d: say --image style=3d"),
    ],
)
def test_a_wrong_name_is_said_to_be_one(texts, line):
    with pytest.raises(click.UsageError, match=f"^{re.escape(line)}$"):
        said(CARD, **{"labels": (), "scalars": (), **texts})


def test_a_value_may_hold_an_equals_sign(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a=b.png").touch()
    assert said(CARD, ["a=b"], [], ["a=b.png"]) == {"domain": "a=b", "style": Path("a=b.png")}


def test_a_text_is_all_that_follows_its_name_or_all():
    prompt = Numbers(name="prompt", kind="caption", dtype="int64", length=3, words=("red",), rule=RULE)
    card = replace(CARD, inputs=(*CARD.inputs, prompt))
    for text in ("red = blue", "prompt=red = blue"):
        assert said(card, [], [], captions=[text]) == {"prompt": "red = blue"}
    with pytest.raises(click.UsageError, match="^--label prompt=red: say --caption prompt=red$"):
        said(card, ["prompt=red"], [])


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--style", "x.jpg"], "there is no option --style: style is an input of the model, say --image style=FILE"),
        (["--share=1"], "there is no option --share: share is an input of the model, say --scalar share=NUMBER"),
        (["--styl", "x.jpg"], "No such option"),
    ],
)
@pytest.mark.parametrize("command", [translate, score], ids=["translate", "score"])
def test_an_input_that_is_said_as_an_option_names_the_right_one(command, arguments, line):
    with patch("gantk.runtime.model_file.read_file", lambda path: CARD):
        done = CliRunner().invoke(command, ["m.onnx", "photos", *arguments])
    assert done.exit_code == 2
    assert line.casefold() in done.output.casefold()


def test_what_is_no_model_leaves_the_error_as_it_is(tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"no model")
    done = CliRunner().invoke(translate, [str(tmp_path / "m.onnx"), "photos", "--style", "x.jpg"])
    assert "No such option" in done.output
