"""The protocols that are run again, and the page of their ledger."""

import importlib
import json
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from gantk.cli.main import main
from support.dealt import RECIPES

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "benchmarks" / "reproduce"


def reproduce(*arguments: str) -> str:
    command = [sys.executable, str(FOLDER), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def commands() -> dict[str, str]:
    """What each protocol trains, on the emoji where digits or clothes are not there."""
    listed = json.loads(reproduce("list", "--json"))
    stand_in = {"mnist:{mnist}": "emoji", "fashion-mnist:{fashion}": "emoji"}
    for name, words in stand_in.items():
        listed = {protocol: train.replace(name, words) for protocol, train in listed.items()}
    return listed


def test_the_page_is_what_the_ledger_says():
    reproduce("table", "--check")


def test_every_recipe_has_a_protocol_or_stands_among_what_is_not_run(own, commands):
    trained = {shlex.split(train)[1] for train in commands.values()}
    elsewhere = {each.plugin for each in own.elsewhere.ELSEWHERE}
    # colorize is pix2pix's paper, by other data.
    assert set(RECIPES) - trained - elsewhere == {"colorize"}


def test_every_protocol_can_be_trained(commands):
    assert len(commands) == 35
    for name, train in commands.items():
        done = CliRunner().invoke(main, ["train", *shlex.split(train), "--steps", "2", "--dry-run"])
        assert done.exit_code == 0, f"{name}: {done.output}"
        assert "{" not in train


def test_the_hard_architectures_have_the_norms_that_they_are_named_for(commands):
    for game, critic in (("dcgan", "batch"), ("wgan-gp", "layer")):
        assert "generator=none" in commands[f"hard-mlp-generator-{game}"]
        assert f"discriminator={critic}" in commands[f"hard-mlp-generator-{game}"]
        assert "discriminator=none" in commands[f"hard-no-normalization-{game}"]
        assert f"discriminator={critic}" in commands[f"hard-tanh-{game}"]


@pytest.fixture(scope="module")
def own():
    """The modules of the folder, which are no package."""
    names = ("digits", "elsewhere", "ledger", "page", "protocol", "protocols", "questions", "trainings")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in names})
    for name in names:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("values", "error", "shown"),
    [
        ([34.84, 24.0, 78.08], None, "46 ± 29"),
        ([19, 7, 8], None, "11 ± 7"),
        ([8, 8, 8], None, "8 ± 0"),
        ([0.5303, 0.35, 0.3976], None, "0.43 ± 0.09"),
        ([0.5967, 0.6546, 0.7834], None, "0.68 ± 0.10"),
        ([1230.0, 1470.0], None, "1350 ± 170"),
        ([-60.17], 4.2, "-60"),
        ([5.3], 0.71, "5.3"),
        ([0.4564], 0.0017, "0.456"),
        ([0.33333], None, "0.333"),
        ([0.0], None, "0"),
    ],
)
def test_numbers_have_the_digits_that_they_are_sure_of(own, values, error, shown):
    assert own.digits.summary(values, error).replace(own.digits.APART, " ") == shown


def test_every_score_of_the_ledger_has_its_column(own):
    columns = {question.name: {measure.name for measure in question.measures} for question in own.questions.QUESTIONS}
    asked = {protocol.name: columns[protocol.question] for protocol in own.protocols.PROTOCOLS}
    for record in own.ledger.records():
        assert record["scores"].keys() <= asked[record["protocol"]], record["protocol"]
    for protocol in own.protocols.PROTOCOLS:
        assert protocol.published.keys() <= asked[protocol.name]


def recorded(own, name: str, steps: int, seed: int, **said) -> dict:
    (protocol,) = (each for each in own.protocols.PROTOCOLS if each.name == name)
    known = own.trainings.stated(protocol, steps, seed)
    rest = {"data": "points", "fingerprint": "f", "device": "cpu, fp32", "minutes": 60.0, "details": {}}
    return known | rest | {"date": "2026-01-01"} | said


