"""The smallest training in which a part can be tried, and parts to try it with; unpublished.

The generator makes images of images, of noise, or of noise and labels, whatever the part that is tried can do; the
discriminator scores them alone, under an image, under a label, or with the noise. Parts that the plugin under check
brings take the place of these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss, softplus

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
    Normalization,
    Player,
    Recipe,
    Step,
    hookimpl,
)

WIDTH, LATENT = 8, 8


class Workbench(Recipe):
    """Plays a game of one generator and one discriminator.

    Args:
        makes: what the generator makes images of.
        judges: what the discriminator scores images with.
    """

    kind = ("labelled", "images")
    defaults = Defaults(normalization={"generator": "workbench", "discriminator": "workbench"})

    def __init__(
        self,
        build: Build,
        *,
        makes: Literal["translation", "noise", "labels"] = "translation",
        judges: Literal["image", "pair", "label", "latent"] = "image",
    ) -> None:
        super().__init__()
        channels, size, classes = build.data.channels["image"], build.data.size, len(build.data.classes)
        self.makes, self.judges = makes, judges
        self.latent = Latent(length=LATENT)
        self.label = Category(count=max(classes, 1), names=build.data.classes)
        self.game = build.loss()
        translates = makes == "translation"
        self.generator = build.generator(
            GeneratorSpec(
                inputs=channels if translates else None,
                latent=None if translates else LATENT,
                classes=classes if makes == "labels" else None,
                outputs=channels,
                size=size,
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

    def players(self) -> dict[str, Player]:
        """Return the discriminator and the generator."""
        return {"discriminator": Player(self.discriminator, critic=True), "generator": Player(self.generator)}

    def step(self, batches: Batches) -> Step:
        """Move the discriminator, then the generator; a translation should also be the image, mirrored."""
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
            if self.makes == "translation":
                losses["l1"] = l1_loss(fake, real)
            yield "generator", losses

    def _inputs(self, batch: Batch, latent: Tensor) -> tuple[Tensor, ...]:
        if self.makes == "translation":
            return (batch["image"].flip(3),)
        return (latent, batch["label"]) if self.makes == "labels" else (latent,)

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return what the generator makes, and real images."""
        latent = self.latent.fixed(len(batch["image"])).to(batch["image"].device)
        return {"made": self.generator(*self._inputs(batch, latent)), "real": batch["image"]}

    def graphs(self) -> dict[str, Graph]:
        """Return the generator."""
        if self.makes == "translation":
            return {"generator": Graph(network=self.generator, inputs=("image",), outputs=("image",))}
        inputs = (self.latent, self.label) if self.makes == "labels" else (self.latent,)
        return {"generator": Graph(network=self.generator, task="generate", inputs=inputs, outputs=("image",))}


class Maker(nn.Module):
    """Makes images (N, outputs, size, size) of images, or of a latent vector and a label."""

    def __init__(self, spec: GeneratorSpec, norms: Normalization) -> None:
        super().__init__()
        bias = not norms.shifts
        if spec.inputs is None:
            self.vector: nn.Module = norms.weight(nn.Linear(spec.latent or 1, WIDTH * 4**2))
            self.label = nn.Embedding(spec.classes, WIDTH * 4**2) if spec.classes else None
            self.first: nn.Module = nn.Sequential(nn.Unflatten(1, (WIDTH, 4, 4)), nn.Upsample((spec.size, spec.size)))
        else:
            self.vector, self.label = nn.Identity(), None
            self.first = norms.weight(nn.Conv2d(spec.inputs, WIDTH, 3, padding=1, bias=bias))
        self.second = nn.Sequential(norms.weight(nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=bias)))
        self.norms = nn.ModuleList(norms.activation(WIDTH) for _ in range(2))
        self.last = norms.weight(nn.Conv2d(WIDTH, spec.outputs, 3, padding=1))

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        x = self.vector(x)
        if label is not None and self.label is not None:
            x = x + self.label(label)
        for layer, norm in zip((self.first, self.second), self.norms, strict=True):
            x = torch.relu(norm(layer(x)))
        image: Tensor = torch.tanh(self.last(x))
        return image


class Judge(nn.Module):
    """Gives images (N, channels, size, size) scores (N, 1, size / 4, size / 4), or energies (N,)."""

    def __init__(self, spec: DiscriminatorSpec, norms: Normalization) -> None:
        super().__init__()
        self.energies = spec.output == "energies"
        self.label = nn.Embedding(spec.classes, WIDTH) if spec.classes else None
        self.latent = nn.Linear(spec.joint_latent, WIDTH) if spec.joint_latent else None
        bias = not norms.shifts
        self.first = norms.weight(nn.Conv2d(spec.channels + spec.condition_channels, WIDTH, 4, 2, 1))
        self.second = norms.weight(nn.Conv2d(WIDTH, WIDTH, 4, 2, 1, bias=bias))
        self.norm = norms.activation(WIDTH)
        self.last = norms.weight(nn.Conv2d(WIDTH, 1, 3, padding=1))

    def forward(self, image: Tensor, *conditions: Tensor) -> Tensor:
        return self.score(self.features(image, *conditions))

    def features(self, image: Tensor, *conditions: Tensor) -> list[Tensor]:
        """Return the activations of both inner layers."""
        given = [condition for condition in conditions if condition.dim() == 4]
        first = torch.relu(self.first(torch.cat([image, *given], 1)))
        for read in (self.label, self.latent):
            if read is not None:
                first = first + read(conditions[0])[:, :, None, None]
        return [first, torch.relu(self.norm(self.second(first)))]

    def score(self, features: list[Tensor]) -> Tensor:
        """Return scores, or the mean of their squares as the energy of each image."""
        scores: Tensor = self.last(features[-1])
        return scores.square().flatten(1).mean(1) if self.energies else scores


class Conditioned(nn.Module):
    """Scales and shifts activations (N, channels, H, W) by linear functions of a vector (N, condition)."""

    def __init__(self, channels: int, condition: int) -> None:
        super().__init__()
        self.changes = nn.Linear(condition, 2 * channels)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.changes(condition)[:, :, None, None].chunk(2, 1)
        changed: Tensor = x * (1 + scale) + shift
        return changed


class Plain(Normalization):
    """Leaves everything as it is; under a vector, activations are scaled and shifted by it."""

    def activation(self, channels: int, condition: int | None = None) -> nn.Module:
        """Return what leaves activations as they are, or scales and shifts them."""
        return nn.Identity() if condition is None else Conditioned(channels, condition)


class Logistic(AdversarialLoss):
    """The logistic game, non-saturating."""

    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Return -E[log D(x)] - E[log(1 - D(G(z)))]."""
        return softplus(-real_scores).mean() + softplus(fake_scores).mean()

    def generator(self, fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
        """Return -E[log D(G(z))]."""
        return softplus(-fake_scores).mean()


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
