"""The recipe makes images four times as high and wide. Unpublished."""

from collections.abc import Callable

from torch import Tensor, nn

from gantk import Batch, Batches, Build, GeneratorSpec, Graph, Player, Recipe, Settings, Step, Unsupported, hookimpl


def enlarger(spec: GeneratorSpec, build: Build) -> nn.Module:
    """It enlarges four times alone."""
    spec.accept("inputs", "scale", "sides")
    channels = spec.need("inputs")
    if spec.scale != 4:
        raise Unsupported(f"makes images four times as large, not {spec.scale}")
    return nn.Sequential(
        *(nn.Conv2d(channels, 4, 3, 1, 1), nn.InstanceNorm2d(4, affine=True), nn.Upsample(scale_factor=2)),
        *(nn.ConvTranspose2d(4, channels, 4, 2, 1), nn.Tanh()),
    )


class Enlarging(Recipe):
    """Its targets are the images, which it sees four times smaller."""

    kind = "scaled"
    settings = Settings(optimizer="adam", learning_rate=1e-3)

    def __init__(self, build: Build) -> None:
        super().__init__()
        channels, size = build.data.channels, build.data.sizes["low"]
        self.enlarger = build.generator(
            GeneratorSpec(scale=4, inputs=channels["low"], outputs=channels["high"], size=size)
        )

    def players(self) -> dict[str, Player]:
        return {"generator": Player(self.enlarger)}

    def step(self, batches: Batches) -> Step:
        batch = next(batches)
        yield "generator", {"l1": (self.enlarger(batch["low"]) - batch["high"]).abs().mean()}

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        return {"high": batch["high"], "made": self.enlarger(batch["low"])}

    def graphs(self) -> dict[str, Graph]:
        return {"enlarge": Graph(network=self.enlarger, inputs=("low",), outputs=("high",), scale=4)}


@hookimpl
def recipe() -> type[Recipe]:
    return Enlarging


@hookimpl
def generator() -> Callable[..., nn.Module]:
    return enlarger
