"""Every hook that brings a part, answered by a file as an author would write it. The run's hooks have theirs."""

import pytest
import torch
from torch import nn

from gantk import Build, DataInfo, DiscriminatorSpec, GeneratorSpec, Unsupported
from gantk.plugins.manager import load_plugins
from gantk.plugins.options import options_of
from gantk.plugins.selection import Part, select

DATA = DataInfo(kind="images", size=8, channels={"image": 3})


def load(path):
    return load_plugins([str(path)])


def part(plugins, slot, plugin="mine", **options):
    return Part(slot, plugin, plugins.factory(plugin, slot), options)


def test_hook_recipe(plugin_file):
    path = plugin_file(
        "mine",
        """
        from gantk import Defaults, GeneratorSpec, Player, Recipe

        class Mine(Recipe):
            kind = "images"
            step = preview = graphs = None
            defaults = Defaults(generator="resnet", normalization={"generator": "none"})

            def __init__(self, build, *, weight: float = 2.0):
                super().__init__()
                self.weight = weight
                self.translate = build.generator(GeneratorSpec(inputs=3, size=8))

            def players(self):
                return {"generator": Player(self.translate)}

        @hookimpl
        def recipe():
            return Mine
        """,
    )
    plugins = load(path)
    recipe = plugins.factory("mine", "recipe")
    parts = select(plugins, recipe.defaults, {})
    parts["generator"] = parts["generator"].with_options({"filters": 2, "blocks": 1})
    made = parts["recipe"].with_options({"weight": 3.0})(Build(data=DATA, parts=parts))
    assert made.weight == 3.0
    assert made.translate(torch.zeros(1, 3, 8, 8)).shape == (1, 3, 8, 8)
    assert list(made.players()) == ["generator"]


def test_hook_generator(plugin_file):
    path = plugin_file(
        "mine",
        """
        from torch import nn
        from gantk import Unsupported

        def scaling(spec, build, *, factor: float = 2.0):
            if spec.inputs is None:
                raise Unsupported("needs an image to translate")
            layer = nn.Conv2d(spec.inputs, spec.outputs, 1, bias=False)
            nn.init.constant_(layer.weight, factor)
            return layer

        @hookimpl
        def generator():
            return scaling
        """,
    )
    chosen = part(load(path), "generator", factor=5.0)
    build = Build(data=DATA, parts={"generator": chosen})
    network = build.generator(GeneratorSpec(inputs=1, outputs=1, size=8))
    assert torch.equal(network(torch.ones(1, 1, 8, 8)), torch.full((1, 1, 8, 8), 5.0))
    assert options_of(chosen.factory)["factor"].default == 2.0
    with pytest.raises(Unsupported, match="needs an image"):
        build.generator(GeneratorSpec(latent=4, size=8))


def test_hook_discriminator(plugin_file):
    path = plugin_file(
        "mine",
        """
        from torch import nn

        class Sum(nn.Module):
            def __init__(self, spec, build, *, scale: float = 1.0):
                super().__init__()
                self.scale = scale

            def forward(self, image, *conditions):
                return self.scale * (image.sum() + sum(condition.sum() for condition in conditions))

        @hookimpl
        def discriminator():
            return Sum
        """,
    )
    plugins = load(path)
    parts = {
        "discriminator": part(plugins, "discriminator", scale=3.0),
        "loss": part(plugins, "loss", "lsgan"),
        "normalization.discriminator": part(plugins, "normalization.discriminator", "none"),
    }
    discriminator = Build(data=DATA, parts=parts).discriminator(DiscriminatorSpec(channels=1, size=2))
    image = torch.ones(1, 1, 2, 2)
    assert float(discriminator(image)) == 12.0
    assert float(discriminator.given(image)(image)) == 24.0


def test_hook_loss(plugin_file):
    path = plugin_file(
        "mine",
        """
        from gantk import AdversarialLoss

        class Margin(AdversarialLoss):
            def __init__(self, *, margin: float = 1.0):
                super().__init__()
                self.margin = margin

            def discriminator(self, real_scores, fake_scores):
                return fake_scores.mean() - real_scores.mean() + self.margin

            def generator(self, fake_scores, real_scores=None):
                return -fake_scores.mean()

        @hookimpl
        def loss():
            return Margin
        """,
    )
    game = Build(data=DATA, parts={"loss": part(load(path), "loss", margin=4.0)}).loss()
    assert float(game.discriminator(torch.tensor([3.0]), torch.tensor([1.0]))) == 2.0
    assert float(game.generator(torch.tensor([1.5]))) == -1.5


