"""The recipe mixes two images, by as much as a number says. Unpublished."""

from torch import Tensor, nn

from gantk import Batch, Batches, Build, Graph, Network, Player, Recipe, Scalar, Settings, Step, hookimpl


class Mixing(nn.Module):
    """The second image's share is the number."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, 1, 1)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1)

    def forward(self, source: Tensor, target: Tensor, share: Tensor) -> Tensor:
        part = share.view(-1, 1, 1, 1)
        return ((1 - part) * self.first(source) + part * self.second(target)).tanh()


class Sources(Recipe):
    """Its target is the mean of both."""

    kind = "paired"
    settings = Settings(optimizer="adam", learning_rate=1e-3)

    def __init__(self, build: Build) -> None:
        super().__init__()
        self.share = Scalar(name="share", default=0.5, low=0, high=1)
        self.mixer = Network(Mixing(build.data.channels["source"]), "generator")

    def players(self) -> dict[str, Player]:
        return {"generator": Player(self.mixer)}

    def made(self, batch: Batch) -> Tensor:
        share = self.share.fixed(len(batch["source"])).to(batch["source"].device)
        return self.mixer(batch["source"], batch["target"], share)

    def step(self, batches: Batches) -> Step:
        batch = next(batches)
        mean = (batch["source"] + batch["target"]) / 2
        yield "generator", {"l1": (self.made(batch) - mean).abs().mean()}

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        return {"source": batch["source"], "made": self.made(batch)}

    def graphs(self) -> dict[str, Graph]:
        inputs = ("source", "target", self.share)
        return {"mix": Graph(network=self.mixer, inputs=inputs, outputs=("target",))}


@hookimpl
def recipe() -> type[Recipe]:
    return Sources
