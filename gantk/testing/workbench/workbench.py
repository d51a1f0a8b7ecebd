"""The smallest training in which a part can be tried, and parts to try it with; unpublished.

The generator makes images of images, of smaller ones, of noise, or of noise and labels, whatever the part that is tried
can do; the discriminator scores them alone, under an image, under a label, or with the noise. Parts that the plugin
under check brings take the place of these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, l1_loss, softplus

from gantk import (
    AdversarialLoss,
    Batch,
    Batches,
    Build,
    Category,
    Defaults,
    DiscriminatorSpec,
    GeneratorSpec,
    Graph,
    Latent,
    Network,
    Normalization,
    Player,
    Recipe,
    Step,
    hookimpl,
)
from gantk.testing.workbench.networks import LEVELS, Conditioned, Judge, Levelled, Maker, levels

LATENT = 8


class Workbench(Recipe):
    """Plays a game of one generator and one discriminator.

    Args:
        makes: what the generator makes images of.
        judges: what the discriminator scores images with.
    """

    kind = ("labelled", "images")
    refers = True
    defaults = Defaults(normalization={"generator": "workbench", "discriminator": "workbench"})

    def __init__(
        self,
        build: Build,
        *,
        makes: Literal["translation", "enlargement", "noise", "labels", "layout", "style"] = "translation",
        judges: Literal["image", "pair", "label", "latent"] = "image",
    ) -> None:
        super().__init__()
        channels, size, classes = build.data.channels["image"], build.data.size, len(build.data.classes)
        self.makes, self.judges = makes, judges
        self.latent = Latent(length=LATENT)
        self.label = Category(count=max(classes, 1), names=build.data.classes)
        self.game = build.loss()
        drawn = makes in ("noise", "labels", "style")
        self.scale = 4 if makes == "enlargement" else 1
        self.generator = build.generator(
            GeneratorSpec(
                inputs=channels if makes in ("translation", "enlargement") else None,
                latent=LATENT if drawn else None,
                classes=classes if makes == "labels" else None,
                layout=LEVELS if makes in ("layout", "style") else None,
                outputs=channels,
                size=size if self.scale == 1 else build.data.square // self.scale,
                scale=self.scale,
            )
        )
        self.discriminator = build.discriminator(
            DiscriminatorSpec(
                channels=channels,
                size=size,
                condition_channels=channels if judges == "pair" else 0,
                classes=classes if judges == "label" else None,
                joint_latent=LATENT if judges == "latent" else None,
            )
        )

    def prepare(self, batches: Batches) -> None:
        """Give a norm by a reference batch its latents."""
        network: Any
        for network in self.generator.modules():
            if hasattr(network, "refer"):
                network.refer(self.latent.fixed(network.count, seed=1))

    def players(self) -> dict[str, Player]:
        """Return the discriminator and the generator."""
        return {"discriminator": Player(self.discriminator, critic=True), "generator": Player(self.generator)}

    def step(self, batches: Batches) -> Step:
        """Move the discriminator, then the generator; what is made of images should also be like them."""
        batch = next(batches)
        real = batch["image"]
        latent, drawn = self.latent.drawn(len(real), real.device), self.latent.drawn(len(real), real.device)
        inputs = self._inputs(batch, latent)
        conditions = {"pair": (real.flip(3),), "label": (batch.get("label"),)}.get(self.judges, ())
        critic = self.discriminator.given(*conditions)
        with torch.no_grad():
            fake = self.generator(*inputs)
        joint = self.judges == "latent"
        judged = ((real, drawn), (fake, latent)) if joint else (real, fake)
        yield "discriminator", self.game.judge(critic, *judged)
        if self.due("generator"):
            fake = self.generator(*inputs)
            points = ((fake, latent), (real, drawn)) if joint else (fake, real)
            losses = {"game": self.game.fool(critic, *points)}
            if self.makes in ("translation", "enlargement"):
                losses["l1"] = l1_loss(fake, real)
            yield "generator", losses

    def _inputs(self, batch: Batch, latent: Tensor) -> tuple[Tensor, ...]:
        if self.makes == "translation":
            return (batch["image"].flip(3),)
        if self.makes == "enlargement":
            return (avg_pool2d(batch["image"], self.scale),)
        if self.makes in ("layout", "style"):
            layout = levels(batch["image"])
            return (layout,) if self.makes == "layout" else (latent, layout)
        return (latent, batch["label"]) if self.makes == "labels" else (latent,)

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return what the generator makes, and real images."""
        latent = self.latent.fixed(len(batch["image"])).to(batch["image"].device)
        return {"made": self.generator(*self._inputs(batch, latent)), "real": batch["image"]}

    def graphs(self) -> dict[str, Graph]:
        """Return the generator."""
        if self.makes in ("translation", "enlargement"):
            return {"generator": Graph(network=self.generator, inputs=("image",), outputs=("image",), scale=self.scale)}
        if self.makes in ("layout", "style"):
            network = Network(Levelled(self.generator.module), "generator")
            given = ("image",) if self.makes == "layout" else ("image", self.latent)
            return {"generator": Graph(network=network, inputs=given, outputs=("image",))}
        inputs = (self.latent, self.label) if self.makes == "labels" else (self.latent,)
        return {"generator": Graph(network=self.generator, task="generate", inputs=inputs, outputs=("image",))}


class Plain(Normalization):
    """Leaves everything as it is; under a vector, activations are scaled and shifted by it."""

    def activation(self, channels: int, condition: int | None = None) -> nn.Module:
        """Return what leaves activations as they are, or scales and shifts them."""
        return nn.Identity() if condition is None else Conditioned(channels, condition)


class Logistic(AdversarialLoss):
    """The logistic game, non-saturating; energies, which are low for real images, are scores of the other sign.

    Args:
        reads: what the discriminator gives.
    """

    boundary = 0.0

    def __init__(self, *, reads: Literal["scores", "energies"] = "scores") -> None:
        super().__init__()
        # Other games state it once and for all.
        self.wants = reads  # type: ignore[misc]
        self.sign = -1 if reads == "energies" else 1

    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Return -E[log D(x)] - E[log(1 - D(G(z)))]."""
        return softplus(-self.sign * real_scores).mean() + softplus(self.sign * fake_scores).mean()

    def generator(self, fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
        """Return -E[log D(G(z))]."""
        return softplus(-self.sign * fake_scores).mean()


def make_generator(spec: GeneratorSpec, build: Build) -> nn.Module:
    """Build a generator of three layers."""
    norms = build.normalization("generator")
    return norms.network(Maker(spec, norms))


def make_discriminator(spec: DiscriminatorSpec, build: Build) -> nn.Module:
    """Build a discriminator of three layers."""
    norms = build.normalization("discriminator")
    return norms.network(Judge(spec, norms))


@hookimpl
def recipe() -> type[Recipe]:
    """Return the training."""
    return Workbench


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the generator."""
    return make_generator


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the discriminator."""
    return make_discriminator


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return the logistic game."""
    return Logistic


@hookimpl
def normalization() -> type[Normalization]:
    """Return what leaves everything as it is, but for a vector's sake."""
    return Plain