def test_hook_augmentation(plugin_file):
    path = plugin_file(
        "mine",
        """
        import torch
        from gantk import Augmentation

        class Mirrored(Augmentation):
            def __init__(self, *, share: float = 0.5):
                super().__init__()
                self.share = share

            def drawn(self, images):
                return {"mirrored": torch.rand(len(images), 1, 1, 1) < self.share}

            def images(self, images, drawn):
                return torch.where(drawn["mirrored"], images.flip(3), images)

            def layouts(self, layouts, drawn):
                return self.images(layouts, drawn)

        @hookimpl
        def augmentation():
            return Mirrored
        """,
    )
    mirrored = Build(data=DATA, parts={"augmentation": part(load(path), "augmentation", share=1.0)}).augmentation()
    image = torch.arange(4.0).view(1, 1, 2, 2)
    assert torch.equal(mirrored.images(image, mirrored.drawn(image)), image.flip(3))


def test_hook_normalization(plugin_file):
    path = plugin_file(
        "mine",
        """
        from torch import nn
        from gantk import Normalization

        class Halves(Normalization):
            def __init__(self, *, slope: float = 0.5):
                self.slope = slope

            def activation(self, channels, condition=None):
                return nn.LeakyReLU(self.slope)

        @hookimpl
        def normalization():
            return Halves
        """,
    )
    chosen = part(load(path), "normalization.generator", slope=0.25)
    normalization = Build(data=DATA, parts={"normalization.generator": chosen}).normalization("generator")
    assert float(normalization.activation(3)(torch.tensor(-4.0))) == -1.0


def test_hook_dataset(plugin_file):
    path = plugin_file(
        "mine",
        """
        import numpy as np
        from gantk import ArrayImages, Dataset, Group, Split

        class Stripes(Dataset):
            name = "stripes"
            kinds = ("images",)

            def __init__(self, argument, *, count: int = 4):
                images = np.zeros((count, 8, 8, 3), np.uint8)
                images[:, int(argument or 0)] = 255
                self.images = ArrayImages(images)

            def split(self, kind, test, load):
                return Split((Group({"image": self.images}),))

            def fingerprint(self):
                return "stripes"

        @hookimpl
        def dataset():
            return Stripes
        """,
    )
    factory = load(path).factory("mine", "dataset")
    split = factory("5", count=2).split("images", False, None)
    assert len(split) == 2
    assert split.columns["image"][1][:, 0, 0].tolist() == [0, 0, 0, 0, 0, 255, 0, 0]
    assert options_of(factory)["count"].annotation is int


def test_hook_metric(plugin_file):
    path = plugin_file(
        "mine",
        """
        from gantk import Metric, Score

        class Brightness(Metric):
            def __init__(self, *, images: int = 10):
                self.images = images

            def measure(self, subject):
                mean = float(subject.generated(self.images).mean())
                return [Score(name="brightness", value=mean, better="higher", protocol="mean value")]

        @hookimpl
        def metric():
            return Brightness
        """,
    )

    class Subject:
        def generated(self, count):
            return torch.full((count, 1, 2, 2), count / 8)

    factory = load(path).factory("mine", "metric")
    (score,) = factory(images=4).measure(Subject())
    assert score.value == 0.5
    assert options_of(factory)["images"].default == 10


def test_hook_network_built(plugin_file):
    path = plugin_file(
        "mine",
        """
        from torch import nn

        @hookimpl
        def network_built(network, role, build):
            if role == "generator":
                return nn.Sequential(network, nn.Threshold(0.0, build.data.size))
        """,
    )
    build = Build(data=DATA, parts={}, network_built=load(path).network_built)
    assert float(build.network(nn.Identity(), "generator")(torch.tensor(-1.0))) == 8.0
    assert float(build.network(nn.Identity(), "encoder")(torch.tensor(-1.0))) == -1.0
