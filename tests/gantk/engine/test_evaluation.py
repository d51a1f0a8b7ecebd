"""What a metric is given, in which pieces it is computed, and what is recorded of it."""

import json
import math

import numpy as np
import pytest
import torch
from torch import nn

from gantk import ArrayImages, Category, Dataset, Graph, Group, Latent, Network, Split, Unsupported, UsageError, Vector
from gantk.engine import functions
from gantk.engine.evaluation import evaluate
from gantk.engine.functions import ModelFunction, RunFunction
from gantk.engine.records import append, plain
from gantk.engine.subject import OpenSubject
from gantk.engine.target import Opened, Request
from gantk.errors import PluginError
from gantk.runtime.card import Card, Numbers, Port

CPU = torch.device("cpu")
NOISE = Latent(length=3)


class Rows(Dataset):
    """Images of 4 x 4 pixels, each of one level, its row's number; the label is the row's number too."""

    name, summary, kinds = "rows", "rows of images", ("labelled",)

    def __init__(self, train=10, test=7, channels=3):
        self.counts, self.channels = {False: train, True: test}, channels

    def split(self, kind, test, load):
        levels = np.arange(self.counts[test], dtype=np.uint8)
        images = np.broadcast_to(levels[:, None, None, None], (len(levels), load, load + 2, self.channels)).copy()
        images[:, :, [0, -1]] = 255  # what a central cut leaves out
        return Split((Group({"image": ArrayImages(images), "label": levels.astype(np.int64)}),))

    def fingerprint(self):
        return "of rows"


def graph(task="generate", inputs=(NOISE,), outputs=("image",), compute=lambda x: x):
    network = Network(nn.Identity(), "generator")
    network.module.forward = compute
    return RunFunction("made", Graph(network=network, task=task, inputs=inputs, outputs=outputs), 4, CPU)


def subject(*graphs, dataset=None, channels=None, seed=0):
    named = {made.name: made for made in graphs}
    return OpenSubject(functions=named, dataset=dataset or Rows(), size=4, channels=channels or {}, seed=seed)


def rows_of(images):
    return ((images[:, 0, 0, 0] + 1) * 127.5).round().int().tolist()


def test_images_are_all_a_slice_or_evenly_spread_and_cut_centrally():
    found = subject()
    everything = found.images("image", test=True)
    assert everything.shape == (7, 3, 4, 4)
    assert everything.max() < 0
    assert rows_of(everything) == list(range(7))
    assert rows_of(found.images("image", test=False, rows=slice(8, 99))) == [8, 9]
    assert rows_of(found.images("image", test=True, rows=3)) == [0, 3, 6]
    assert rows_of(found.images("image", test=True, rows=99)) == list(range(7))
    assert found.count("image", test=False) == 10
    assert found.read == {"held-out": 7, "training": 2}


def test_labels_come_with_their_images():
    images, labels = subject().labelled(test=True)
    assert rows_of(images) == labels.tolist() == list(range(7))


def test_data_that_has_no_such_images_is_refused():
    with pytest.raises(Unsupported, match="needs paired batches; rows serves labelled, images"):
        subject().images("target", test=True)
    with pytest.raises(Unsupported, match="needs held-out images; rows has none"):
        subject(dataset=Rows(test=0)).images("image", test=True)
    with pytest.raises(Unsupported, match=r"images of 1 channels \(image\); those of rows have 3"):
        subject(channels={"image": 1}).images("image", test=True)


def test_generated_images_are_those_of_the_seed():
    made = graph(compute=lambda noise: noise[:, :, None, None])
    assert torch.equal(subject(made).generated(5)[:, :, 0, 0], NOISE.fixed(5, 0))
    assert torch.equal(subject(made, seed=4).generated(5)[:, :, 0, 0], NOISE.fixed(5, 4))


def test_an_input_may_be_said():
    label = Category(count=4)
    made = graph(inputs=(NOISE, label), compute=lambda noise, label: label.view(-1, 1, 1, 1))
    said = torch.tensor([3, 0])
    assert torch.equal(subject(made).generated(2, label=said).flatten(), said)
    assert torch.equal(subject(made).generated(9).flatten(), label.fixed(9, 0))
    with pytest.raises(Unsupported, match="needs an input angle, which graph made has not"):
        subject(made).generated(2, angle=said)


