"""SPADE, or GauGAN: images of label maps in a style (Park et al. 2019, arXiv:1903.07291).

The generator's norms are told the label map, so that no norm washes it out (section 3.1). Discriminators at two sizes
score images with their label maps, as in pix2pixHD, by the hinge game; the generator also matches their inner
activations. An encoder tells the style of an image, a normal distribution that is held near N(0, 1) (section 3.2).

    gantk train --plugin spade --data photos maps -s data.labels=b
    gantk translate runs/spade-photos/exports/paint.onnx map.png --image style=photo.png -o painted.png
    gantk translate runs/spade-photos/exports/sample.onnx map.png --seed 3 -o painted.png

The first of the models takes the style of a photograph, its mean; the second draws one. `-s style=0` has no encoder.

The perceptual loss that the paper adds, by VGG-19, needs its weights: `-s perceptual=vgg19-dcbb9e9d.pth`.

What leaves the paper: the divergence is a mean over samples, as its weight of 0.05 is stated; the authors' code adds up
a batch. Real and made images go through the discriminators one after the other, where the code joins them: no norm
there mixes samples. Adam's second beta is the text's 0.999; the code has 0.9. Borders of instances, with which the code
can extend a label map, are left to pix2pixHD.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gantk import (
    Batch,
    Batches,
    Build,
    Defaults,
    DiscriminatorSpec,
    GeneratorSpec,
    Graph,
    Image,
    Latent,
    Network,
    Normalization,
    Player,
    Recipe,
    Settings,
    Step,
    UsageError,
    hookimpl,
)
from gantk_plugins.losses.feature_matching import fooled
from gantk_plugins.losses.perceptual import perceptual, perceptual_network
from gantk_plugins.networks.patchgan import patches
from gantk_plugins.networks.spade import StyleEncoder, encoded_side, initialize_glorot, spade_generator
from gantk_plugins.normalizations.spatial import Spade


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the divergence of N(mean, exp(log_variance)) from N(0, 1), added up over numbers: a mean over samples."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()


class Painted(nn.Module):
    """The generator on a one-hot label map (N, classes, H, W) and what says the style: a picture, or its numbers."""

    def __init__(self, generator: nn.Module, encoder: nn.Module | None) -> None:
        super().__init__()
        self.generator, self.encoder = generator, encoder
        self.multiple, self.minimum = generator.multiple, generator.minimum

    def forward(self, layout: Tensor, style: Tensor) -> Tensor:
        numbers = style if self.encoder is None else self.encoder(style)[0]
        made: Tensor = self.generator(numbers, layout)
        return made


class SPADE(Recipe):
    """Makes images of label maps, in the style of other images.

    Args:
        style: numbers of a style; 0: there is no encoder, and a label map has one image.
        scales: discriminators, each of which scores images half as large as the one before.
        feature_matching: weight of the difference between their inner activations; 0: none.
        divergence: weight of the divergence of styles from N(0, 1).
        perceptual: by which network images are compared besides: a file of VGG-19's weights, vgg19 where that is
            downloaded, or efficientnet-lite0; unsaid: by none.
        perceptual_weight: weight of that comparison.
        critic_rate: learning rate of the discriminators, as a multiple of the generator's.
    """

    kind = "layout"
    defaults = Defaults(
        loss="hinge",
        normalization={"generator": "spade", "discriminator": "spectral-instance"},
    )
    settings = Settings(
        optimizer="adam",
        learning_rate=1e-4,
        betas=(0.0, 0.999),
        batch_size=32,
        size=256,
        epochs=200,
        schedule="linear",
        decay_from=0.5,
        jitter=286 / 256,
        flip=True,
    )

    def __init__(
        self,
        build: Build,
        *,
        style: int = 256,
        scales: int = 2,
        feature_matching: float = 10.0,
        divergence: float = 0.05,
        perceptual: str | None = None,
        perceptual_weight: float = 10.0,
        critic_rate: float = 4.0,
    ) -> None:
        super().__init__()
        if style < 0 or critic_rate <= 0:
            raise UsageError(f"spade needs style >= 0 and critic_rate > 0, not {style} and {critic_rate}")
        self.palette = build.data.palettes["layout"]
        channels, size, classes = build.data.channels["image"], build.data.size, len(self.palette)
        self.matching, self.divergence, self.critic_rate = feature_matching, divergence, critic_rate
        self.perceptual_weight = perceptual_weight
        self.perceptual = None if perceptual is None else perceptual_network(build, perceptual, channels)
        self.game = build.loss()
        self.generator = build.generator(
            GeneratorSpec(latent=style or None, layout=classes, outputs=channels, size=size)
        )
        judged = DiscriminatorSpec(channels=channels, layout=classes, size=size, features=feature_matching > 0)
        self.discriminator = build.discriminator(judged, scales=scales)
        self.encoder: Network | None = None
        if style:
            self.style = Latent(name="style", length=style)
            encoder = StyleEncoder(
                channels, style, encoded_side(build.data.sides), build.normalization("discriminator")
            )
            self.encoder = build.network(encoder, "encoder")
        for network in self.networks().values():
            initialize_glorot(network)

    def players(self) -> dict[str, Player]:
        """Return the generator with the encoder, and the discriminators, whose learning rate is another."""
        makers = [self.generator] if self.encoder is None else [self.generator, self.encoder]
        scale: dict[nn.Module, float] = {self.discriminator: self.critic_rate}
        return {"generator": Player(*makers), "discriminator": Player(self.discriminator, critic=True, scale=scale)}

    def step(self, batches: Batches) -> Step:
        """Move the generator and the encoder, then the discriminators, by the losses of section 3.2."""
        batch = next(batches)
        real, layout = batch["image"], self.palette.one_hot(batch["layout"])
        critic = self.discriminator.given(layout)
        due = self.due("generator")
        losses: dict[str, Tensor] = {}

        with torch.set_grad_enabled(due):
            if self.encoder is None:
                fake = self.generator(layout)
            else:
                mean, log_variance = self.encoder(real)
                fake = self.generator(mean + (0.5 * log_variance).exp() * torch.randn_like(mean), layout)
                losses["divergence"] = self.divergence * divergence(mean, log_variance)
        if due:
            losses |= fooled(self.game, critic, fake, real, self.matching)
            if self.perceptual is not None:
                losses["perceptual"] = self.perceptual_weight * perceptual(self.perceptual, fake, real)
            yield "generator", losses
        yield "discriminator", self.game.judge(critic, real, fake)

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return the label map, painted in the true image's style and in that of the next one, and the truth."""
        layout, real = self.palette.one_hot(batch["layout"]), batch["image"]
        if self.encoder is None:
            return {"input": batch["layout"], "output": self.generator(layout), "reference": real}
        styles = self.encoder(real)[0]
        return {
            "input": batch["layout"],
            "output": self.generator(styles, layout),
            "style of next": self.generator(styles.roll(-1, 0), layout),
            "reference": real,
        }

    def graphs(self) -> dict[str, Graph]:
        """Return what paints in the style of a picture, and in one that is drawn."""
        if self.encoder is None:
            return {"paint": Graph(network=self.generator, inputs=("layout",), outputs=("image",))}
        painted = Network(Painted(self.generator.module, self.encoder.module), "paint")
        sampled = Network(Painted(self.generator.module, None), "sample")
        return {
            "paint": Graph(network=painted, inputs=("layout", Image("image", name="style")), outputs=("image",)),
            "sample": Graph(network=sampled, inputs=("layout", self.style), outputs=("image",)),
        }


@hookimpl
def recipe() -> type[Recipe]:
    """Return SPADE's training algorithm."""
    return SPADE


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the generator."""
    return spade_generator


def discriminator_network(spec: DiscriminatorSpec, build: Build, *, filters: int = 64, layers: int = 3) -> nn.Module:
    """Build pix2pixHD's discriminator, whose first and last layers are left as they are.

    Args:
        filters: channels of the first layer; they double up to eight times as many.
        layers: layers of stride 2.
    """
    return patches(spec, build, filters=filters, layers=layers, padding=2, bare=True)


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds one discriminator."""
    return discriminator_network


@hookimpl
def normalization() -> type[Normalization]:
    """Return spatially adaptive normalization."""
    return Spade
