"""Paired translation by matched features (Wang et al. 2018, arXiv:1711.11585), at one scale.

pix2pixHD holds a translation to its target by what the discriminator sees in both (equations 3 and 4). Its other ideas
are left out: generators and discriminators of several scales, and instance maps. As in the paper, the game is that of
least squares. The paper's code halves the discriminator's loss; here it is whole, as its equation has it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import l1_loss

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
    hookimpl,
    initialize_normal,
)

gantk_api = ">=1.0,<2"


class Matched(Recipe):
    """Translates images by example; no loss compares pixels.

    Args:
        matching: weight of the feature matching loss, the paper's lambda.
    """

    kind = "paired"
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
        epochs=200,
        schedule="linear",
        decay_from=0.5,
    )

    def __init__(self, build: Build, *, matching: float = 10.0) -> None:
        super().__init__()
        source, target, size = build.data.channels["source"], build.data.channels["target"], build.data.size
        self.matching = matching
        self.game = build.loss()
        self.generator = initialize_normal(build.generator(GeneratorSpec(inputs=source, outputs=target, size=size)))
        self.discriminator = initialize_normal(
            build.discriminator(DiscriminatorSpec(channels=target, condition_channels=source, size=size, features=True))
        )

    def players(self) -> dict[str, Player]:
        """Return the generator and the discriminator."""
        return {"generator": Player(self.generator), "discriminator": Player(self.discriminator, critic=True)}

    def step(self, batches: Batches) -> Step:
        """Move the generator by equation 4, then the discriminator by its side of the game."""
        batch = next(batches)
        source, target = batch["source"], batch["target"]
        critic = self.discriminator.given(source)

        with torch.set_grad_enabled(self.due("generator")):
            fake = self.generator(source)
        if self.due("generator"):
            with torch.no_grad():
                wanted = critic.features(target)
            seen = critic.features(fake)
            yield (
                "generator",
                {
                    "game": self.game.fool(critic, fake, target),
                    "matching": self.matching * feature_matching(wanted, seen),
                },
            )

        yield "discriminator", self.game.judge(critic, target, fake)

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return the source, its translation and the target."""
        return {"input": batch["source"], "output": self.generator(batch["source"]), "reference": batch["target"]}

    def graphs(self) -> dict[str, Graph]:
        """Return the translation."""
        return {"source_to_target": Graph(network=self.generator, inputs=("source",), outputs=("target",))}


def feature_matching(wanted: list[Tensor], seen: list[Tensor]) -> Tensor:
    """Return the sum over layers of the mean absolute difference (equation 3)."""
    return torch.stack([l1_loss(mine, theirs) for mine, theirs in zip(seen, wanted, strict=True)]).sum()


@hookimpl
def recipe() -> type[Recipe]:
    """Return the training algorithm."""
    return Matched
