"""Glow: images and noise as two sides of one function (Kingma and Dhariwal 2018, arXiv:1807.03039).

Steps of an ActNorm, a 1x1 convolution and a coupling lead from an image to noise at several sizes (figure 2); half of
the channels leave at each, as Gaussians that the other half tells. The function is inverted exactly, and its density is
known: what is minimized is -log p of images of 256 levels with uniform noise that fills the gaps between them (section
2), here in nats a value; `bits` per dimension are noted.

Networks, batches, rate, warm-up and average are those of the authors' code for CIFAR-10, but that the optimizer is the
paper's Adam, and that no channel marks the image's edge. What is drawn is brought nearer the mean by a temperature
(section 6). No length is stated; a thousand passes are this project's.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gantk import (
    Batch,
    Batches,
    Build,
    Graph,
    HalfLife,
    Latent,
    Network,
    Player,
    Recipe,
    Scalar,
    Settings,
    Step,
    UsageError,
    Vector,
    WarmUp,
    hookimpl,
)
from gantk_plugins.flows.layers import ActNorm, Coupled, FlowStep, Mixed, ZeroConv

WIDTH = 2 / 255
"""Of a level, where 256 of them reach from -1 to 1."""

BEGIN = 256
"""Images of which the first ActNorms read mean and deviation, at least."""


class Flow(nn.Module):
    """From images (N, C, H, W) to noise (N, C H W), N(0, 1) if they are what the flow learned, and back.

    Args:
        shape: channels, height and width.
        levels: how often images are halved.
        steps: steps at each size.
        width: channels inside of a coupling.
        coupled: what couplings do.
        mixed: how channels are mixed before a coupling.
    """

    def __init__(
        self, shape: tuple[int, int, int], *, levels: int, steps: int, width: int, coupled: Coupled, mixed: Mixed
    ) -> None:
        super().__init__()
        channels, height, side = shape
        self.steps, self.told = nn.ModuleList(), nn.ModuleList()
        self.leaves: list[tuple[int, int, int]] = []
        for level in range(levels):
            channels, height, side = 4 * channels, height // 2, side // 2
            self.steps.append(nn.ModuleList(FlowStep(channels, width, coupled, mixed) for _ in range(steps)))
            if level < levels - 1:
                channels //= 2
                self.told.append(ZeroConv(channels, 2 * channels))
            self.leaves.append((channels, height, side))
        self.top = nn.Parameter(torch.zeros(1, 2 * channels, 1, 1))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return the noise, and log p of the image as a density."""
        x, left = image, []
        density = torch.zeros_like(image[:, 0, 0, 0])
        for level, steps in enumerate(self.steps):
            x = nn.functional.pixel_unshuffle(x, 2)
            for step in steps.children():
                x, stretch = step(x)
                density = density + stretch
            leaves = x
            if level < len(self.told):
                x, leaves = x.chunk(2, 1)
            mean, scale = self.prior(level, x)
            noise = ((leaves - mean) * (-scale).exp()).flatten(1)
            density = density - 0.5 * noise.square().sum(1) - scale.expand_as(leaves).flatten(1).sum(1)
            left.append(noise)
        return torch.cat(left, 1), density - 0.5 * math.log(2 * math.pi) * image[0].numel()

    def reverse(self, noise: Tensor, temperature: Tensor) -> Tensor:
        """Return the image of noise, every number of which is first brought nearer 0 by a temperature (N,)."""
        parts = torch.split(noise * temperature[:, None], [math.prod(shape) for shape in self.leaves], 1)
        x = noise[:, :0]
        for level in range(len(self.leaves) - 1, -1, -1):
            mean, scale = self.prior(level, x)
            leaves = mean + scale.exp() * parts[level].reshape(-1, *self.leaves[level])
            x = torch.cat([x, leaves], 1) if level < len(self.told) else leaves
            for step in reversed(list(self.steps[level].children())):
                x = step.reverse(x)  # type: ignore[operator]
            x = nn.functional.pixel_shuffle(x, 2)
        return x

    def prior(self, level: int, stays: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and logarithm of the deviation of what leaves at a level, of what stays there."""
        told = self.told[level](stays) if level < len(self.told) else self.top
        mean, scale = told.chunk(2, 1)
        return mean, scale

    @torch.no_grad()
    def begin(self, image: Tensor) -> None:
        """Let each ActNorm begin by what these images are where they come to it."""
        norms = [module for module in self.modules() if isinstance(module, ActNorm)]
        for norm in norms:
            norm.begins = True
        self(image)
        for norm in norms:
            norm.begins = False


class Decoded(nn.Module):
    """The images of noise (N, length) at a temperature (N,)."""

    def __init__(self, flow: nn.Module) -> None:
        super().__init__()
        self.flow = flow

    def forward(self, latent: Tensor, temperature: Tensor) -> Tensor:
        image: Tensor = self.flow.reverse(latent, temperature)  # type: ignore[operator]
        return image.clamp(-1, 1)


class Encoded(nn.Module):
    """The noise (N, length) of images."""

    def __init__(self, flow: nn.Module) -> None:
        super().__init__()
        self.flow = flow

    def forward(self, image: Tensor) -> Tensor:
        noise: Tensor = self.flow(image)[0]
        return noise


class Counted(nn.Module):
    """What -log p of images of 256 levels is at most, in nats (N,), with noise in [-1, 1] that fills the gaps."""

    def __init__(self, flow: nn.Module) -> None:
        super().__init__()
        self.flow = flow

    def forward(self, image: Tensor, dequantization: Tensor) -> Tensor:
        density: Tensor = self.flow(image + WIDTH / 2 * dequantization)[1]
        return -density - image[0].numel() * math.log(WIDTH)


class Glow(Recipe):
    """Makes images of noise, finds the noise of images, and tells their likelihood.

    Args:
        halvings: sizes at which there are steps, each half the one before, the paper's L.
        flow: steps at each size, the paper's K.
        inside: channels inside of a coupling.
        coupling: "affine", which scales and shifts, or "additive", which shifts alone.
        mixing: how channels are mixed before a coupling: by a 1x1 convolution ("lu"), a fixed "shuffle", or "reverse".
        temperature: of what is drawn where nobody says one.
    """

    kind = "images"
    allows_bf16 = False
    settings = Settings(
        optimizer="adam",
        learning_rate=1e-3,
        # 10 of 1,000 passes over 50,000 images; the average forgets within one.
        schedule=WarmUp(finish=0.01),
        ema={"flow": HalfLife(decay=1 - 64 / 50_000, ramp=0.1)},
        batch_size=64,
        size=32,
        steps=781_000,
        precision="fp32",
    )

    def __init__(
        self,
        build: Build,
        *,
        halvings: int = 3,
        flow: int = 32,
        inside: int = 512,
        coupling: Coupled = "affine",
        mixing: Mixed = "lu",
        temperature: float = 0.7,
    ) -> None:
        super().__init__()
        if min(halvings, flow, inside) < 1 or not 0 <= temperature <= 2:
            raise UsageError(
                "glow needs halvings, flow and inside of at least 1, and a temperature from 0 to 2, "
                f"not halvings={halvings}, flow={flow}, inside={inside}, temperature={temperature}"
            )
        size = build.data.square
        if size % 2**halvings:
            raise UsageError(
                f"glow halves images {halvings} times, which those of {size} pixels cannot be: say a --size that is a "
                f"multiple of {2**halvings}, or fewer, -s halvings=2"
            )
        self.shape = (build.data.channels["image"], size, size)
        network = Flow(self.shape, levels=halvings, steps=flow, width=inside, coupled=coupling, mixed=mixing)
        self.flow = build.network(network, "flow")
        self.latent = Latent(length=math.prod(self.shape))
        self.temperature = Scalar(name="temperature", default=temperature, low=0, high=2)
        self.gaps = Latent(name="dequantization", shape=self.shape, distribution="uniform")

    def prepare(self, batches: Batches) -> None:
        """Let ActNorms begin by the first images."""
        images = [next(batches)["image"]]
        while sum(map(len, images)) < BEGIN:
            images.append(next(batches)["image"])
        image = torch.cat(images)
        self.flow.module.begin(image + WIDTH / 2 * self.gaps.drawn(len(image), image.device))  # type: ignore[operator]

    def players(self) -> dict[str, Player]:
        """Return the flow, who plays alone."""
        return {"flow": Player(self.flow)}

    def step(self, batches: Batches) -> Step:
        """Move the flow up the likelihood of a batch (equations 1 and 2)."""
        image = next(batches)["image"]
        _, density = self.flow(image + WIDTH / 2 * self.gaps.drawn(len(image), image.device))
        nats = -density.mean() / self.latent.length - math.log(WIDTH)
        self.note(bits=nats / math.log(2))
        yield "flow", {"likelihood": nats}

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return real images, and what is made of fixed noise."""
        real = batch["image"]
        given = [port.fixed(len(real)).to(real.device) for port in (self.latent, self.temperature)]
        return {"real": real, "generated": Decoded(self.flow.module)(*given)}

    def graphs(self) -> dict[str, Graph]:
        """Return what makes images, what finds their noise, and their likelihood."""
        flow, size = self.flow.module, self.shape[1]
        return {
            "generator": Graph(
                network=Network(Decoded(flow), "generator"),
                task="generate",
                inputs=(self.latent, self.temperature),
                outputs=("image",),
                size=size,
            ),
            "encoder": Graph(
                network=Network(Encoded(flow), "encoder"),
                task="encode",
                inputs=("image",),
                outputs=(Vector(name="latent", length=self.latent.length),),
                size=size,
            ),
            "likelihood": Graph(
                network=Network(Counted(flow), "likelihood"),
                task="score",
                inputs=("image", self.gaps),
                outputs=(Vector(name="nats_bound"),),
                size=size,
            ),
        }


@hookimpl
def recipe() -> type[Recipe]:
    """Return Glow's training algorithm."""
    return Glow
