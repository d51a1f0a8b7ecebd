"""The recipe translates images by example: a game on pairs of images, and an L1 loss.

The objective is equation 4 of Isola et al. 2017 (arXiv:1611.07004), the parts are those
named in `defaults`; `step` is where your method goes.
"""

import torch
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
from torch import Tensor
from torch.nn.functional import l1_loss


class PairedTranslation(Recipe):
    """Translates images by example: each source image has its target.

    Args:
        l1: weight of the L1 loss to the target.
    """

    kind = "paired"
    defaults = Defaults(
        generator="{generator}",
        discriminator="{discriminator}",
        loss="{loss}",
        normalization={
            "generator": "{normalization}",
            "discriminator": "{normalization}",
        },
    )
    settings = Settings(optimizer="adam", learning_rate=2e-4, betas=(0.5, 0.999))

    def __init__(self, build: Build, *, l1: float = 100.0) -> None:
        super().__init__()
        channels, size = build.data.channels, build.data.size
        source, target = channels["source"], channels["target"]
        self.l1 = l1
        self.game = build.loss()
        self.generator = initialize_normal(
            build.generator(GeneratorSpec(inputs=source, outputs=target, size=size))
        )
        self.discriminator = initialize_normal(
            build.discriminator(
                DiscriminatorSpec(channels=target, condition_channels=source, size=size)
            )
        )

    def players(self) -> dict[str, Player]:
        """Return the generator and the discriminator."""
        return {
            "generator": Player(self.generator),
            "discriminator": Player(self.discriminator, critic=True),
        }

    def step(self, batches: Batches) -> Step:
        """Move the generator, then the discriminator."""
        batch = next(batches)
        source, target = batch["source"], batch["target"]
        critic = self.discriminator.given(source)

        with torch.set_grad_enabled(self.due("generator")):
            fake = self.generator(source)
        if self.due("generator"):
            losses = {
                "game": self.game.fool(critic, fake, target),
                "l1": self.l1 * l1_loss(fake, target),
            }
            yield "generator", losses

        yield "discriminator", self.game.judge(critic, target, fake)

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return the source, its translation and the target."""
        source = batch["source"]
        return {
            "input": source,
            "output": self.generator(source),
            "reference": batch["target"],
        }

    def graphs(self) -> dict[str, Graph]:
        """Return the translation, which `gantk export` writes."""
        graph = Graph(network=self.generator, inputs=("source",), outputs=("target",))
        return {"source_to_target": graph}


@hookimpl
def recipe() -> type[Recipe]:
    """Return the training algorithm."""
    return PairedTranslation
