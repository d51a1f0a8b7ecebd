"""CUT: one-sided unpaired image translation by patchwise contrast (Park et al. 2020, arXiv:2007.15651).

One generator translates A to B. What keeps the content is no way back, but a contrast: the feature of a place in the
translation must be nearer to that of the same place in the input than to those of 255 other places (equations 2 and 3).
The features are the generator's own, from the first half of it. The objective is equation 5, with CycleGAN's networks
and its least-squares game. FastCUT, the paper's faster variant, is

    -s nce=10 -s nce_identity=0 -s flip_equivariance=true -s epochs=200 -s decay_from=0.75

Where the paper's text leaves a choice, or the authors' code leaves the text, the code decides, since the paper's
figures are its own: the learning rate is CycleGAN's 0.0002 (the text has 0.002); the contrast is averaged over layers
and places, and the two terms are halved where both are on (the text has sums); no gradient flows through the keys, the
features of the input (the text says nothing; the authors took it over from MoCo); a step moves the discriminator first,
by half of its loss; weights are drawn after Glorot and Bengio with gain 0.02; FastCUT's rate falls in the last quarter.

Where this leaves both: the strided convolutions are CycleGAN's, where the authors' code blurs (its receptive fields of
15, 35 and 99 pixels are 13, 29 and 93 here), and features are read after their norm and ReLU, where a generator gives
them. With fewer residual blocks than nine, the one in the middle stands in for the fifth. Images of a batch are
mirrored each by itself, not all at once; at the paper's batch of one this is the same.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from gantk import (
    Batch,
    Batches,
    Build,
    Defaults,
    DiscriminatorSpec,
    GeneratorSpec,
    Graph,
    Player,
    Recipe,
    Settings,
    Step,
    UsageError,
    hookimpl,
    initialize_normal,
)

UNITS = 256
"""Units of both layers of a head (section 3, and appendix)."""


def patch_nce(queries: Tensor, keys: Tensor, temperature: float) -> Tensor:
    """Return the mean cross entropy of finding each query's own key among the keys of its image (equation 2).

    Args:
        queries: vectors (N, places, units) of the translation; they are brought to length 1.
        keys: vectors of the input at the same places, likewise.
        temperature: what cosines are divided by, the paper's tau.
    """
    cosines = normalize(queries, dim=2) @ normalize(keys, dim=2).transpose(1, 2)
    own = torch.arange(queries.shape[1], device=queries.device).expand(len(queries), -1)
    return cross_entropy((cosines / temperature).flatten(0, 1), own.flatten())


def initialize_glorot(network: nn.Module, gain: float = 0.02) -> None:
    """Draw each layer's weights from N(0, gain sqrt(2 / (inputs + outputs))), and norms as CycleGAN does."""
    initialize_normal(network)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            weight = layer.weight
            connections = (weight.shape[0] + weight.shape[1]) * weight[0, 0].numel()
            initialize_normal(layer, std=gain * (2 / connections) ** 0.5)


class Heads(nn.Module):
    """A perceptron of two layers for each layer of features, H in equation 3; called `heads(number, vectors)`."""

    def __init__(self, channels: list[int]) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(count, UNITS), nn.ReLU(), nn.Linear(UNITS, UNITS)) for count in channels
        )

    def forward(self, number: int, vectors: Tensor) -> Tensor:
        """Return vectors (..., units) of a layer's vectors (..., channels)."""
        projected: Tensor = self.heads[number](vectors)
        return projected


