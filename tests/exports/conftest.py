"""Small networks in a trained recipe, and their exports: each is exported once in a session."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from gantk.cli.train import train
from gantk.data.infos import ImageInfo
from gantk.data.palettes import Palette
from gantk.parts.networks import Network
from gantk.recipe.graph import Graph, Inference
from gantk.recipe.ports import Category, Image, Latent, Vector
from gantk.recipe.recipe import Recipe
from gantk.runs.config import Config
from gantk.runtime.card import Card
from gantk.runtime.ports import Numbers, Port
from gantk.runtime.random import stream_of
from gantk.sizes import Sides
from gantk.training.trained import Trained
from gantk_exports.export import export as export_command
from gantk_exports.form import Form
from gantk_exports.graphs import export_graph

BYTES = ImageInfo(3, "uint8", (0.0, 255.0))
DEEP = ImageInfo(1, "uint16", (100.0, 60100.0))


class Residual(nn.Module):
    """Reflection padding, instance norm, two halvings, spectral norm: what a ResNet generator is made of."""

    multiple = 4
    minimum = 12
    halo = 20

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        spectral = nn.utils.parametrizations.spectral_norm
        self.layers = nn.Sequential(
            *(nn.ReflectionPad2d(3), nn.Conv2d(channels, 8, 7), nn.InstanceNorm2d(8, affine=True), nn.ReLU()),
            *(spectral(nn.Conv2d(8, 8, 3, 2, 1)), nn.InstanceNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3, 2, 1)),
            *(nn.ReflectionPad2d(2), nn.Conv2d(8, 8, 5), nn.Upsample(scale_factor=2), nn.Conv2d(8, 8, 3, 1, 1)),
            *(nn.ConvTranspose2d(8, channels, 3, 2, 1, 1), nn.Tanh()),
        )

    def forward(self, image: Tensor) -> Tensor:
        return self.layers(image)


class Skipping(nn.Module):
    """Batch norm, dropout and a skip over three halvings, as in a U-Net; it states no sizes."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(
            *(nn.Conv2d(3, 6, 4, 2, 1), nn.BatchNorm2d(6), nn.LeakyReLU(0.2)),
            *(nn.Conv2d(6, 6, 4, 2, 1), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 6, 4, 2, 1)),
        )
        self.up = nn.Sequential(
            *(nn.ConvTranspose2d(6, 6, 4, 2, 1), nn.BatchNorm2d(6), nn.Dropout(0.5), nn.ReLU()),
            *(nn.ConvTranspose2d(6, 6, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(6, 3, 4, 2, 1)),
        )
        self.last = nn.Conv2d(6, 3, 3, 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        return self.last(torch.cat([self.up(self.down(image)), image], dim=1)).tanh()


class Translation(Recipe):
    """A recipe that only holds what is exported."""

    kind = "unpaired"
    players = step = preview = None  # Not asked for here.

    def __init__(self, networks: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.translators = nn.ModuleDict({name: Network(network, name) for name, network in networks.items()})

    def graphs(self) -> Mapping[str, Graph]:
        return {
            name: Graph(network=network, inputs=("a",), outputs=("b",)) for name, network in self.translators.items()
        }


class ImageStatistics(Translation):
    """The same with test-batch statistics."""

    inference = Inference(statistics="image")


def trained(recipe: Recipe, source: ImageInfo = BYTES, target: ImageInfo = BYTES) -> Trained:
    return Trained(
        run=Path("runs/test"),
        plugin="translation",
        step=7,
        recipe=recipe,
        images={"a": source, "b": target},
        data="photographs",
        licence="CC0-1.0",
        classes=("cat", "dog"),
        sides=Sides(64, 64),
        config=Config(),
    )


def worked(network: nn.Module, seed: int, deviation: float = 0.2) -> nn.Module:
    """Return a network with weights large enough to tell images apart, and running averages far from the images'."""
    torch.manual_seed(seed)
    for parameter in network.parameters():
        nn.init.normal_(parameter, 0.0, deviation)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(layer.running_mean)
            nn.init.uniform_(layer.running_var, 0.5, 4.0)
    return network


class Labelled(nn.Module):
    """A generator of noise (N, 4) and labels (N,): an embedding, dense and convolutional layers, batch norms."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5, 3)
        self.dense = nn.Sequential(nn.Linear(7, 24), nn.BatchNorm1d(24), nn.ReLU())
        self.image = nn.Sequential(nn.ConvTranspose2d(6, 4, 4, 2, 1), nn.BatchNorm2d(4), nn.Conv2d(4, 3, 3, 1, 1))

    def forward(self, noise: Tensor, label: Tensor) -> Tensor:
        hidden = self.dense(torch.cat([noise, self.embedding(label)], 1))
        return self.image(hidden.unflatten(1, (6, 2, 2))).tanh()


class Gaussian(nn.Module):
    """An encoder of images (N, 3, 4, 4): a mean (N, 4), and a variance (N, 2) that is a thousand times as large."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Sequential(nn.Flatten(), nn.Linear(48, 6))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        mean, variance = self.dense(image).split([4, 2], 1)
        return mean, 1000 * variance


class Maxout(nn.Module):
    """Scores of images (N, 3, 4, 4), one number each (N,): one-hot pieces, as the first GANs had them."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(48, 20)

    def forward(self, image: Tensor) -> Tensor:
        return self.dense(image.flatten(1)).unflatten(1, (4, 5)).amax(2).sum(1)


class Middle(nn.Module):
    """A reconstruction of images (N, 3, 4, 4) through the encoder's mean, under one label."""

    def __init__(self, encoder: Gaussian, decoder: Labelled) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, image: Tensor) -> Tensor:
        mean, _ = self.encoder(image)
        return self.decoder(mean, torch.ones(len(mean), dtype=torch.int64))


class Drawn(Recipe):
    """A recipe with a graph of every task, whose networks share modules."""

    kind = "labelled"
    players = step = preview = None  # Not asked for here.

    def __init__(self) -> None:
        super().__init__()
        self.generator = Network(worked(Labelled(), 5, 0.6), "generator")
        self.encoder = Network(worked(Gaussian(), 6), "encoder")
        self.critic = Network(worked(Maxout(), 7), "discriminator")

    def graphs(self) -> Mapping[str, Graph]:
        noise, label = Latent(name="noise", length=4, distribution="uniform"), Category(count=5)
        middle = Network(Middle(self.encoder.module, self.generator.module), "reconstruct")
        moments = (Vector(name="mean", length=4), Vector(name="variance", length=2))
        return {
            "generator": Graph(network=self.generator, task="generate", inputs=(noise, label), outputs=("a",)),
            "encoder": Graph(network=self.encoder, task="encode", inputs=("a",), outputs=moments, size=4),
            "energy": Graph(network=self.critic, task="score", inputs=("a",), outputs=(Vector(name="score"),), size=4),
            "reconstruct": Graph(network=middle, inputs=("a",), outputs=("b",), size=4),
        }


PALETTE = Palette.read(["7 road 0x804080", "0 sky 0x4682b4", "255 nothing 0x000000 (ignored)"])
MAPS = ImageInfo(3, "uint8", (0.0, 2.0), PALETTE)


class Blending(nn.Module):
    """Colours of classes, and half of each of two pictures; a class where a picture is bright."""

    def __init__(self) -> None:
        super().__init__()
        self.colours = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, layout: Tensor, picture: Tensor, style: Tensor) -> Tensor:
        return (self.colours(layout) / 2 + picture / 2 + style / 4).clamp(-1, 1)


class Segmenting(nn.Module):
    """A score for each of three classes, which are those of thirds of brightness."""

    def __init__(self) -> None:
        super().__init__()
        self.brightness = nn.Conv2d(3, 1, 1, bias=False)
        nn.init.constant_(self.brightness.weight, 1 / 3)

    def forward(self, picture: Tensor) -> Tensor:
        centres = torch.tensor([-0.8, 0.0, 0.8]).view(1, 3, 1, 1)
        return -(self.brightness(picture) - centres).abs()


class Labelling(Recipe):
    """A recipe that only holds what is exported."""

    kind = "layout"
    players = step = preview = None  # Not asked for here.

    def __init__(self) -> None:
        super().__init__()
        self.blending = Network(Blending(), "generator")
        self.segmenting = Network(Segmenting(), "segmenter")

    def graphs(self) -> dict[str, Graph]:
        inputs = ("b", "a", Image("a", name="style"))
        return {
            "blend": Graph(network=self.blending, inputs=inputs, outputs=("a",)),
            "segment": Graph(network=self.segmenting, inputs=("a",), outputs=("b",)),
        }


@pytest.fixture(scope="session")
def labelling() -> Trained:
    """A recipe whose images `b` are label maps of three classes: 7, 0 and 255 in files."""
    torch.manual_seed(0)
    return trained(Labelling(), target=MAPS)


@pytest.fixture(scope="session")
def opened() -> Callable[[Recipe], Trained]:
    """Return what makes a recipe a trained one, whose images `a` and `b` are uint8 RGB."""
    return trained


@pytest.fixture(scope="session")
def drawn() -> Trained:
    return replace(trained(Drawn()), classes=("cat", "dog", "cow", "hen", "bee"))


@pytest.fixture(scope="session")
def residual() -> Trained:
    return trained(Translation({"a_to_b": worked(Residual(), 1), "b_to_a": worked(Residual(), 2)}))


@pytest.fixture(scope="session")
def skipping() -> Trained:
    return trained(ImageStatistics({"a_to_b": worked(Skipping(), 3)}))


@pytest.fixture(scope="session")
def deep() -> Trained:
    return trained(Translation({"a_to_b": worked(Residual(1), 4)}), DEEP, DEEP)


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that exports a graph once a session."""
    folder = tmp_path_factory.mktemp("exports")

    def export(name: str, model: Trained, io: Any = "uint8", graph: str = "a_to_b") -> Path:
        path = folder / f"{name}.{io}.onnx"
        return path if path.exists() else export_graph(model, graph, path, Form(io))

    return export


@pytest.fixture(scope="session")
def trained_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose generator has some hundred weights in each of its layers; its graph a_to_b is exported."""
    folder = tmp_path_factory.mktemp("runs") / "small"
    options = ["generator.filters=8", "generator.blocks=1", "discriminator.filters=2"]
    chosen = [argument for option in options for argument in ("-s", option)]
    wanted = ["--plugin", "cyclegan", "--steps", "3", "--size", "32", "--precision", "fp32", "--out", str(folder)]
    for command, said in ((train, [*wanted, *chosen]), (export_command, [str(folder), "--graph", "a_to_b"])):
        result = CliRunner().invoke(command, said, catch_exceptions=False)
        assert result.exit_code == 0, result.output
    return folder


_DOMAIN = Numbers(
    name="domain",
    kind="category",
    layout="N",
    dtype="int64",
    stream=stream_of("domain"),
    categories=2,
    names=("plain", "bright"),
)
_SHARE = Numbers(name="share", kind="scalar", layout="N", default=0.5, low=0, high=1)
_SIDES = ["batch", "height", "width", 3]


def write_blending(path: Path, *, style: bool) -> Path:
    """Write a model of an image: (1 - share) * image + share * other + 50 * domain, twice as large.

    The other is the image `style`, or grey.
    """
    taken = ["image", "style"] if style else ["image"]
    images = [
        Port(name=name, dtype="uint8", channels=3, range=(0, 255), pixel="uint8", window=(0, 255))
        for name in (*taken, "output")
    ]
    nodes = [
        *(helper.make_node("Cast", [name], [f"{name}_float"], to=TensorProto.FLOAT) for name in (*taken, "domain")),
        helper.make_node("Sub", ["style_float", "image_float"], ["apart"]),
        helper.make_node("Reshape", ["share", "pixel"], ["part"]),
        helper.make_node("Mul", ["apart", "part"], ["moved"]),
        helper.make_node("Add", ["image_float", "moved"], ["blended"]),
        helper.make_node("Mul", ["domain_float", "much"], ["brighter"]),
        helper.make_node("Reshape", ["brighter", "pixel"], ["bright"]),
        helper.make_node("Add", ["blended", "bright"], ["made"]),
        helper.make_node("Clip", ["made", "low", "high"], ["clipped"]),
        helper.make_node("Resize", ["clipped", "", "twice"], ["large"], mode="nearest"),
        helper.make_node("Cast", ["large"], ["output"], to=TensorProto.UINT8),
    ]
    constants: dict[str, Any] = {"pixel": np.array([-1, 1, 1, 1]), "twice": np.array([1, 2, 2, 1], np.float32)}
    constants |= {"much": np.float32(50), "low": np.float32(0), "high": np.float32(255)}
    constants |= {} if style else {"style_float": np.float32(128)}
    graph = helper.make_graph(
        nodes,
        "blending",
        [
            *(helper.make_tensor_value_info(name, TensorProto.UINT8, _SIDES) for name in taken),
            helper.make_tensor_value_info("domain", TensorProto.INT64, ["batch"]),
            helper.make_tensor_value_info("share", TensorProto.FLOAT, ["batch"]),
        ],
        [helper.make_tensor_value_info("output", TensorProto.UINT8, ["batch", None, None, 3])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    card = Card(
        version="1",
        plugin="blending",
        graph="blending",
        task="translate",
        inputs=(*images[:-1], _DOMAIN, _SHARE),
        outputs=(images[-1],),
        scale=2,
        mode={},
        created="2024-01-31",
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    helper.set_model_props(model, card.metadata())
    onnx.save(model, path)
    return path


@pytest.fixture(scope="session")
def blending(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that writes a model of further inputs, made by hand, with or without a second image."""
    return lambda *, style: write_blending(tmp_path_factory.mktemp("blending") / "blending.onnx", style=style)


@pytest.fixture(scope="session")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the book's diffusion model that trained two steps, went on for two more, and was exported."""
    out = tmp_path_factory.mktemp("sampler") / "run"
    recipe = Path(__file__).parents[2] / "docs" / "tutorial" / "gantk_tutorial" / "denoised.py"
    small = ["--size", "16", "--batch-size", "2", "--device", "cpu", "-s", "timesteps=8", "-s", "filters=8"]
    begun = ["--plugin", recipe, "--data", "emoji", "--out", out, *small]
    for arguments in ([*begun, "--steps", "2"], ["--resume", out, "--steps", "4"]):
        done = CliRunner().invoke(train, [*map(str, arguments)])
        assert done.exit_code == 0, done.output
    done = CliRunner().invoke(export_command, [str(out)])
    assert done.exit_code == 0, done.output
    assert "a step by" in done.output
    return out
