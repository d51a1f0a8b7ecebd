"""SRGAN: images four times as large (Ledig et al. 2017, arXiv:1609.04802).

It learns of any images: `high` is a crop, `low` the same made smaller by a bicubic kernel (section 3.2; `-s shrink=2`
and `-s shrink_by=area` say otherwise). First the generator learns the squared error alone, equation 4, and then is the
paper's SRResNet; then the discriminator comes, and the loss is equation 3: a content loss, and 0.001 times the
adversarial one, equation 6.

The content loss compares activations of VGG-19 (equation 5), whose ImageNet weights are a file that the user has:

    gantk train --plugin srgan --data photographs/ -s vgg=vgg19-dcbb9e9d.pth

Without that file it is the squared error again, which is the paper's SRGAN-MSE: more details than SRResNet, fewer than
by VGG. `-s pretraining=1` is SRResNet alone, the best by PSNR.

What leaves the paper: equations 4 to 6 divide by pixels, or add samples up; here they are means over samples, pixels
and channels alike, as the field's code has them, so that 0.001 means the same at any batch size. How VGG takes colours
is not said; here it is as its weights were trained. Both stages are one run, of 10 and 2 parts for the paper's
1,000,000 and 200,000 updates, and Adam goes on into the second with what it had gathered. The paper's crops are of
ImageNet's images as they are; here images are brought to 384 pixels first, which is about what those have.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, mse_loss

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
    Stage,
    Step,
    Stepwise,
    UsageError,
    hookimpl,
)
from gantk_plugins.networks.layers import Staged
from gantk_plugins.networks.vgg19 import vgg19_of


class SRGAN(Recipe):
    """Enlarges images; it learns of any, which it makes smaller itself.

    Args:
        pretraining: share of the run in which the generator learns the squared error alone; 1: all of it, SRResNet.
        vgg: file of VGG-19's weights as torchvision has them, or vgg19 where that is downloaded; unsaid: the content
            loss compares pixels.
        layer: which activations of VGG are compared: "54" or "22", the paper's phi 5,4 and phi 2,2.
        adversarial: weight of the adversarial loss beside the content loss.
    """

    kind = "scaled"
    defaults = Defaults(
        generator="srresnet",
        loss="non-saturating",
        normalization={"generator": "batch", "discriminator": "batch"},
    )
    settings = Settings(
        optimizer="adam",
        learning_rate=1e-4,
        betas=(0.9, 0.999),
        schedule=Stepwise(factor=0.1, points=(11 / 12,)),
        batch_size=16,
        size=96,
        jitter=4.0,
        shrink=4,
        steps=1_200_000,
    )

    def __init__(
        self,
        build: Build,
        *,
        pretraining: float = 5 / 6,
        vgg: Path | None = None,
        layer: Literal["54", "22"] = "54",
        adversarial: float = 1e-3,
    ) -> None:
        super().__init__()
        if not 0 <= pretraining <= 1:
            raise UsageError(f"srgan needs a pretraining from 0 to 1, not {pretraining}")
        small, large = build.data.sizes["low"], build.data.sizes["high"]
        channels, self.scale = build.data.channels["high"], round(_shorter(large) / _shorter(small))
        self.adversarial = adversarial
        self.course = [
            *([Stage(name="squared error", share=pretraining)] if pretraining > 0 else []),
            *([Stage(name="game", share=1 - pretraining)] if pretraining < 1 else []),
        ]
        self.generator = build.generator(
            GeneratorSpec(inputs=build.data.channels["low"], outputs=channels, size=small, scale=self.scale)
        )
        self.vgg = vgg19_of(build, vgg, (channels,), int(layer[0]), int(layer[1]))
        self.game = build.loss()
        if pretraining < 1:
            self.discriminator = build.discriminator(DiscriminatorSpec(channels=channels, size=large))

    def stages(self) -> list[Stage]:
        """Return the squared error, then the game."""
        return self.course

    @property
    def plays(self) -> bool:
        """Whether there is a discriminator yet."""
        return self.course[self.stage.number].name == "game"

    def players(self) -> dict[str, Player]:
        """Return the generator and, once they play, the discriminator."""
        generator = {"generator": Player(self.generator)}
        return generator | ({"discriminator": Player(self.discriminator, critic=True)} if self.plays else {})

    def step(self, batches: Batches) -> Step:
        """Move the discriminator by equation 2, then the generator by equation 3; at first, by equation 4 alone."""
        batch = next(batches)
        high = batch["high"]
        with torch.set_grad_enabled(self.due("generator")):
            made = self.generator(batch["low"])
        critic = self.discriminator.given() if self.plays else None
        if critic is not None:
            yield "discriminator", self.game.judge(critic, high, made)

        if self.due("generator"):
            if critic is None:
                yield "generator", {"mse": mse_loss(made, high)}
            else:
                fooled = self.adversarial * self.game.fool(critic, made, high)
                yield "generator", {"game": fooled, **self.content(made, high)}

    def content(self, made: Tensor, high: Tensor) -> dict[str, Tensor]:
        """Return the content loss: equation 5 where VGG is there, else equation 4."""
        if self.vgg is None:
            return {"mse": mse_loss(made, high)}
        with torch.no_grad():
            wanted = self.vgg(high)
        # Activations are divided by 12.75, so that the loss is about as large as that of pixels (section 3.2).
        return {"vgg": mse_loss(self.vgg(made), wanted) / 12.75**2}

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return the small image in squares, enlarged by a bicubic kernel and by the network, and the truth."""
        low, high = batch["low"], batch["high"]
        size = high.shape[2:]
        return {
            "input": interpolate(low, size, mode="nearest"),
            "bicubic": interpolate(low, size, mode="bicubic").clamp(-1, 1),
            "output": self.generator(low),
            "reference": high,
        }

    def graphs(self) -> dict[str, Graph]:
        """Return what enlarges."""
        return {"enlarge": Graph(network=self.generator, inputs=("low",), outputs=("high",), scale=self.scale)}