class CUT(Recipe):
    """Translates from one domain to another, of images that are not paired.

    Args:
        nce: weight of the contrast of the translation with its input, the paper's lambda_X.
        nce_identity: weight of the contrast of B's images with what becomes of them, the paper's lambda_Y; 0: none.
        layers: what is contrasted: 0 is the image, 1 the first of the generator's features; unsaid: the image, both
            downsampling layers, the first residual block and the one in the middle, which is 0,2,3,4,8 of nine blocks.
        patches: places that are drawn from each layer, or as many as it has.
        temperature: what cosines are divided by, the paper's tau.
        flip_equivariance: whether images go into the generator mirrored at random, and its features are mirrored back.
        scales: discriminators, each of which scores images half as large as the one before; the paper has one.
    """

    kind = "unpaired"
    defaults = Defaults(
        generator="resnet",
        discriminator="patchgan",
        loss="lsgan",
        normalization={"generator": "instance", "discriminator": "instance"},
    )
    settings = Settings(
        optimizer="adam",
        learning_rate=2e-4,
        betas=(0.5, 0.999),
        batch_size=1,
        epochs=400,
        schedule="linear",
        decay_from=0.5,
        jitter=286 / 256,
        flip=True,
    )

    def __init__(
        self,
        build: Build,
        *,
        nce: float = 1.0,
        nce_identity: float = 1.0,
        layers: tuple[int, ...] | None = None,
        patches: int = 256,
        temperature: float = 0.07,
        flip_equivariance: bool = False,
        scales: int = 1,
    ) -> None:
        super().__init__()
        channels, size = build.data.channels["a"], build.data.size
        if channels != build.data.channels["b"]:
            raise UsageError(
                f"cut needs A and B with the same channels, not {channels} and {build.data.channels['b']}: "
                "its generator also reads what it makes"
            )
        if patches < 2 or temperature <= 0:
            raise UsageError(f"cut needs patches >= 2 and temperature > 0, not {patches} and {temperature}")
        share = 0.5 if nce_identity else 1.0
        self.nce, self.nce_identity = share * nce, share * nce_identity
        self.patches, self.temperature, self.flip_equivariance = patches, temperature, flip_equivariance
        self.game = build.loss()
        self.a_to_b = build.generator(GeneratorSpec(inputs=channels, outputs=channels, size=size, features=True))
        self.discriminator = build.discriminator(DiscriminatorSpec(channels=channels, size=size), scales=scales)
        found = self._channels(channels, build.data.sides)
        self.layers = _paper_layers(len(found)) if layers is None else layers
        if not self.layers or not all(0 <= layer < len(found) for layer in self.layers):
            raise UsageError(f"cut needs layers from 0 to {len(found) - 1} of this generator, not {self.layers}")
        self.heads = build.network(Heads([found[layer] for layer in self.layers]), "heads")
        for network in (self.a_to_b, self.discriminator, self.heads):
            initialize_glorot(network)

    def players(self) -> dict[str, Player]:
        """Return the generator with the heads, which learn to serve the same loss, and the discriminator."""
        return {
            "generator": Player(self.a_to_b, self.heads),
            "discriminator": Player(self.discriminator, critic=True),
        }

    def step(self, batches: Batches) -> Step:
        """Move the discriminator by half of its loss, then the generator and the heads by equation 5."""
        batch = next(batches)
        a, b = batch["a"], batch["b"]
        critic = self.discriminator.given()
        due = self.due("generator")
        mirrored = torch.rand(len(a), 1, 1, 1, device=a.device) < 0.5 if self.flip_equivariance else None

        with torch.set_grad_enabled(due):
            shown = [a, b] if due and self.nce_identity else [a]
            fake, *same = self.a_to_b.each(*(_mirror(images, mirrored) for images in shown))
        losses = self.game.judge(critic, b, fake)
        yield "discriminator", {name: 0.5 * loss for name, loss in losses.items()}

        if due:
            losses = {
                "game": self.game.fool(critic, fake, b),
                "nce": self.nce * self._contrast(a, fake, mirrored),
            }
            if same:
                losses["nce_identity"] = self.nce_identity * self._contrast(b, same[0], mirrored)
            yield "generator", losses

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return A, its translation and, where it is known, what it should be."""
        reference = {"reference": batch["reference"]} if "reference" in batch else {}
        return {"input": batch["a"], "output": self.a_to_b(batch["a"]), **reference}

    def graphs(self) -> dict[str, Graph]:
        """Return the translation."""
        return {"a_to_b": Graph(network=self.a_to_b, inputs=("a",), outputs=("b",))}

    def _contrast(self, source: Tensor, translated: Tensor, mirrored: Tensor | None) -> Tensor:
        """Return the contrast of a translation with its source, at places drawn anew, as a mean over layers."""
        queries = self._features(translated)
        with torch.no_grad():
            keys = self._features(source)
        total = translated.new_zeros(())
        for number, layer in enumerate(self.layers):
            query, key = _mirror(queries[layer], mirrored).flatten(2), keys[layer].flatten(2)
            places = torch.randperm(key.shape[2], device=key.device)[: self.patches]
            projected = self.heads(number, query[:, :, places].transpose(1, 2))
            with torch.no_grad():
                target = self.heads(number, key[:, :, places].transpose(1, 2))
            total = total + patch_nce(projected, target, self.temperature)
        return total / len(self.layers)

    def _features(self, images: Tensor) -> list[Tensor]:
        return [images, *self.a_to_b.features(images)]

    @torch.no_grad()
    def _channels(self, channels: int, sides: tuple[int, int]) -> list[int]:
        """Return the channels of each layer of features, found by trying; nothing that the generator keeps changes."""
        self.a_to_b.eval()
        found = [layer.shape[1] for layer in self._features(torch.zeros(1, channels, *sides))]
        self.a_to_b.train()
        return found


def _paper_layers(count: int) -> tuple[int, ...]:
    """Return which of `count` layers the paper contrasts: in ResNet three come before the residual blocks."""
    middle = (count + 3) // 2
    return tuple(layer for layer in sorted({0, 2, 3, 4, middle}) if layer < count)


def _mirror(images: Tensor, mirrored: Tensor | None) -> Tensor:
    return images if mirrored is None else torch.where(mirrored, images.flip(3), images)


@hookimpl
def recipe() -> type[Recipe]:
    """Return CUT's training algorithm."""
    return CUT
