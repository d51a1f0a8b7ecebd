"""Regression alone: pix2pix's generator, taught by the L1 loss and no game."""

from torch import Tensor
from torch.nn.functional import l1_loss

from gantk import (
    Batch,
    Batches,
    Build,
    Defaults,
    GeneratorSpec,
    Graph,
    Player,
    Recipe,
    Step,
    hookimpl,
    initialize_normal,
)
from gantk_plugins.translation.pix2pix import Pix2Pix


class Regression(Recipe):
    """Learns the mean L1 to the target."""

    kind = "paired"
    defaults = Defaults(generator="unet", normalization={"generator": "batch"})
    settings = Pix2Pix.settings

    def __init__(self, build: Build) -> None:
        super().__init__()
        inputs, outputs = build.data.channels["source"], build.data.channels["target"]
        spec = GeneratorSpec(inputs=inputs, outputs=outputs, size=build.data.size)
        self.generator = initialize_normal(build.generator(spec))

    def players(self) -> dict[str, Player]:
        return {"generator": Player(self.generator)}

    def step(self, batches: Batches) -> Step:
        batch = next(batches)
        yield "generator", {"l1": l1_loss(self.generator(batch["source"]), batch["target"])}

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        return {"input": batch["source"], "output": self.generator(batch["source"]), "reference": batch["target"]}

    def graphs(self) -> dict[str, Graph]:
        return {"source_to_target": Graph(network=self.generator, inputs=("source",), outputs=("target",))}


@hookimpl
def recipe() -> type[Recipe]:
    return Regression
