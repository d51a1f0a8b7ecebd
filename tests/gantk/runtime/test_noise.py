"""Latents that have a shape: drawn alike everywhere, and never more of them than fit into memory."""

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from gantk import Latent, UsageError, load
from gantk.cli.generate import generate
from gantk.errors import GantkError
from gantk.evaluation.functions import piece
from gantk.plan.tensors import numbers
from gantk.runtime import random
from gantk.runtime.card_reader import read_card
from gantk.runtime.generation import drawn, samples
from gantk.runtime.given import Given
from gantk.runtime.model import Model
from gantk.runtime.random import draw
from gantk.runtime.traversal import traversal, walk

SHAPE = (2, 1, 2, 3)
NOISE = numbers(Latent(name="noise", shape=SHAPE), ())
WEB = Path(__file__).parents[3] / "exports" / "gantk_exports" / "web"


@pytest.fixture
def noisy(make_generator: Callable[..., Path]) -> Model:
    return load(make_generator(NOISE, raw=True))


def test_numbers_are_those_of_a_vector_of_all_of_them(noisy: Model) -> None:
    wanted = draw("noise", "normal", 5, 12, seed=7)
    assert np.array_equal(Latent(name="noise", shape=SHAPE).fixed(5, 7).numpy(), wanted.reshape(5, *SHAPE))
    assert np.array_equal(np.stack(noisy.generate(5, seed=7)).reshape(5, 12), wanted)
    assert np.array_equal(np.stack(noisy.generate(2, seed=7, start=3, batch_size=1)).reshape(2, 12), wanted[3:])
    assert np.array_equal(Latent(name="noise", shape=SHAPE).fixed(2, 7, 3).numpy().reshape(2, 12), wanted[3:])


def test_a_long_row_is_drawn_in_pieces_that_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [draw("noise", "normal", 2, 6001, seed=3, truncation=truncation) for truncation in (None, 0.5)]
    monkeypatch.setattr(random, "_LEAST_PIECE", 8)
    monkeypatch.setattr(random, "_PIECE", 64)
    pieces = [draw("noise", "normal", 2, 6001, seed=3, truncation=truncation) for truncation in (None, 0.5)]
    assert all(np.array_equal(one, two) for one, two in zip(whole, pieces, strict=True))


def test_as_many_run_together_as_fit_into_memory(noisy: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = noisy.generate(5)
    monkeypatch.setattr("gantk.runtime.card.MOST_NUMBERS", 2 * NOISE.length + 1)
    batches = [len(batch) for batch in noisy.pixels(samples(noisy.card, 5).values)]
    assert batches == [2, 2, 1]
    assert np.array_equal(noisy.generate(5), whole)


def test_many_samples_of_large_noise_take_no_memory_until_they_are_asked_for(noisy: Model) -> None:
    large = replace(noisy.card, inputs=(replace(NOISE, shape=(1000, 3, 128, 128), length=3 * 2**14 * 1000),))
    assert large.at_once == 1
    assert len(drawn(large, 10**6)["noise"]) == 10**6
    assert piece((128, 128), (Latent(shape=(1000, 3, 128, 128)),)) == 1


def test_what_is_said_has_the_shape_or_all_its_numbers(noisy: Model) -> None:
    said = np.arange(24, dtype=np.float32).reshape(2, *SHAPE)
    for value in (said, said.reshape(2, 12).tolist()):
        assert np.array_equal(np.stack(noisy.generate(2, noise=value)).reshape(2, 12), said.reshape(2, 12))
    assert np.array_equal(noisy.generate(2, noise=said[0])[1], noisy.generate(1, noise=said[0])[0])
    with pytest.raises(UsageError, match=r"noise takes an array \(2, 1, 2, 3\) a sample, not an array \(3, 4\)"):
        noisy.generate(1, noise=np.zeros((3, 4)))


def test_a_walk_goes_from_one_noise_to_the_other(noisy: Model) -> None:
    steps = walk(noisy.card, 3, seed=1, to=2).values["noise"][:]
    first, last = (draw("noise", "normal", 1, 12, seed=seed).reshape(SHAPE) for seed in (1, 2))
    np.testing.assert_allclose(steps[[0, 2]], [first, last], atol=1e-6)
    assert steps.shape == (3, *SHAPE)


def test_noise_is_kept_where_something_else_is_traversed(make_generator: Callable[..., Path]) -> None:
    code = numbers(Latent(name="c", length=1), ())
    card = load(make_generator(NOISE, code, raw=True)).card
    made = traversal(card, "c", 2, columns=3).values
    row = draw("noise", "normal", 2, 12).reshape(2, *SHAPE)
    assert np.array_equal(made["noise"][2:4], row)
    with pytest.raises(UsageError, match=r"^noise is noise of the shape \(2, 1, 2, 3\), which is not traversed"):
        traversal(card, "noise[3]", 2)


def test_the_command_makes_images_of_it(make_generator: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    done = CliRunner().invoke(generate, [str(make_generator(NOISE)), "-n", "4", "-o", str(out)])
    assert (done.exit_code, out.exists()) == (0, True), done.output


def test_beside_an_image_it_is_sample_0_of_the_seed_for_each(noisy: Model) -> None:
    image = replace(noisy.card.image_out, name="image")
    given = Given(replace(noisy.card, task="translate", inputs=(image, NOISE)), seed=9)
    rows = given.tensors(3, (1, 1))["noise"]
    assert np.array_equal(rows, np.repeat(draw("noise", "normal", 1, 12, seed=9).reshape(1, *SHAPE), 3, 0))


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"shape": (2, 6)}, r"\.shape is \[2, 6\], which is not what its layout NC says"),
        ({"layout": "N..."}, r"\.shape is \[\], which is not what its layout N\.\.\. says"),
        ({"layout": "N...", "shape": (2, 5)}, r" is a latent of 12 numbers with the shape \[2, 5\]"),
        ({"layout": "N...", "shape": (1,) * 7}, r"\.shape is .*, not a list of 0 to 6 items"),
        ({"length": 2**26 + 1}, r"\.length is 67108865, not a whole number from 1 to 67,108,864"),
    ],
)
def test_a_card_that_cannot_be_is_refused(noisy: Model, changes: dict[str, object], line: str) -> None:
    assert read_card(noisy.card.metadata().items(), Path("x.onnx")) == noisy.card
    port = replace(NOISE, **{"layout": "NC", "shape": (), **changes})
    with pytest.raises(GantkError, match=line):
        read_card(replace(noisy.card, inputs=(port,)).metadata().items(), Path("x.onnx"))


