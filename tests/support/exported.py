"""Small networks in recipes that hold no more than what is exported."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from gantk import Model
from gantk.data.infos import ImageInfo
from gantk.data.palettes import Palette
from gantk.parts.networks import Network
from gantk.recipe.graph import Graph, Inference, Input
from gantk.recipe.ports import Category, Image, Latent, Vector
from gantk.recipe.recipe import Recipe
from gantk.runs.config import Config
from gantk.sizes import Sides
from gantk.training.trained import Trained

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
        credits=("CC0-1.0: Ada, Bén",),
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


class Only(Recipe):
    """A recipe that only holds what is exported."""

    players = step = preview = None  # Not asked for here.

    def __init__(self, sampler: nn.Module, *inputs: Input, size: tuple[int, int] | None = None) -> None:
        super().__init__()
        self.sampler = sampler
        self.said = {"inputs": inputs, "outputs": ("a",), "size": size}

    def graphs(self) -> dict[str, Graph]:
        task = "translate" if "a" in self.said["inputs"] else "generate"
        return {"only": Graph(network=Network(self.sampler, "it"), task=task, **self.said)}


def replaced(model: Model, path: Path) -> Model:
    """Return a model as it is, but for the place of its file."""
    return Model(path, model.card, model._sessions, model._session, model._load)
