"""Samplers: trained, resumed, exported as a loop, run by every way there is, compared step by step."""

import json
from collections.abc import Callable
from pathlib import Path
from threading import Timer

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from click.testing import CliRunner
from onnx import helper
from PIL import Image
from torch import Tensor, nn

from gantk import Category, GantkError, Iterated, Latent, Model, Recipe, Scalar, Unsupported, load
from gantk.cli.generate import generate
from gantk.cli.train import train
from gantk.cli.translate import translate
from gantk.parts.iterated import DOMAIN, ENTER, LEAVE
from gantk.runtime.session import PROCESSOR, Session
from gantk.training.trained import Trained, load_trained
from gantk_exports.form import Form
from gantk_exports.graphs import export_graph, prepare
from gantk_exports.loops import LOOP, STEPS, looped
from gantk_exports.parity import check, differences, run_torch
from gantk_exports.precision import export_reduced, quantized
from gantk_exports.verify import verify
from support.exported import Only, replaced


@pytest.fixture(scope="module")
def trained(sampled: Path) -> Trained:
    return load_trained(sampled)


@pytest.fixture(scope="module")
def generator(sampled: Path) -> Model:
    return load(sampled / "exports" / "generator.onnx")


class Inverting(Iterated):
    """DDIM's deterministic way from an image towards noise (Song et al. 2020, arXiv:2010.02502), of 3 steps.

    Beside the image its mean goes from step to step. Images have an even height and width.
    """

    multiple = 2

    def __init__(self) -> None:
        super().__init__(3)
        self.time = nn.Embedding(3, 4)
        self.into, self.out = nn.Conv2d(3, 4, 3, 2, 1), nn.ConvTranspose2d(4, 3, 4, 2, 1)
        self.register_buffer("kept", torch.tensor([0.99, 0.9, 0.7, 0.4]))

    def start(self, image: Tensor) -> tuple[Tensor, Tensor]:
        return image, image.mean((1, 2, 3))

    def advance(self, state: tuple[Tensor, Tensor], index: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        x, mean = state
        kept, left = self.kept[index], self.kept[index + 1]
        told = self.out(torch.relu(self.into(x) + self.time(index.expand(x.shape[0]))[:, :, None, None]))
        clean = (x - (1 - kept).sqrt() * told) / kept.sqrt()
        return left.sqrt() * clean + (1 - left).sqrt() * told, 0.5 * mean + 0.5 * image.mean((1, 2, 3))

    def finish(self, state: tuple[Tensor, Tensor], image: Tensor) -> Tensor:
        x, mean = state
        return (x - mean[:, None, None, None]).tanh()


@pytest.fixture(scope="module")
def inverting(opened: Callable[[Recipe], Trained]) -> Trained:
    torch.manual_seed(0)
    return opened(Only(Inverting(), "a"))


@pytest.fixture(scope="module")
def inverted(inverting: Trained, exported: Callable[..., Path]) -> Model:
    return load(exported("inverting", inverting, graph="only"))


def test_the_graph_is_one_loop_with_weights_outside(generator: Model) -> None:
    proto = onnx.load(generator.path)
    (loop,) = (node for node in proto.graph.node if node.op_type == "Loop")
    weights = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in proto.graph.initializer}
    (body,) = (attribute.g for attribute in loop.attribute)
    assert (int(weights[STEPS]), len(body.initializer)) == (8, 0)
    assert sum(node.op_type == "Conv" for node in body.node) == 6
    assert b"site-packages" not in generator.path.read_bytes()
    assert b"denoised.py" not in generator.path.read_bytes()


def test_pictures_are_torchs_from_the_same_numbers(generator: Model, trained: Trained) -> None:
    module, _ = prepare(trained, "generator")
    given = [
        Latent(shape=(3, 16, 16)).fixed(3, 5).numpy(),
        Latent(name="noise", shape=(8, 3, 16, 16)).fixed(3, 5).numpy(),
    ]
    (expected,) = run_torch(module, given)
    made = np.stack([np.asarray(image) for image in generator.generate(3, seed=5, batch_size=2)])
    assert np.abs(made.astype(int) - expected).max() <= 1
    assert made.std() > 10


class Halving(Iterated):
    """As often as is asked: each sample halves what it has, until it did so as often as it asked."""

    def __init__(self) -> None:
        super().__init__(6)

    def steps(self, latent: Tensor, steps: Tensor) -> Tensor:
        return steps.amax(0).long()

    def start(self, latent: Tensor, steps: Tensor) -> Tensor:
        return latent

    def advance(self, x: Tensor, index: Tensor, latent: Tensor, steps: Tensor) -> Tensor:
        return torch.where((index < steps)[:, None, None, None], 0.5 * x, x)


