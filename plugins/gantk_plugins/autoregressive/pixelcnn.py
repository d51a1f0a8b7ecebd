"""PixelCNN: an image's likelihood, value by value (van den Oord et al. 2016, arXiv:1601.06759).

The probability of an image is the product of those of its values, each given all before it (equation 1); a network of
masked convolutions tells all of them at once, each as a softmax over its levels. What is minimized is -log p, here in
nats a value; `nats` of an image and `bits` per dimension are noted. Images are drawn value by value.

With `gated` it is Gated PixelCNN (van den Oord et al. 2016, arXiv:1606.05328), without the blind spot of plain masks.
With `levels=2` images are on or off: where they are lighter than grey, or, with `draws`, by chance as often as they are
light, anew at each step. The former is easier, so its nats compare with no others.

Widths and depth are the papers' for CIFAR-10, where a map's channels are stated for the whole, here for each channel of
the image, so that each has its share. RMSProp is the paper's and batches of 16, too. It states that rates were chosen
by hand, and no length: both are this project's.
"""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from torch import Tensor

from gantk import (
    Batch,
    Batches,
    Build,
    Graph,
    Latent,
    Network,
    Player,
    Recipe,
    Scalar,
    Settings,
    Step,
    UsageError,
    Vector,
    hookimpl,
)
from gantk_plugins.autoregressive.levels import MOST, Nats, ValueByValue, check_levels, leveled, nats, values
from gantk_plugins.autoregressive.masked import GatedPixelCNN, PixelCNN

SHOWN = 4
"""Images that a preview draws, each value of which takes a pass."""


class ByLikelihood(Recipe):
    """Draws images value by value by a network of its own, and tells the likelihood of images.

    Args:
        levels: that a value can have: 256 of bytes, 2 of images that are on or off.
        draws: whether images of two levels are drawn anew at each step, as often on as they are light.
    """

    kind = "images"
    settings = Settings(
        optimizer="rmsprop", learning_rate=1e-3, batch_size=16, size=32, steps=500_000, clip=1.0, precision="fp32"
    )

    network: Network

    def __init__(self, build: Build, levels: int, *, draws: bool) -> None:
        super().__init__()
        check_levels(levels)
        if draws and levels != 2:
            raise UsageError(f"draws is of images of two levels: say -s levels=2, not levels={levels}")
        self.levels, size = levels, build.data.square
        self.shape = (build.data.channels["image"], size, size)
        self.chance = Latent(name="binarization", shape=self.shape, distribution="uniform") if draws else None
        self.given = (
            Latent(name="noise", shape=self.shape, distribution="uniform"),
            Scalar(name="temperature", default=1, low=0.01, high=10),
        )

    def players(self) -> dict[str, Player]:
        """Return the network, who plays alone."""
        return {"network": Player(self.network)}

    def step(self, batches: Batches) -> Step:
        """Move the network up the likelihood of a batch (equation 1)."""
        image = next(batches)["image"]
        if self.chance:
            image = binarized(image, self.chance.drawn(len(image), image.device))
        level = leveled(image, self.levels)
        found = nats(self.network(values(level, self.levels)), level).mean()
        self.note(nats=found, bits=found / (math.prod(self.shape) * math.log(2)))
        yield "network", {"likelihood": found / math.prod(self.shape)}

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return real images as their levels show them, and images drawn of fixed noise."""
        real = batch["image"][:SHOWN]
        given = [port.fixed(len(real)).to(real.device) for port in self.given]
        return {"real": values(leveled(real, self.levels), self.levels), "generated": self.sampler()(*given)}

    @abstractmethod
    def sampler(self) -> Network:
        """Return what draws images."""

    def graphs(self) -> dict[str, Graph]:
        """Return what draws images, and the likelihood of images."""
        size = self.shape[1]
        counted = Nats(self.network, self.levels)
        return {
            "generator": Graph(
                network=self.sampler(), task="generate", inputs=self.given, outputs=("image",), size=size
            ),
            "likelihood": Graph(
                network=Network(Binarized(counted) if self.chance else counted, "likelihood"),
                task="score",
                inputs=("image", self.chance) if self.chance else ("image",),
                outputs=(Vector(name="nats"),),
                size=size,
            ),
        }


class PixelCNNRecipe(ByLikelihood):
    """Draws images value by value, and tells the likelihood of images.

    Args:
        gated: whether layers are gated, in two stacks, which leave no blind spot.
        levels: that a value can have: 256 of bytes, 2 of images that are on or off.
        draws: whether images of two levels are drawn anew at each step, as often on as they are light.
        features: channels of maps for each channel of the image; of plain masks a multiple of 2.
        residuals: residual blocks, or gated layers behind the first.
        last: channels of the last layers for each channel of the image.
    """

    def __init__(
        self,
        build: Build,
        *,
        gated: bool = False,
        levels: int = MOST,
        draws: bool = False,
        features: int = 128,
        residuals: int = 15,
        last: int = 1024,
    ) -> None:
        super().__init__(build, levels, draws=draws)
        if min(features, residuals, last) < 1 or (features % 2 and not gated):
            raise UsageError(
                "pixelcnn needs features, residuals and last of at least 1, and an even number of features unless it "
                f"is gated, not features={features}, residuals={residuals}, last={last}"
            )
        network = (GatedPixelCNN if gated else PixelCNN)(
            self.shape[0], levels, features=features, residuals=residuals, last=last
        )
        self.reach = network.reach
        self.network = build.network(network, "network")

    def sampler(self) -> Network:
        """Return what draws images."""
        return Network(ValueByValue(self.network, self.shape, self.levels, self.reach), "generator")


def binarized(image: Tensor, noise: Tensor) -> Tensor:
    """Return images that are -1 or 1, as often 1 as they are light, by noise from U(-1, 1)."""
    return torch.where(noise < image, 1.0, -1.0)


class Binarized(torch.nn.Module):
    """The -log p of images as noise makes them on or off."""

    def __init__(self, counted: Nats) -> None:
        super().__init__()
        self.counted = counted

    def forward(self, image: Tensor, noise: Tensor) -> Tensor:
        answer: Tensor = self.counted(binarized(image, noise))
        return answer


@hookimpl
def recipe() -> type[Recipe]:
    """Return PixelCNN's training algorithm."""
    return PixelCNNRecipe
