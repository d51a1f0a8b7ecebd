"""Models that generate, encode, score and reconstruct: what they give, what their cards say."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner

import gantk
from gantk.errors import GantkError
from gantk.runtime.model import Model
from gantk.runtime.ports import Numbers
from gantk.runtime.random import stream_of
from gantk.runtime.seals import seal
from gantk.training.inference import inference_form
from gantk.training.trained import Trained
from gantk_exports.verify import verify

Export = Callable[..., Path]
NOISE = np.random.default_rng(0).uniform(-1, 1, (5, 4)).astype(np.float32)
LABELS = np.array([4, 0, 2, 1, 3])
IMAGES = np.random.default_rng(1).integers(0, 256, (5, 4, 4, 3)).astype(np.uint8)
AS_FLOAT = torch.from_numpy(IMAGES.astype(np.float32).transpose(0, 3, 1, 2) / 127.5 - 1)


@pytest.fixture
def model(exported: Export, drawn: Trained) -> Callable[[str], Model]:
    return lambda graph: gantk.load(exported(graph, drawn, graph=graph))


def by_torch(drawn: Trained, graph: str, *values: torch.Tensor) -> list[np.ndarray]:
    network = inference_form(drawn.recipe.graphs()[graph].network, drawn.recipe.inference)
    with torch.no_grad():
        answers = network(*values)
    return [answer.numpy() for answer in (answers if isinstance(answers, tuple) else [answers])]


def pixels(images: np.ndarray) -> np.ndarray:
    return np.rint((images + 1) * 127.5).transpose(0, 2, 3, 1)


@pytest.mark.parametrize("count", [1, 5])
def test_a_generator_takes_noise_and_labels(model: Callable[[str], Model], drawn: Trained, count: int) -> None:
    (images,) = model("generator").call(NOISE[:count], LABELS[:count])
    assert (images.shape, images.dtype) == ((count, 4, 4, 3), np.uint8)
    expected = by_torch(drawn, "generator", torch.from_numpy(NOISE[:count]), torch.from_numpy(LABELS[:count]))
    assert np.abs(images - pixels(*expected)).max() <= 1
    (others,) = model("generator").call(NOISE[:count], (LABELS[:count] + 1) % 5)
    assert np.abs(images.astype(int) - others).max() > 5


def test_an_encoder_gives_its_vectors_in_order(model: Callable[[str], Model], drawn: Trained) -> None:
    mean, variance = model("encoder").call(IMAGES)
    assert (mean.shape, variance.shape) == ((5, 4), (5, 2))
    for given, expected in zip((mean, variance), by_torch(drawn, "encoder", AS_FLOAT), strict=True):
        np.testing.assert_allclose(given, expected, atol=1e-5 * np.abs(expected).max())


def test_a_score_is_one_number_an_image(model: Callable[[str], Model], drawn: Trained) -> None:
    (scores,) = model("energy").call(IMAGES)
    assert scores.shape == (5,)
    np.testing.assert_allclose(scores, *by_torch(drawn, "energy", AS_FLOAT), rtol=1e-5)


def test_a_reconstruction_takes_images_of_its_size_alone(model: Callable[[str], Model], drawn: Trained) -> None:
    opened = model("reconstruct")
    assert np.abs(opened(IMAGES) - pixels(*by_torch(drawn, "reconstruct", AS_FLOAT))).max() <= 1
    with pytest.raises(GantkError, match=r"1x5x4x3"):
        opened.call(IMAGES[:1].repeat(2, axis=1)[:, :5])


def test_cards_say_what_is_taken_and_given(model: Callable[[str], Model]) -> None:
    cards = {name: model(name).card for name in ("generator", "encoder", "energy", "reconstruct")}
    assert [card.task for card in cards.values()] == ["generate", "encode", "score", "translate"]
    for card in cards.values():
        assert (card.size, card.multiple, card.minimum, card.halo) == (4, 1, 1, None)
    assert cards["generator"].mode["batch_norm"] == "running"
    assert cards["generator"].inputs == (
        Numbers(name="noise", kind="latent", length=4, distribution="uniform", stream=stream_of("noise")),
        Numbers(
            name="label",
            kind="category",
            layout="N",
            dtype="int64",
            stream=stream_of("label"),
            categories=5,
            names=("cat", "dog", "cow", "hen", "bee"),
        ),
    )
    assert cards["encoder"].outputs == (
        Numbers(name="mean", kind="vector", length=4),
        Numbers(name="variance", kind="vector", length=2),
    )
    assert cards["energy"].outputs == (Numbers(name="score", kind="vector", layout="N"),)
    assert (cards["reconstruct"].image_in.name, cards["reconstruct"].image_out.name) == ("image", "output")
    assert (cards["reconstruct"].image_in.key, cards["reconstruct"].image_out.key) == ("a", "b")


def test_parity_is_measured_on_every_category_and_of_every_output(model: Callable[[str], Model]) -> None:
    assert model("generator").card.parity.keys() == {"1x4,1", "5x4,5"}
    assert model("encoder").card.parity.keys() == {
        f"{batch}x4x4x3 {output}" for batch in (1, 2) for output in ("mean", "variance")
    }
    # Rounded float32 values of hundreds differ by more than 1e-4, and are the same nevertheless.
    assert max(model("encoder").card.parity.values()) < 1e-5
    assert model("energy").card.parity.keys() == {"1x4x4x3", "2x4x4x3"}


def test_the_batch_is_free_and_the_rest_is_stated(exported: Export, drawn: Trained) -> None:
    def dims(graph: str) -> dict[str, list[str | int]]:
        proto = onnx.load(exported(graph, drawn, graph=graph)).graph
        return {
            tensor.name: [dim.dim_param or dim.dim_value for dim in tensor.type.tensor_type.shape.dim]
            for tensor in (*proto.input, *proto.output)
        }

    assert dims("generator") == {"noise": ["batch", 4], "label": ["batch"], "output": ["batch", 4, 4, 3]}
    assert dims("encoder") == {"image": ["batch", 4, 4, 3], "mean": ["batch", 4], "variance": ["batch", 2]}
    assert dims("energy") == {"image": ["batch", 4, 4, 3], "score": ["batch"]}


def said(*arguments: object) -> str:
    result = CliRunner().invoke(verify, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def test_verify_shows_every_port(exported: Export, drawn: Trained) -> None:
    shown = said(exported("generator", drawn, graph="generator"))
    assert (
        "takes     noise: float32 NC, 4 numbers a sample from U(-1, 1)\n"
        "          label: int64 N, one of 5: cat, dog, cow, hen, bee\n"
        "gives     output: uint8 NHWC, 3 channels RGB, 0 to 255\n"
        "sizes     4x4 alone\n"
        "mode      batch norm: running, dropout: off\n"
    ) in shown
    assert re.search(r"^runs at   batch 1 \(\d+ ms\), batch 4 \(\d+ ms\)$", shown, re.MULTILINE)
    assert "gives     score: float32 N, 1 number a sample\n" in said(exported("energy", drawn, graph="energy"))


def test_verify_compares_every_output_again(exported: Export, drawn: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    path = exported("encoder", drawn, graph="encoder")
    monkeypatch.setattr("gantk.training.trained.load_trained", lambda run, step, **moved: drawn)
    again = json.loads(said(path, "--run", "runs/test", "--json"))["differences"]
    assert again == gantk.load(path).card.parity

    with torch.no_grad():
        bias = drawn.recipe.encoder.module.dense[1].bias
        bias[5] += 10
        with pytest.raises(GantkError, match=r"differs from torch by \S+ at 1x4x4x3 variance, above the limit"):
            said(path, "--run", "runs/test")
        bias[5] -= 10


def test_verify_refuses_a_run_whose_graph_takes_something_else(
    exported: Export, drawn: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = exported("generator", drawn, graph="generator")
    unnamed = Trained(**{**vars(drawn), "classes": ()})
    monkeypatch.setattr("gantk.training.trained.load_trained", lambda run, step, **moved: unnamed)
    with pytest.raises(GantkError, match=r"graph generator of runs/other takes or gives something else"):
        said(path, "--run", "runs/other")


@pytest.mark.parametrize(("value", "kind"), [("nan", np.float32), ("inf", np.float32), ("nan", np.float16)])
def test_verify_finds_weights_that_are_not_finite(
    exported: Export, drawn: Trained, tmp_path: Path, value: str, kind: type
) -> None:
    proto = onnx.load(exported("energy", drawn, graph="energy"))
    broken = np.array([1, float(value), 2], kind)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(broken, "odd"))
    onnx.save(proto, tmp_path / "broken.onnx")
    seal(tmp_path / "broken.onnx")
    with pytest.raises(GantkError, match=r"broken\.onnx: 1 of the 3 values of its weight odd are no finite numbers"):
        said(tmp_path / "broken.onnx")


def test_verify_lets_a_constant_be_infinite(exported: Export, drawn: Trained, tmp_path: Path) -> None:
    proto = onnx.load(exported("energy", drawn, graph="energy"))
    proto.graph.initializer.append(onnx.numpy_helper.from_array(np.array(-np.inf, np.float32), "least"))
    onnx.save(proto, tmp_path / "bounded.onnx")
    seal(tmp_path / "bounded.onnx")
    assert "energy" in said(tmp_path / "bounded.onnx")


def test_verify_finds_answers_that_are_not_finite(exported: Export, drawn: Trained, tmp_path: Path) -> None:
    proto = onnx.load(exported("energy", drawn, graph="energy"))
    score = proto.graph.output[0].name
    for node in proto.graph.node:
        node.output[:] = ["whole" if name == score else name for name in node.output]
    proto.graph.node.append(onnx.helper.make_node("Sub", ["whole", "whole"], ["none"]))
    proto.graph.node.append(onnx.helper.make_node("Div", ["none", "none"], [score]))
    onnx.save(proto, tmp_path / "broken.onnx")
    seal(tmp_path / "broken.onnx")
    with pytest.raises(GantkError, match=r"at batch 1 it gives \(1,\) as score, or values that are not finite"):
        said(tmp_path / "broken.onnx")