def test_the_number_of_steps_is_an_input(opened: Callable[[Recipe], Trained], exported: Callable[..., Path]) -> None:
    given = Latent(shape=(3, 4, 4), distribution="uniform"), Scalar(name="steps", default=2, low=1, high=6)
    model = load(exported("halving", opened(Only(Halving(), *given)), graph="only"))
    proto = onnx.load(model.path)
    (loop,) = (node for node in proto.graph.node if node.op_type == "Loop")
    assert STEPS not in {*loop.input, *(tensor.name for tensor in proto.graph.initializer)}
    assert all(value == 0 for tried, value in model.card.parity.items() if tried.endswith("step"))
    latent = given[0].fixed(3).numpy()
    for steps in (None, 1, [1, 6, 3]):
        made = np.stack([np.asarray(i) for i in model.generate(3, **({} if steps is None else {"steps": steps}))])
        halves = np.array(2 if steps is None else steps, np.float32).reshape(-1, 1, 1, 1)
        expected = np.moveaxis(latent, 1, 3) * 0.5**halves * 127.5 + 127.5
        assert np.abs(made - expected).max() <= 0.51


@pytest.mark.parametrize("size", [(16, 16), (13, 22)])
def test_an_image_of_any_size_is_torchs(inverted: Model, inverting: Trained, size: tuple[int, int]) -> None:
    module, _ = prepare(inverting, "only")
    images = np.random.default_rng(0).integers(0, 256, (2, *size, 3), np.uint8)
    (expected,) = run_torch(module, [images])
    assert np.abs(inverted(images).astype(int) - expected).max() <= 1


def test_the_card_says_the_worst_step_and_all_in_a_row(generator: Model) -> None:
    shapes = ("1x3x16x16,1x8x3x16x16", "2x3x16x16,2x8x3x16x16")
    wanted = {f"{shape}{end}" for shape in shapes for end in ("", " worst step", " all steps in a row")}
    assert generator.card.parity.keys() == wanted
    assert all(value < 1e-4 for tried, value in generator.card.parity.items() if tried.endswith("step"))


def test_a_step_that_differs_is_found_though_the_others_blow_nothing_up(
    generator: Model, trained: Trained, tmp_path: Path
) -> None:
    proto = onnx.load(generator.path)
    (betas,) = (tensor for tensor in proto.graph.initializer if tensor.name.endswith(".beta"))
    values = onnx.numpy_helper.to_array(betas).copy()
    values[3] += 0.01
    betas.CopyFrom(onnx.numpy_helper.from_array(values, betas.name))
    changed = tmp_path / "changed.onnx"
    onnx.save(proto, changed)
    module, _ = prepare(trained, "generator")
    found = differences(replaced(generator, changed), module)
    assert min(value for tried, value in found.items() if tried.endswith("step")) > 1e-3
    with pytest.raises(GantkError, match=r"^it: ONNX Runtime differs from torch by .* worst step, above the limit"):
        check(found, generator.card, "it")