def test_a_row_is_of_the_longest_trainings_and_full_ones_come_first(own):
    spread = {"high_quality": 90.0, "reverse_kl": 0.25}
    page = own.page.page(
        [
            recorded(own, "ring-gan", 3_000, 0, scores={"modes": 4, **spread}),
            recorded(own, "ring-lsgan", 400_000, 0, scores={"modes": 6, **spread}, device="cpu, bf16"),
            recorded(own, "ring-lsgan", 400_000, 1, scores={"modes": 8, **spread}),
            recorded(own, "ring-lsgan", 3_000, 0, scores={"modes": 2, **spread}),
        ]
    ).replace(own.digits.APART, " ")
    assert "**1 of 35 protocols was trained at full length.**" in page
    assert page.index("| LSGAN | **7.0 ± 1.4** | **90 ± 0** | **0.250 ± 0** | full |") < page.index("| GAN | **4**")
    assert "| GAN | **4**<br>(6.3 ± 0.5) |" in page
    assert "| 0.75 % |" in page
    assert "Trainings: LSGAN 2, GAN 1." in page
    assert "cpu, bf16, 60 min a training (1 of 2); cpu, fp32, 60 min a training (1 of 2)" in page
    assert "Also: 3,000 steps, one training: Found 2;" in page
    assert page.index("## Are all of eight Gaussians") < page.index("## Are the digits found")
    assert "Not yet run: `grid-gan`, `ring-pacgan2`, `grid-pacgan2`, `grid-lsgan`, `ring-wgan`" in " ".join(
        page.split()
    )


def test_trainings_of_another_protocol_are_rows_apart(own):
    scores = {"log_likelihood": 57.0}
    before = recorded(own, "parzen-gan", 3_000, 0, scores=scores, differs="a constant rate", date="2026-02-01")
    now = [recorded(own, "parzen-gan", 3_000, seed, scores=scores) for seed in (1, 0)]
    assert own.ledger.rows([before, *now]) == [[before], now[::-1]]


@pytest.fixture
def ring(own, tmp_path, monkeypatch):
    """A protocol of tiny networks, whose commands run in this process, and what they were."""
    tiny = "-s batch_size=4 -s generator.units=4 -s generator.layers=1 -s discriminator.units=4 --device cpu"
    protocol = own.protocol.Protocol(
        name="tiny",
        question="ring",
        title="GAN",
        paper="",
        train=f"--plugin gan --data points:ring {tiny}",
        steps=40,
        short=20,
        evaluate=("--metric mode-coverage",),
    )
    said = []

    def watched(command: str) -> None:
        said.append(command)
        if len(said) == 1:  # the machine is switched off
            command = command.replace("--steps 40", "--steps 20")
        answered(command)
        if len(said) == 1:
            raise KeyboardInterrupt

    def answered(command: str) -> str:
        done = CliRunner().invoke(main, shlex.split(command))
        assert done.exit_code == 0, done.output
        return done.stdout

    monkeypatch.setattr(own.trainings, "watched", watched)
    monkeypatch.setattr(own.trainings, "answered", answered)
    monkeypatch.setattr(own.ledger, "LEDGER", tmp_path / "ledger.jsonl")
    return SimpleNamespace(protocol=protocol, said=said, run=tmp_path / "runs" / "tiny-40-0")


def test_a_training_that_was_ended_goes_on_and_is_recorded_once(own, ring):
    known = own.trainings.stated(ring.protocol, 40, 0)
    with pytest.raises(KeyboardInterrupt):
        own.trainings.trained(ring.protocol, known, ring.protocol.train, ring.run)
    assert "--checkpoint-every 2 " in ring.said[0]
    minutes = own.trainings.trained(ring.protocol, known, ring.protocol.train, ring.run)
    assert "--resume" in ring.said[1]
    record = own.trainings.measured(ring.protocol, known, ring.run, minutes)
    assert record["scores"].keys() == {"modes", "high_quality", "reverse_kl"}
    assert 0 < record["minutes"] < 5
    assert not own.ledger.holds(known)
    own.ledger.append(record)
    assert own.ledger.holds(known)
    assert not own.ledger.holds(known | {"seed": 1})
    assert own.ledger.records() == [json.loads(json.dumps(record))]
    other = known | {"train": "gantk train --plugin dcgan --steps 40"}
    with pytest.raises(SystemExit, match="was begun by 'gantk train --plugin gan"):
        own.trainings.trained(ring.protocol, other, "", ring.run)
    own.trainings.delete(ring.run)
    assert not list(ring.run.parent.iterdir())


def test_a_training_that_saved_nothing_begins_anew(own, ring):
    known = own.trainings.stated(ring.protocol, 40, 0)
    ring.run.mkdir(parents=True)
    (ring.run / "config.yaml").write_text("half a run")
    own.trainings.noted(ring.run).write_text(json.dumps({"train": known["train"], "seconds": 0.0, "since": 0.0}))
    ring.said.append("none is ended")
    own.trainings.trained(ring.protocol, known, ring.protocol.train, ring.run)
    assert "--out" in ring.said[1]