def _shorter(size: int | tuple[int, int]) -> int:
    return size if isinstance(size, int) else min(size)


def discriminator_network(spec: DiscriminatorSpec, build: Build, *, filters: int = 64, dense: int = 1024) -> nn.Module:
    """Build figure 4's discriminator: eight 3x3 convolutions, every second of which halves the size, and a dense layer.

    Args:
        filters: channels of the first two convolutions; they double from pair to pair, up to eight times as many.
        dense: units of the dense layer.
    """
    spec.accept("condition_channels", "features", "sides")
    if filters < 1 or dense < 1:
        raise UsageError(f"srgan needs filters >= 1 and dense >= 1, not filters={filters}, dense={dense}")
    normalization = build.normalization("discriminator")
    widths = [filters * 2 ** (number // 2) for number in range(8)]
    stages: list[nn.Module] = []
    for number, (before, width) in enumerate(pairwise([spec.channels + spec.condition_channels, *widths])):
        bias = not stages or not normalization.shifts
        layer = nn.Conv2d(before, width, 3, stride=1 + number % 2, padding=1, bias=bias)
        norm = [normalization.activation(width)] if stages else []
        stages.append(nn.Sequential(normalization.weight(layer), *norm, nn.LeakyReLU(0.2)))
    height, width = (ceil(side / 16) for side in spec.sides)
    scores = nn.Sequential(
        nn.Flatten(),
        normalization.weight(nn.Linear(widths[-1] * height * width, dense)),
        nn.LeakyReLU(0.2),
        normalization.weight(nn.Linear(dense, 1)),
    )
    return normalization.network(Staged(stages, scores))


@hookimpl
def recipe() -> type[Recipe]:
    """Return SRGAN's training algorithm."""
    return SRGAN


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the discriminator."""
    return discriminator_network
