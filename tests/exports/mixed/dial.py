"""The recipe makes images of noise that a number dampens, twice as wide as high. Unpublished."""

from torch import Tensor, nn
from torch.nn.functional import interpolate

from gantk import Batch, Batches, Build, Graph, Latent, Network, Player, Recipe, Scalar, Settings, Step, hookimpl


class Dampened(nn.Module):
    """A dense layer on noise that is multiplied by a number."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.dense = nn.Linear(4, channels * 8 * 16)
        self.last = nn.Conv2d(channels, channels, 3, 1, 1)

    def forward(self, noise: Tensor, psi: Tensor) -> Tensor:
        hidden = self.dense(noise * psi[:, None])
        return self.last(hidden.unflatten(1, (-1, 8, 16))).tanh()


class Dial(Recipe):
    """Its target are images, squeezed."""

    kind = "images"
    settings = Settings(optimizer="adam", learning_rate=1e-3)

    def __init__(self, build: Build) -> None:
        super().__init__()
        self.latent = Latent(length=4)
        self.psi = Scalar(name="psi", default=0.7, low=0, high=1)
        self.generator = Network(Dampened(build.data.channels["image"]), "generator")

    def players(self) -> dict[str, Player]:
        return {"generator": Player(self.generator)}

    def step(self, batches: Batches) -> Step:
        image = next(batches)["image"]
        noise = self.latent.drawn(len(image), image.device)
        made = self.generator(noise, self.psi.fixed(len(image)).to(image.device))
        yield "generator", {"l2": (made - interpolate(image, (8, 16))).square().mean()}

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        image = batch["image"]
        noise = self.latent.fixed(len(image)).to(image.device)
        return {"made": self.generator(noise, self.psi.fixed(len(image)).to(image.device))}

    def graphs(self) -> dict[str, Graph]:
        inputs = (self.latent, self.psi)
        return {"generator": Graph(network=self.generator, task="generate", inputs=inputs, outputs=("image",))}


@hookimpl
def recipe() -> type[Recipe]:
    return Dial