def test_a_graph_is_found_by_task_and_output_and_noted():
    encoder = graph("encode", ("image",), (Vector(name="z"),))
    encoder.name = "encoder"
    found = subject(graph(), encoder)
    assert found.function("encode", gives="z") is encoder
    assert found.function("translate", "encode") is encoder
    assert found.used == ["encoder"]
    with pytest.raises(Unsupported, match=r"scores or translates; here: made \(generates\), encoder \(encodes\)"):
        found.function("score", "translate")


def test_a_translation_that_draws_gets_other_numbers_for_each_image(monkeypatch):
    monkeypatch.setattr(functions, "PIECE", 2)
    noise = Latent(length=1)
    made = graph("translate", ("image", noise), ("image",), lambda image, drawn: image * 0 + drawn[:, :, None, None])
    pieces = list(subject(made).translated())
    assert [len(piece.made) for piece in pieces] == [2, 2, 2, 1]
    assert torch.equal(torch.cat([piece.made for piece in pieces])[:, 0, 0, 0], noise.fixed(7)[:, 0])


def test_a_function_computes_a_few_at_once(monkeypatch):
    monkeypatch.setattr(functions, "PIECE", 3)
    sizes = []

    def compute(x, y):
        sizes.append(len(x))
        return x + y, x * y

    made = graph(inputs=(NOISE, Latent(name="other", length=3)), outputs=("a", "b"), compute=compute)
    x, y = torch.randn(7, 3), torch.randn(7, 3)
    added, multiplied = made(x, y)
    assert sizes == [3, 3, 1]
    assert torch.equal(added, x + y)
    assert torch.equal(multiplied, x * y)


@pytest.mark.parametrize(("size", "at_once"), [(4, 64), (256, 16), (5000, 1)])
def test_large_images_are_fewer_at_once(size, at_once):
    assert functions.piece(size) == at_once


class Inverting:
    """A model that inverts images in its own layout and type, and gives the numbers it was given."""

    def __init__(self, image, *numbers):
        common = {"version": "0", "plugin": "p", "graph": "inverse", "task": "translate", "mode": {}, "created": "now"}
        self.card = Card(inputs=(image, *numbers), outputs=(image, Numbers(name="v", kind="vector")), **common)

    def call(self, images, numbers):
        assert images.dtype == self.card.inputs[0].dtype
        low, high = self.card.inputs[0].range
        return (low + high - images).astype(images.dtype), numbers.astype(np.float32)[:, None]


@pytest.mark.parametrize(
    "port",
    [
        Port(name="i", key="a", dtype="uint8", channels=3, range=(0, 255), pixel="uint8", window=(0, 255)),
        Port(name="i", key="a", dtype="uint16", channels=3, range=(100, 60100), pixel="uint16", window=(100, 60100)),
        Port(
            name="i", key="a", layout="NCHW", dtype="float32", channels=3, range=(-1, 1), pixel="uint8", window=(0, 255)
        ),
    ],
)
def test_a_model_is_a_function_of_the_same_images(port):
    label = Numbers(name="label", kind="category", layout="N", dtype="int64", categories=5)
    made = ModelFunction(Inverting(port, label), 4)
    assert made.inputs == ("a", Category(name="label", count=5))
    assert made.outputs == ("a", Vector(name="v", length=1))
    images = torch.randint(256, (3, 3, 4, 6)) / 127.5 - 1
    inverse, numbers = made(images, torch.tensor([1, 2, 3]))
    assert inverse.shape == images.shape
    assert torch.allclose(inverse, -images, atol=1e-4)
    assert numbers.tolist() == [[1], [2], [3]]


def test_a_models_latent_is_drawn_as_the_card_says():
    numbers = Numbers(name="noise", kind="latent", length=8, distribution="uniform")
    assert functions._input(numbers) == Latent(name="noise", length=8, distribution="uniform")
    assert functions._output(Numbers(name="e", kind="vector", layout="N")) == Vector(name="e", length=None)


def test_records_are_appended_and_half_a_line_is_cut(tmp_path):
    path = tmp_path / "new" / "metrics.jsonl"
    append(path, [{"value": 1}])
    with path.open("a") as file:
        file.write('{"value": 2, "er')
    append(path, [{"value": 3}, {"value": "é"}])
    assert [json.loads(line)["value"] for line in path.read_text("utf-8").splitlines()] == [1, 3, "é"]


