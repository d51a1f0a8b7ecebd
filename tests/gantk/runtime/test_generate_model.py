"""`model.generate`: what a seed stands for, what may be said, what comes out."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
import pytest
from PIL import Image

import gantk
from gantk.errors import GantkError, UsageError
from gantk.runtime.random import choose, draw

MakeModel = Callable[..., Path]


def shown(numbers: np.ndarray) -> np.ndarray:
    """What the test's generator draws of numbers (N, K): images (N, 2, K)."""
    levels = np.rint(128 + 20 * numbers.astype(np.float32)).clip(0, 255).astype(np.uint8)
    return levels[:, None].repeat(2, axis=1)


def arrays(images: list[Any]) -> np.ndarray:
    return np.stack([np.asarray(image) for image in images])


def test_images_are_made_of_the_numbers_of_the_seed(make_generator: MakeModel, ports: SimpleNamespace) -> None:
    model = gantk.load(make_generator(ports.latent, ports.label, ports.code))
    images = model.generate(5, seed=9)
    assert all(isinstance(image, Image.Image) and image.mode == "L" for image in images)
    numbers = [
        draw("latent", "normal", 5, 3, seed=9),
        choose("label", 5, 4, seed=9)[:, None],
        draw("c2", "uniform", 5, 1, seed=9),
    ]
    assert np.array_equal(arrays(images), shown(np.concatenate(numbers, axis=1)))


@pytest.mark.parametrize("batch_size", [1, 3, 16])
def test_a_sample_is_the_same_in_any_company(
    make_generator: MakeModel, ports: SimpleNamespace, batch_size: int
) -> None:
    model = gantk.load(make_generator(ports.latent, ports.label))
    images = arrays(model.generate(7, seed=2, batch_size=batch_size))
    assert np.array_equal(images, arrays([model.generate(1, seed=2, start=number)[0] for number in range(7)]))
    assert len(np.unique(images, axis=0)) == 7


def test_colour_comes_as_colour(make_generator: MakeModel) -> None:
    (image,) = gantk.load(make_generator(channels=3)).generate(1)
    assert (image.mode, image.size) == ("RGB", (3, 2))


def test_what_no_picture_holds_comes_as_arrays(make_generator: MakeModel, ports: SimpleNamespace) -> None:
    points = gantk.load(make_generator(ports.latent, ports.code, raw=True)).generate(6, seed=1)
    assert points[0].shape == (1, 1, 4)
    assert np.array_equal(arrays(points)[:, 0, 0, :3], draw("latent", "normal", 6, 3, seed=1))


@pytest.mark.parametrize(
    ("label", "indices"),
    [
        ("bag", [1, 1, 1]),
        (2, [2, 2, 2]),
        (["T-shirt/top", "3", 1], [0, 3, 1]),
        (np.array([3, 0, 2]), [3, 0, 2]),
        (np.int64(3), [3, 3, 3]),
        (range(3), [0, 1, 2]),
    ],
)
def test_categories_may_be_said(
    make_generator: MakeModel, ports: SimpleNamespace, label: Any, indices: list[int]
) -> None:
    model = gantk.load(make_generator(ports.label, ports.latent))
    images = arrays(model.generate(3, label=label))
    assert np.array_equal(images[:, :, 0], shown(np.array(indices)[:, None])[:, :, 0])
    assert np.array_equal(images[:, :, 1:], shown(draw("latent", "normal", 3, 3)))


@pytest.mark.parametrize(
    ("said", "columns"),
    [
        ({"latent": [1, 2, 3]}, [[1, 2, 3]] * 2),
        ({"latent": np.array([[1, 2, 3], [4, 5, 6]])}, [[1, 2, 3], [4, 5, 6]]),
        ({"c2": 0.5}, [[0.5], [0.5]]),
        ({"c2": [0.5, -1]}, [[0.5], [-1]]),
        ({"c2": [[0.5], [-1]]}, [[0.5], [-1]]),
    ],
)
def test_latents_may_be_said(
    make_generator: MakeModel, ports: SimpleNamespace, said: dict[str, Any], columns: list[list[float]]
) -> None:
    port = ports.latent if "latent" in said else ports.code
    images = gantk.load(make_generator(port)).generate(2, **said)
    assert np.array_equal(arrays(images), shown(np.array(columns)))


