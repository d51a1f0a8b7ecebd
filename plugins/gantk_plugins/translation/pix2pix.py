"""pix2pix: paired image translation (Isola et al. 2017, arXiv:1611.07004).

A generator translates a source image, and a discriminator scores pairs of source and target (equation 1); an L1 loss
to the true target holds the translation to it (equation 4).

What leaves the paper: the generator moves before the discriminator, so that its graph is freed early; the same two
updates alternate. The paper states no decay of the learning rate, and another number of epochs for each data set; 200
with a linear decay over the second half are what the field's reference code uses. Dropout is the paper's only noise
and stays on in its tests; here it is off once trained, so that an exported model gives one answer. The paper takes the
statistics of the test batch; at its batch size of 1 they are each image's own, and so they are here. Trained on larger
batches, networks are tested with averages over the data, so that no image's translation depends on others.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import l1_loss

from gantk import (
    Batch,
    Batches,
    Build,
    DataInfo,
    Defaults,
    DiscriminatorSpec,
    GeneratorSpec,
    Graph,
    Player,
    Recipe,
    Settings,
    Step,
    hookimpl,
    initialize_normal,
)
from gantk_plugins.losses.feature_matching import fooled
from gantk_plugins.losses.perceptual import perceptual, perceptual_network


class Pix2Pix(Recipe):
    """Translates images by example: each source image has its target.

    Args:
        l1: weight of the L1 loss to the target, the paper's lambda.
        scales: discriminators, each of which scores images half as large as the one before.
        feature_matching: weight of the difference between the discriminator's inner activations; 0: none.
        perceptual: by which network images are compared besides: a file of VGG-19's weights, vgg19 where that is
            downloaded, or efficientnet-lite0; unsaid: by none.
        perceptual_weight: weight of that comparison.
    """

    kind = "paired"
    defaults = Defaults(
        generator="unet",
        discriminator="patchgan",
        loss="non-saturating",
        normalization={"generator": "batch", "discriminator": "batch"},
    )
    settings = Settings(
        optimizer="adam",
        learning_rate=2e-4,
        betas=(0.5, 0.999),
        batch_size=1,
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
        l1: float = 100.0,
        scales: int = 1,
        feature_matching: float = 0.0,
        perceptual: str | None = None,
        perceptual_weight: float = 10.0,
    ) -> None:
        super().__init__()
        source, target = self.channels(build.data)
        size = build.data.size
        self.l1, self.matching, self.perceptual_weight = l1, feature_matching, perceptual_weight
        self.perceptual = None if perceptual is None else perceptual_network(build, perceptual, target)
        self.game = build.loss()
        self.generator = initialize_normal(build.generator(GeneratorSpec(inputs=source, outputs=target, size=size)))
        judged = DiscriminatorSpec(channels=target, condition_channels=source, size=size, features=feature_matching > 0)
        self.discriminator = initialize_normal(build.discriminator(judged, scales=scales))

    def channels(self, data: DataInfo) -> tuple[int, int]:
        """Return how many channels the source and the target have."""
        return data.channels["source"], data.channels["target"]

    def pair(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the source and the target of a batch."""
        return batch["source"], batch["target"]

    def players(self) -> dict[str, Player]:
        """Return the generator and the discriminator."""
        return {"generator": Player(self.generator), "discriminator": Player(self.discriminator, critic=True)}

    def step(self, batches: Batches) -> Step:
        """Move the generator by equation 4, then the discriminator by half of its objective (section 3.3)."""
        source, target = self.pair(next(batches))
        critic = self.discriminator.given(source)

        with torch.set_grad_enabled(self.due("generator")):
            fake = self.generator(source)
        if self.due("generator"):
            losses = fooled(self.game, critic, fake, target, self.matching)
            losses["l1"] = self.l1 * l1_loss(fake, target)
            if self.perceptual is not None:
                losses["perceptual"] = self.perceptual_weight * perceptual(self.perceptual, fake, target)
            yield "generator", losses

        judged = self.game.judge(critic, target, fake)
        yield "discriminator", {name: 0.5 * loss for name, loss in judged.items()}

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return the source, its translation and the target."""
        return {"input": batch["source"], "output": self.generator(batch["source"]), "reference": batch["target"]}

    def graphs(self) -> dict[str, Graph]:
        """Return the translation."""
        return {"source_to_target": Graph(network=self.generator, inputs=("source",), outputs=("target",))}


@hookimpl
def recipe() -> type[Recipe]:
    """Return pix2pix's training algorithm."""
    return Pix2Pix
