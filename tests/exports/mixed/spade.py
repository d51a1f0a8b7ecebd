"""Pictures of label maps in the style of other pictures: SPADE (Park et al. 2019, arXiv:1903.07291), made tiny.

Unpublished. A picture painted in its own style should be that picture; the discriminator sees the label map, too.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, relu

from gantk import (
    Batch,
    Batches,
    Build,
    Defaults,
    DiscriminatorSpec,
    GeneratorSpec,
    Graph,
    Image,
    Network,
    Normalization,
    Player,
    Recipe,
    Settings,
    Step,
    hookimpl,
)

STYLE = 8


class SpatialNorm(nn.Module):
    """Batch norm whose scale and shift at each pixel follow from a map there (equation 1)."""

    def __init__(self, channels: int, condition: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.changes = nn.Conv2d(condition, 2 * channels, 3, padding=1)

    def forward(self, x: Tensor, layout: Tensor) -> Tensor:
        scale, shift = self.changes(interpolate(layout, x.shape[2:], mode="nearest")).chunk(2, 1)
        return self.norm(x) * (1 + scale) + shift


class Spatial(Normalization):
    """Each channel gets mean 0 and variance 1 over the batch, then the scale and shift that a map says."""

    shifts = True
    mixes_samples = True

    def activation(self, channels: int, condition: int | None = None) -> nn.Module:
        super().activation(channels, condition)
        return nn.BatchNorm2d(channels)

    def mapped_activation(self, channels: int, condition: int) -> nn.Module:
        return SpatialNorm(channels, condition)


class Painter(nn.Module):
    """Begins with the style at a quarter of the map's size, and doubles twice; each norm is told the map."""

    multiple = 4
    minimum = 4

    def __init__(self, spec: GeneratorSpec, normalization: Normalization) -> None:
        super().__init__()
        spec.accept("latent", "layout")
        latent, layout = spec.need("latent"), spec.need("layout")
        self.first = nn.Conv2d(latent + layout, 8, 1)
        self.norms = nn.ModuleList(normalization.mapped_activation(8, layout) for _ in range(2))
        self.layers = nn.ModuleList(nn.Conv2d(8, 8, 3, padding=1) for _ in range(2))
        self.last = nn.Conv2d(8, spec.outputs, 3, padding=1)

    def forward(self, style: Tensor, layout: Tensor) -> Tensor:
        coarse = interpolate(layout, scale_factor=0.25, mode="nearest")
        spread = style[:, :, None, None].expand(-1, -1, *coarse.shape[2:])
        x = self.first(torch.cat([spread, coarse], 1))
        for norm, layer in zip(self.norms, self.layers, strict=True):
            x = layer(interpolate(relu(norm(x, layout)), scale_factor=2.0, mode="nearest"))
        return self.last(relu(x)).tanh()


class Styles(nn.Module):
    """The style of a picture: numbers that say nothing of where."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(channels, 8, 4, 2, 1), nn.ReLU(), nn.Conv2d(8, STYLE, 4, 2, 1))

    def forward(self, picture: Tensor) -> Tensor:
        return self.layers(picture).mean((2, 3))


class Painted(nn.Module):
    """The generator on a label map and a picture whose style it takes."""

    def __init__(self, generator: nn.Module, styles: nn.Module) -> None:
        super().__init__()
        self.generator, self.styles = generator, styles
        self.multiple, self.minimum = 4, 4

    def forward(self, layout: Tensor, style: Tensor) -> Tensor:
        return self.generator(self.styles(style), layout)


class Beside(nn.Module):
    """The score of each patch of a picture, with the label map beside it."""

    def __init__(self, spec: DiscriminatorSpec) -> None:
        super().__init__()
        spec.accept("layout")
        channels = spec.channels + spec.need("layout")
        self.layers = nn.Sequential(nn.Conv2d(channels, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(8, 1, 4, 2, 1))

    def forward(self, picture: Tensor, layout: Tensor) -> Tensor:
        return self.layers(torch.cat([picture, layout], 1))


class Paint(Recipe):
    """Every picture is painted of its label map and its own style."""

    kind = "layout"
    settings = Settings(optimizer="adam", learning_rate=2e-3)
    defaults = Defaults(generator="spade", loss="hinge", normalization={"generator": "spade"})

    def __init__(self, build: Build) -> None:
        super().__init__()
        self.palette, channels = build.data.palettes["layout"], build.data.channels["image"]
        spec = GeneratorSpec(latent=STYLE, layout=len(self.palette), outputs=channels, size=build.data.size)
        self.generator = build.generator(spec)
        self.styles = build.network(Styles(channels), "styles")
        self.game = build.loss()
        self.discriminator = build.discriminator(
            DiscriminatorSpec(channels=channels, layout=len(self.palette), size=build.data.size)
        )

    def players(self) -> dict[str, Player]:
        return {
            "generator": Player(self.generator, self.styles),
            "discriminator": Player(self.discriminator, critic=True),
        }

    def painted(self, batch: Batch, style: Tensor) -> Tensor:
        return self.generator(self.styles(style), self.palette.one_hot(batch["layout"]))

    def step(self, batches: Batches) -> Step:
        batch = next(batches)
        real, fake = batch["image"], self.painted(batch, batch["image"])
        critic = self.discriminator.given(self.palette.one_hot(batch["layout"]))
        yield "generator", {"game": self.game.fool(critic, fake, real), "l1": (fake - real).abs().mean()}
        yield "discriminator", self.game.judge(critic, real, fake)

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        return {"layout": batch["layout"], "made": self.painted(batch, batch["image"]), "image": batch["image"]}

    def graphs(self) -> dict[str, Graph]:
        both = Network(Painted(self.generator.module, self.styles.module), "paint")
        return {"paint": Graph(network=both, inputs=("layout", Image("image", name="style")), outputs=("image",))}


@hookimpl
def recipe() -> type[Recipe]:
    return Paint


@hookimpl
def normalization() -> type[Normalization]:
    return Spatial


@hookimpl
def generator() -> Callable[..., nn.Module]:
    return lambda spec, build: Painter(spec, build.normalization("generator"))


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    return lambda spec, build: Beside(spec)