@pytest.mark.parametrize(
    ("stated", "line"),
    [
        ({"shape": (3, 0)}, r"noise has from 1 to 6 lengths of 1 or more as its shape, .* not \(3, 0\)"),
        ({"shape": (3, 4), "length": 5}, r"no other length beside it, not \(3, 4\) and 5"),
        ({"shape": (1000, 3, 256, 256)}, r"noise has 196,608,000 numbers a sample, above the limit of 67,108,864"),
    ],
)
def test_a_shape_that_cannot_be_is_one_line(stated: dict[str, object], line: str) -> None:
    with pytest.raises(UsageError, match=line):
        Latent(name="noise", **stated)  # type: ignore[arg-type]


PROGRAM = """
import { generate } from "%s";

class Tensor { constructor(type, data, dims) { Object.assign(this, { data: Array.from(data), dims }); } }
const batches = [];
const run = ({ noise }) => {
  batches.push(noise);
  const [count] = noise.dims;
  return { output: { data: new Uint8Array(count), dims: [count, 1, 1, 1] } };
};
const card = { "gantk.inputs": [JSON.parse(process.argv[2])], "gantk.outputs": [{ name: "output", channels: 1 }] };
const made = await generate({ ort: { Tensor }, card, session: { run } }, { count: 3, seed: 7n, start: 1 });
console.log(JSON.stringify({ batches, made: made.length }));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_the_javascript_draws_the_same_in_batches(tmp_path: Path) -> None:
    code = tmp_path / "code"
    shutil.copytree(WEB, code)
    model = (code / "model.mjs").read_text(encoding="utf-8")
    (code / "model.mjs").write_text(model.replace("MOST_NUMBERS = 2 ** 24", "MOST_NUMBERS = 25"), encoding="utf-8")
    (tmp_path / "made.mjs").write_text(PROGRAM % (code / "model.mjs").as_uri(), encoding="utf-8")
    port = json.dumps({"name": NOISE.name, "kind": "latent", "layout": NOISE.layout, "length": NOISE.length})
    port = json.dumps({**json.loads(port), "shape": SHAPE, "distribution": "normal", "stream": NOISE.stream})
    done = subprocess.run(
        ["node", tmp_path / "made.mjs", port], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert ([batch["dims"] for batch in found["batches"]], found["made"]) == ([[2, *SHAPE], [1, *SHAPE]], 3)
    values = np.concatenate([np.float32(batch["data"]) for batch in found["batches"]]).reshape(3, 12)
    np.testing.assert_array_max_ulp(values, draw("noise", "normal", 3, 12, seed=7, start=1), maxulp=1)
