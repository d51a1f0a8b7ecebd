"""The recipe makes images of noise and a caption, which its discriminator is told too. Unpublished."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gantk import (
    Batch,
    Batches,
    Build,
    Caption,
    Defaults,
    DiscriminatorSpec,
    GeneratorSpec,
    Graph,
    Latent,
    Player,
    Recipe,
    Settings,
    Step,
    hookimpl,
)

WIDTH = 8


class Words(nn.Module):
    """The mean of a caption's words, whichever of them are there."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(count, WIDTH, padding_idx=0)

    def forward(self, caption: Tensor) -> Tensor:
        said = (caption > 0).sum(1, keepdim=True).clamp(min=1)
        return self.embedding(caption).sum(1) / said


class Teller(nn.Module):
    """A dense layer on noise and words."""

    def __init__(self, spec: GeneratorSpec) -> None:
        super().__init__()
        spec.accept("latent", "caption")
        self.words = Words(spec.need("caption"))
        self.dense = nn.Linear(spec.need("latent") + WIDTH, WIDTH * (spec.square // 4) ** 2)
        self.form = nn.Sequential(nn.Unflatten(1, (WIDTH, spec.square // 4, spec.square // 4)), nn.ReLU())
        self.last = nn.ConvTranspose2d(WIDTH, spec.outputs, 4, 4)

    def forward(self, noise: Tensor, caption: Tensor) -> Tensor:
        told = torch.cat([noise, self.words(caption)], 1)
        return self.last(self.form(self.dense(told))).tanh()


class Reader(nn.Module):
    """The scores of an image, and how well it fits the words."""

    def __init__(self, spec: DiscriminatorSpec) -> None:
        super().__init__()
        spec.accept("caption")
        self.words = Words(spec.need("caption"))
        self.layers = nn.Sequential(nn.Conv2d(spec.channels, WIDTH, 4, 4), nn.LeakyReLU(0.2), nn.Flatten(2))
        self.score = nn.Linear(WIDTH, 1)

    def forward(self, image: Tensor, caption: Tensor) -> Tensor:
        seen = self.layers(image).mean(2)
        return self.score(seen)[:, 0] + (seen * self.words(caption)).sum(1)


class Captions(Recipe):
    """Plays a game about images and their captions.

    Args:
        words: how many words it knows.
    """

    kind = "captioned"
    defaults = Defaults(loss="hinge")
    settings = Settings(optimizer="adam", learning_rate=1e-3)

    def __init__(self, build: Build, *, words: int = 64) -> None:
        super().__init__()
        channels, size = build.data.channels["image"], build.data.size
        self.latent = Latent(length=4)
        self.caption = Caption(words=build.data.words["caption"][:words], length=5)
        self.game = build.loss()
        self.generator = build.generator(
            GeneratorSpec(latent=4, caption=self.caption.count, outputs=channels, size=size)
        )
        self.discriminator = build.discriminator(
            DiscriminatorSpec(channels=channels, caption=self.caption.count, size=size)
        )

    def players(self) -> dict[str, Player]:
        return {"discriminator": Player(self.discriminator, critic=True), "generator": Player(self.generator)}

    def step(self, batches: Batches) -> Step:
        batch = next(batches)
        real, caption = batch["image"], self.caption.read(batch["caption"], batch["image"].device)
        critic = self.discriminator.given(caption)
        fake = self.generator(self.latent.drawn(len(real), real.device), caption)
        yield "discriminator", self.game.judge(critic, real, fake)
        yield "generator", {"game": self.game.fool(critic, fake, real)}

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        image = batch["image"]
        noise, caption = self.latent.fixed(len(image)).to(image.device), self.caption.read(batch["caption"])
        return {"made": self.generator(noise, caption.to(image.device)), "image": image}

    def graphs(self) -> dict[str, Graph]:
        inputs = (self.latent, self.caption)
        return {"generator": Graph(network=self.generator, task="generate", inputs=inputs, outputs=("image",))}


@hookimpl
def recipe() -> type[Recipe]:
    return Captions


@hookimpl
def generator() -> Callable[..., nn.Module]:
    return lambda spec, build: Teller(spec)


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    return lambda spec, build: Reader(spec)
