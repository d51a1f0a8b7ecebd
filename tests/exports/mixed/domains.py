"""The recipe turns an image into one of another domain, which a label says. Unpublished."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gantk import (
    Batch,
    Batches,
    Build,
    Category,
    GeneratorSpec,
    Graph,
    Player,
    Recipe,
    Settings,
    Step,
    hookimpl,
)


class Conditional(nn.Module):
    """The label's embedding is joined to every pixel."""

    def __init__(self, count: int, channels: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(count, 2)
        self.down = nn.Conv2d(channels + 2, 4, 4, 2, 1)
        self.norm = nn.InstanceNorm2d(4, affine=True)
        self.up = nn.ConvTranspose2d(4, channels, 4, 2, 1)

    def forward(self, image: Tensor, domain: Tensor) -> Tensor:
        told = self.embedding(domain)[:, :, None, None].expand(-1, -1, *image.shape[2:])
        return self.up(self.norm(self.down(torch.cat([image, told], 1))).relu()).tanh()


def conditional(spec: GeneratorSpec, build: Build) -> nn.Module:
    """It translates to domains alone."""
    spec.accept("inputs", "domains")
    return Conditional(spec.need("domains"), spec.need("inputs"))


class Domains(Recipe):
    """Its target is the negative where the label is odd."""

    kind = "domains"
    settings = Settings(optimizer="adam", learning_rate=1e-3)

    def __init__(self, build: Build) -> None:
        super().__init__()
        names, channels = build.data.domains, build.data.channels["image"]
        self.domain = Category(name="domain", count=len(names), names=names)
        self.translator = build.generator(
            GeneratorSpec(inputs=channels, domains=len(names), outputs=channels, size=build.data.size)
        )

    def players(self) -> dict[str, Player]:
        return {"generator": Player(self.translator)}

    def step(self, batches: Batches) -> Step:
        image = next(batches)["image"]
        domain = self.domain.drawn(len(image), image.device)
        sign = 1 - 2 * (domain % 2).view(-1, 1, 1, 1)
        yield "generator", {"l1": (self.translator(image, domain) - sign * image).abs().mean()}

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        image = batch["image"]
        return {"image": image, "made": self.translator(image, self.domain.fixed(len(image)).to(image.device))}

    def graphs(self) -> dict[str, Graph]:
        inputs = ("image", self.domain)
        return {"translate": Graph(network=self.translator, inputs=inputs, outputs=("image",))}


@hookimpl
def recipe() -> type[Recipe]:
    return Domains


@hookimpl
def generator() -> Callable[..., nn.Module]:
    return conditional