def test_numbers_that_are_not_finite_become_null():
    assert plain({"a": math.inf, "b": [math.nan, 1.5], "c": ("x", None)}) == {
        "a": None,
        "b": [None, 1.5],
        "c": ["x", None],
    }


METRIC = """
import torch
from gantk import Metric, Score, Unsupported

class Drawn(Metric):
    def __init__(self, *, times: float = 1.0):
        self.times = times

    def measure(self, subject):
        if self.times < 0:
            raise Unsupported("needs a positive factor")
        if self.times == 0:
            return [self.times]
        subject.generated(2)
        subject.images("image", test=True)
        value = self.times * float(torch.rand(()))
        return [Score(name="drawn", value=value, better="lower", protocol="a draw", details={"worst": float("inf")})]

@hookimpl
def metric():
    return Drawn
"""


@pytest.fixture
def measured(plugin_file, tmp_path):
    """Return a function that measures by the metric above; it gives what `evaluate` yields."""
    path = plugin_file("drawn", METRIC)

    def measure(metrics=(str(path),), seed=0, **options):
        made = graph(compute=lambda noise: noise[:, :, None, None])
        dataset = Rows()
        opened = Opened(
            functions={"made": made}, dataset=dataset, fingerprint="f", size=4, channels={"image": 3}, device=CPU
        )
        said = {name.replace("__", "."): value for name, value in options.items()}
        out = tmp_path / "out.jsonl"
        request = Request(target=tmp_path, metrics=metrics, options=said, seed=seed, out=out)
        return list(evaluate(request, opened, lambda name: None))

    return measure


def test_a_score_is_recorded_with_all_that_it_depends_on(measured, tmp_path):
    [(name, [record])] = measured(drawn__times="2")
    torch.manual_seed(0)
    assert record["value"] == pytest.approx(2 * float(torch.rand(())))
    assert (name, record["metric"], record["name"], record["better"]) == ("drawn", "drawn", "drawn", "lower")
    assert record["data"] == {
        "name": "rows",
        "summary": "rows of images",
        "fingerprint": "f",
        "share": "held-out",
        "counts": {"held-out": 7},
    }
    assert (record["graph"], record["step"], record["size"], record["seed"]) == ("made", None, 4, 0)
    assert (record["form"], record["device"]) == ("torch fp32", "cpu")
    assert record["details"] == {"worst": None}
    assert {"gantk", "torch", "numpy"} <= record["versions"].keys()
    assert json.loads((tmp_path / "out.jsonl").read_text()) == record


def test_the_seed_decides_and_the_random_numbers_of_others_are_left_alone(measured):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    values = [measured(seed=seed)[0][1][0]["value"] for seed in (1, 1, 2)]
    assert values[0] == values[1] != values[2]
    assert torch.equal(torch.get_rng_state(), before)


def test_what_does_not_apply_is_an_error_where_it_was_named(measured):
    with pytest.raises(Unsupported, match="metric drawn needs a positive factor"):
        measured(drawn__times="-1")


def test_wrong_names_and_answers_are_told(measured, plugin_file):
    with pytest.raises(UsageError, match="no metric is called kit; did you mean 'kid'"):
        measured(["kit"])
    with pytest.raises(UsageError, match="no metric is called unet"):
        measured(["unet"])
    with pytest.raises(UsageError, match=r"no option is called drawn\.time; did you mean 'drawn\.times'"):
        measured(drawn__time="1")
    with pytest.raises(UsageError, match=r"no option is called l1\.size; l1 takes none"):
        measured(["l1"], l1__size="1")
    with pytest.raises(UsageError, match=r"option drawn\.times: 'much' is not a float"):
        measured(drawn__times="much")
    with pytest.raises(PluginError, match=r"drawn returned a float: gantk\.Score objects are needed"):
        measured(drawn__times="0")
    failing = plugin_file("failing", METRIC.replace("subject.generated(2)", "1 / 0"))
    with pytest.raises(PluginError, match=r"metric failing failed: .*failing\.py:\d+: ZeroDivisionError"):
        measured([str(failing)])