def test_commands_need_not_know(generator: Model, inverted: Model, sampled: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(generate, [str(generator.path), "-n", "3", "-o", str(tmp_path / "made")])
    assert (done.exit_code, len(list((tmp_path / "made").iterdir()))) == (0, 3), done.output
    Image.new("RGB", (30, 20), "red").save(tmp_path / "red.png")
    for tile in ([], ["--tile", "16"]):
        done = CliRunner().invoke(
            translate, [str(inverted.path), str(tmp_path / "red.png"), "-o", str(tmp_path / "out.png"), *tile]
        )
        assert done.exit_code == (1 if tile else 0), done.output
    assert "cannot run in strips" in str(done.exception)
    with Image.open(tmp_path / "out.png") as image:
        assert image.size == (30, 20)
    done = CliRunner().invoke(verify, [str(generator.path), "--run", str(sampled)])
    assert done.exit_code == 0, done.output
    assert "latent: float32 N..., 3 x 16 x 16 numbers a sample from N(0, 1)" in done.output
    assert "worst step" in done.output


def test_a_smaller_form(trained: Trained, generator: Model, tmp_path: Path) -> None:
    half = load(export_reduced(trained, "generator", tmp_path / "half.onnx", Form(), "fp16", 30, generator.path))
    assert half.card.fidelity["worst"] > 30
    with pytest.raises(Unsupported, match="^cannot be int8: it is a sampler"):
        quantized(generator.path, generator.card, [])


class Conditional(Iterated):
    """An image made of noise, beside another image and under a label, as Palette makes it."""

    def __init__(self) -> None:
        super().__init__(5)
        self.layer, self.encoder = nn.Conv2d(6, 3, 3, padding=1), nn.Conv2d(3, 3, 3, padding=1)
        self.label = nn.Embedding(3, 3)

    def start(self, image: Tensor, latent: Tensor, noise: Tensor, label: Tensor) -> Tensor:
        return latent

    def advance(self, x: Tensor, index: Tensor, image: Tensor, latent: Tensor, noise: Tensor, label: Tensor) -> Tensor:
        told = self.layer(torch.cat([self.encoder(image), x], 1)).tanh() + self.label(label)[:, :, None, None]
        return 0.5 * x + told + 0.1 * noise[:, index]

    def finish(self, x: Tensor, *inputs: Tensor) -> Tensor:
        return x.tanh()


def test_an_image_with_noise_and_a_label_in_an_older_form(opened: Callable[[Recipe], Trained], tmp_path: Path) -> None:
    noise = Latent(shape=(3, 8, 12)), Latent(name="noise", shape=(5, 3, 8, 12))
    recipe = Only(Conditional(), "a", *noise, Category(count=3, default=1), size=(8, 12))
    model = load(export_graph(opened(recipe), "only", tmp_path / "old.onnx", Form("float", None, 13)))
    assert (model.card.size, model.card.opset) == ((8, 12), 13)
    (loop,) = (node for node in onnx.load(model.path).graph.node if node.op_type == "Loop")
    assert sum(node.op_type == "Conv" for node in loop.attribute[0].g.node) == 1, "the image is encoded once"
    image = Image.new("RGB", (12, 8), "red")
    plain, *others = (np.asarray(model(image, **said)) for said in ({}, {"seed": 3}, {"label": 2}))
    assert all(np.abs(plain.astype(int) - other).max() > 10 for other in others)
    assert all(np.array_equal(plain, each) for each in model.map([image] * 3, batch_size=2))


def test_a_loop_ends_when_it_is_told_to(generator: Model) -> None:
    proto = onnx.load(generator.path)
    (steps,) = (tensor for tensor in proto.graph.initializer if tensor.name == STEPS)
    steps.CopyFrom(onnx.numpy_helper.from_array(np.array(2**40), STEPS))
    for node in (node for node in proto.graph.node if node.op_type == "Loop"):
        for inner in (
            inner for inner in node.attribute[0].g.node if inner.op_type == "Add" and f"{LOOP}.one" in inner.input
        ):
            inner.op_type, inner.input[1] = "Sub", inner.input[0]
    session = Session(proto.SerializeToString(), [PROCESSOR], 1)
    given = {port.name: np.zeros((1, *port.lengths), np.float32) for port in generator.card.numbers_in}
    Timer(0.3, session.stop).start()
    with pytest.raises(Exception, match="terminate"):
        session.run(["output"], given)


def test_two_samplers_are_one_line() -> None:
    marks = [
        helper.make_node(kind, [f"x{place}"], [f"x{place + 1}"], domain=DOMAIN, count=4)
        for place, kind in enumerate((ENTER, LEAVE, ENTER, LEAVE))
    ]
    with pytest.raises(Unsupported, match="^has more than one sampler, or one that is called twice: state a graph"):
        looped(helper.make_model(helper.make_graph(marks, "two", [], [])))


def test_a_rehearsal_takes_single_steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    recipe = Path(__file__).parents[2] / "docs" / "tutorial" / "gantk_tutorial" / "denoised.py"
    taken = []
    monkeypatch.setattr(Iterated, "_check", lambda self, before, after: taken.append(self.count))
    small = ["--size", "16", "--batch-size", "2", "--device", "cpu", "-s", "timesteps=8", "-s", "filters=8"]
    done = CliRunner().invoke(
        train, ["--plugin", str(recipe), "--data", "emoji", *small, "--steps", "1", "--out", str(tmp_path / "run")]
    )
    assert done.exit_code == 0, done.output
    rehearsed, drawn = ("inference mode", "training mode", "the graph"), ("inference mode", "training mode")
    assert len(taken) == len(rehearsed) + 8 * len(drawn)


def test_the_card_beside_it_says_the_shape(sampled: Path) -> None:
    card = json.loads((sampled / "exports" / "generator.json").read_text(encoding="utf-8"))
    assert [port["shape"] for port in card["gantk.inputs"]] == [[3, 16, 16], [8, 3, 16, 16]]


def test_what_later_steps_alone_read_goes_on_and_the_index_may_be_left_unread():
    class Growing(Iterated):
        def start(self, latent):
            return latent, torch.ones_like(latent)

        def advance(self, state, index, latent):
            total, rate = state
            return total + rate, rate * 2

        def finish(self, state, latent):
            return state[0]

    given = torch.zeros(1, 2)
    program = torch.onnx.export(Growing(3).eval(), (given,), input_names=["latent"], dynamo=True, verbose=False)
    proto = program.model_proto
    looped(proto)
    session = onnxruntime.InferenceSession(proto.SerializeToString())
    assert session.run(None, {"latent": given.numpy()})[0].tolist() == [[7, 7]]