def test_truncation_reaches_every_latent(make_generator: MakeModel, ports: SimpleNamespace) -> None:
    model = gantk.load(make_generator(ports.latent, ports.code, raw=True))
    points = arrays(model.generate(50, truncation=0.5))[:, 0, 0]
    assert np.array_equal(points[:, :3], draw("latent", "normal", 50, 3, truncation=0.5))
    assert np.array_equal(points[:, 3:], draw("c2", "uniform", 50, 1, truncation=0.5))


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"label": 4}, "no label is called 4: say T-shirt/top, bag, ankle boot, 3, or a number from 0 to 3"),
        ({"label": "shoe"}, "no label is called shoe"),
        ({"label": [0, 1]}, "label: 2 values for 3 samples"),
        ({"latent": [1, 2]}, r"latent takes 3 numbers a sample, not an array \(1, 2\)"),
        ({"latent": np.zeros((2, 3))}, "latent: 2 values for 3 samples"),
        ({"latent": np.zeros((1, 3, 1))}, "latent takes 3 numbers"),
        ({"latent": "bag"}, "latent: 'bag' is no array of 3 numbers"),
        ({"noise": 0}, "takes no noise, only latent, label"),
        ({"truncation": 0.001}, "truncation"),
        ({"seed": -3}, "a seed of -3"),
        ({"seed": 1.5}, "seed is a whole number, not 1.5"),
    ],
)
def test_what_cannot_be_generated_is_refused(
    make_generator: MakeModel, ports: SimpleNamespace, said: dict[str, Any], reason: str
) -> None:
    model = gantk.load(make_generator(ports.latent, ports.label))
    with pytest.raises(UsageError, match=reason):
        model.generate(3, **said)


def test_each_task_has_its_method(make_model: MakeModel, make_generator: MakeModel, make_encoder: MakeModel) -> None:
    translator, generator = gantk.load(make_model()), gantk.load(make_generator())
    encoder, energy = gantk.load(make_encoder()), gantk.load(make_encoder("energy", name="energy.onnx"))
    image = np.zeros((4, 4, 3), np.uint8)
    for wrong, hint in [
        (lambda: generator(image), r"generator\.onnx: a model that generates images: use gantk generate"),
        (lambda: generator.encode(image), r"in Python: model\.generate"),
        (lambda: encoder(image), r"a model that encodes images: use gantk encode \(in Python: model\.encode"),
        (lambda: encoder.score(image), r"model\.encode"),
        (lambda: energy.encode(image), r"a model that scores images: use gantk score"),
        (lambda: translator.generate(1), r"use gantk translate \(in Python: model\(image\)\)"),
    ]:
        with pytest.raises(UsageError, match=hint):
            wrong()
    with pytest.raises(GantkError, match="takes no single image, but latent"):
        generator.run(image[None])


def test_a_card_that_contradicts_its_graph_or_task_is_refused(make_generator: MakeModel) -> None:
    import onnx

    path = make_generator()
    model = onnx.load(path)
    card = {entry.key: entry.value for entry in model.metadata_props}

    def changed(old: str, new: str, *further: str) -> dict[str, str]:
        assert old in card["gantk.inputs"]
        return {"gantk.inputs": card["gantk.inputs"].replace(old, new).replace(*(further or ("NC", "NC")))}

    for change, reason in [
        ({"gantk.task": "encode"}, "says that it encodes images, which its tensors are not made for"),
        ({"gantk.inputs": card["gantk.outputs"]}, "says that it generates images, which its tensors are not made for"),
        (changed('"name": "latent"', '"name": "noise"'), r"names the tensors \['noise'\], the graph has \['latent'\]"),
        (changed("float32", "int64"), r"says that latent is int64, the graph tensor\(float\)"),
        (changed('"length": 3', '"length": 4'), "says that latent is anyx4, the graph anyx3"),
        (changed('"length": 3', '"length": 1', "NC", "N"), "says that latent is any, the graph anyx3"),
        ({"gantk.outputs": card["gantk.outputs"].replace('"channels": 1', '"channels": 3')}, "output is anyxanyxanyx3"),
        ({"gantk.size": "64"}, "says that output is anyx64x64x1, the graph anyx2x3x1"),
    ]:
        onnx.helper.set_model_props(model, card | change)
        onnx.save(model, path)
        with pytest.raises(GantkError, match=reason):
            gantk.load(path)


def test_the_book_runs_a_generator_with_onnxruntime_alone(
    make_generator: MakeModel, ports: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = (Path(__file__).parents[3] / "docs" / "models.md").read_text(encoding="utf-8")
    (code,) = (text.split("```")[0] for text in book.split("```python\n") if 'Session("generator.onnx"' in text)
    monkeypatch.chdir(make_generator(ports.latent, ports.code, ports.label).parent)
    names: dict[str, Any] = {"np": np, "onnxruntime": onnxruntime, "json": json}
    exec(code, names)
    assert names["images"].shape == (16, 2, 5, 1)
    assert len(np.unique(names["images"], axis=0)) == 16
