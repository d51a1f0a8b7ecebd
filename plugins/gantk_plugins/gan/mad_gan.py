"""MAD-GAN: several generators, and a discriminator that tells them apart (Ghosh et al. 2017, arXiv:1704.02906).

The discriminator has an output for each of K generators and one for real images, a softmax over all of them (section
3.1). It learns from which an image comes; each generator wants its images taken for real. To tell generators apart
pushes them to different parts of the data: where the discriminator is best, the output of real images is p / (p + q_1 +
... + q_K), and the generators are best where their mean is the data, whatever each of them makes (theorem 1); the
objective is then -(K + 1) log(K + 1) + K log K. They share their first layers.

    gantk train --plugin mad-gan --data points:ring
    gantk train --plugin mad-gan --data photographs/ -s generators=3
    gantk generate runs/.../generator.onnx --label generator=2

The real output is the score of any discriminator, the others are a head on its last features. Generators maximize log
D_real, in place of minimizing log(1 - D_real). Each makes as many images of a batch as the others. What the paper
leaves open is DCGAN's: rate, betas, and layers and first weights of images. All layers but the last two are shared.

MGAN (Hoang et al. 2018, ICLR) has a classifier of its own for which generator an image is of, beside a discriminator of
two outputs: generators share all layers but the first, and the classifier's loss weighs 0.01 for ten of them.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gantk import (
    Batch,
    Batches,
    Build,
    Category,
    Critic,
    Defaults,
    Discriminator,
    DiscriminatorSpec,
    GeneratorSpec,
    Graph,
    Latent,
    Player,
    Recipe,
    Settings,
    Step,
    UsageError,
    hookimpl,
    initialize_normal,
    single_scores,
)
from gantk_plugins.gan.mad_gan_networks import discriminator_of, first_weights, generators_of

ROWS = 8
"""Rows of a preview, and samples of each generator, where these are images."""


class MADGAN(Recipe):
    """Makes images of noise by several generators, which a discriminator tells apart.

    Args:
        latent: length of the noise vector.
        generators: how many generators there are, the paper's K.
    """

    kind = "images"
    defaults = Defaults(
        generator="mad-gan",
        discriminator="mad-gan",
        normalization={"generator": "batch", "discriminator": "batch"},
    )
    settings = Settings(
        optimizer="adam",
        learning_rate=2e-4,
        betas=(0.5, 0.999),
        batch_size=128,
        schedule="constant",
        size=64,
        epochs=25,
        precision="fp32",
    )

    def __init__(self, build: Build, *, latent: int = 100, generators: int = 4) -> None:
        super().__init__()
        if generators < 1:
            raise UsageError(f"mad-gan needs generators >= 1, not {generators}")
        channels, size = build.data.channels["image"], build.data.size
        self.latent = Latent(length=latent)
        self.which = Category(name="generator", count=generators)
        spec = GeneratorSpec(latent=latent, classes=generators, outputs=channels, size=size)
        self.generator = build.generator(spec)
        self.discriminator = build.discriminator(DiscriminatorSpec(channels=channels, size=size, features=True))
        features = _last_feature(self.discriminator, channels, build.data.sides)
        head = nn.Sequential(nn.Flatten(), nn.Linear(features, generators))
        self.head = initialize_normal(build.network(head, "head"))

    def players(self) -> dict[str, Player]:
        """Return the discriminator with its head, and all generators as one."""
        return {
            "discriminator": Player(self.discriminator, self.head, critic=True),
            "generator": Player(self.generator),
        }

    def step(self, batches: Batches) -> Step:
        """Move the discriminator by whose an image is, then the generators by what is taken for real (section 3.1)."""
        real = next(batches)["image"]
        critic = self.discriminator.given()

        with torch.no_grad():
            fake, which = self.made(real)
        yield (
            "discriminator",
            {
                "real": self.surprise(critic, real, torch.full_like(which[:1], self.which.count).expand(len(real))),
                "made": self.which.count * self.surprise(critic, fake, which),
            },
        )

        if self.due("generator"):
            fake, which = self.made(real)
            game = self.surprise(critic, fake, torch.full_like(which, self.which.count))
            yield "generator", {"game": self.which.count * game}

    def made(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """Return images of fresh noise, as many of each generator, about as many as `like` has, and whose each is."""
        pack = self.discriminator.pack
        each = -(-len(like) // (self.which.count * pack)) * pack
        which = torch.arange(self.which.count, device=like.device).repeat_interleave(each)
        return self.generator(self.latent.drawn(len(which), like.device), which), which

    def surprise(self, critic: Critic, images: Tensor, source: Tensor) -> Tensor:
        """Return -E[log D_source] of images; the source (N,) is a generator's number, or behind these the data."""
        scores, features = critic.both(images)
        made = self.head(features[-1])
        real = single_scores(scores).reshape(len(made), -1).mean(1, keepdim=True)
        # Samples that are scored together are of one source.
        return cross_entropy(torch.cat([made, real], 1), source[:: self.discriminator.pack])

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return what each generator makes of the same noise, `gantk generate`'s first, and real images."""
        real, count = batch["image"], self.which.count
        shown = ROWS if real.shape[2] > 1 else max(-(-len(real) // count), ROWS)
        noise = self.latent.fixed(shown).to(real.device)
        which = torch.arange(count, device=real.device).repeat_interleave(shown)
        images = self.generator(noise.repeat(count, 1), which).split(shown)
        names = (f"generator {number}" for number in range(count))
        return {**dict(zip(names, images, strict=True)), "real": real}

    def graphs(self) -> dict[str, Graph]:
        """Return the generators, of which a category says one."""
        inputs = (self.latent, self.which)
        return {"generator": Graph(network=self.generator, task="generate", inputs=inputs, outputs=("image",))}


def _last_feature(discriminator: Discriminator, channels: int, sides: tuple[int, int]) -> int:
    """Return how many numbers a discriminator's last inner activation has, without leaving a trace in it."""
    with torch.no_grad():
        feature = discriminator.eval().features(torch.zeros(discriminator.pack, channels, *sides))[-1]
    discriminator.train()
    return feature[0].numel()


def generator_network(
    spec: GeneratorSpec, build: Build, *, units: int = 128, filters: int = 128, shared: int | None = None
) -> nn.Module:
    """Build generators that share their first layers, one for each class.

    Args:
        units: width of dense layers, which make images of fewer than 8 pixels to a side.
        filters: channels of the layer before an image; they double at each coarser one, up to eight times as many.
        shared: layers that all of them share; unsaid: all but the last two.
    """
    normalization = build.normalization("generator")
    network = generators_of(spec, normalization, units=units, filters=filters, shared=shared)
    return first_weights(normalization.network(network), spec.sides)


def discriminator_network(spec: DiscriminatorSpec, build: Build, *, units: int = 128, filters: int = 128) -> nn.Module:
    """Build a discriminator of strided convolutions, or of dense layers for images of fewer than 8 pixels to a side.

    Args:
        units: width of dense layers.
        filters: channels of the first convolution; they double at each coarser one, up to eight times as many.
    """
    normalization = build.normalization("discriminator")
    network = discriminator_of(spec, normalization, units=units, filters=filters)
    return first_weights(normalization.network(network), spec.sides)


@hookimpl
def recipe() -> type[Recipe]:
    """Return MAD-GAN's training algorithm."""
    return MADGAN


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds generators that share their first layers."""
    return generator_network


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the discriminator of points or of images."""
    return discriminator_network
