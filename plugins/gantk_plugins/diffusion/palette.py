"""Palette: an image of another one, by diffusion (Saharia et al. 2021, arXiv:2111.05826).

A network is shown the source beside the noisy target, and tells the noise; the loss is the mean square by which it is
wrong, or the mean difference with `norm=l1` (equation 1). It is told how much of the target is left, gamma, not how
many steps were taken: in training gamma lies anywhere between those of two steps, and images are made by other steps
than it was trained on (section 3).

Where the paper is silent, as code of others has it (Janspiry's, from which numbers of steps and betas are): training
has 2,000 steps with betas from 1e-6 to 0.01, and images are made by up to 1,000 with betas from 1e-4 to 0.09, what is
told brought to the range of images, with noise of the variance beta-tilde. The U-Net is DDPM's, and is told 1,000 gamma
as if it were a time. The paper's batches have 1,024 images; here they have 16, and as many steps.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss, mse_loss

from gantk import (
    Batch,
    Batches,
    Build,
    Graph,
    HalfLife,
    Network,
    Player,
    Recipe,
    Scalar,
    Settings,
    Step,
    UsageError,
    WarmUp,
    hookimpl,
)
from gantk_plugins.diffusion.process import Process, Sampling, drawn_for, fitting
from gantk_plugins.diffusion.unet import UNet

TRAINING, SAMPLING = (1e-6, 0.01, 2000), (1e-4, 0.09, 1000)
"""The first and the last beta of training, and of making images, and how many there are."""

UNIT = 1000.0
"""What gamma is multiplied by before it is told as a time."""


def process(first: float, last: float, timesteps: int) -> Process:
    """Return the process whose betas rise evenly from one to another."""
    return Process(torch.linspace(first, last, timesteps, dtype=torch.float64))


class Beside(nn.Module):
    """Tells the noise in targets (N, C, H, W), of which a source is known, after t steps of a process, from 0 on."""

    def __init__(self, network: nn.Module, process: Process) -> None:
        super().__init__()
        self.network, self.process = network, process

    def forward(self, noisy: Tensor, t: Tensor, source: Tensor) -> Tensor:
        gamma = self.process.signal[t + 1].square()
        told: Tensor = self.network(torch.cat([source, noisy], 1), UNIT * gamma)
        return told


class Palette(Recipe):
    """Translates images by example, by taking noise out bit by bit; each seed gives another translation.

    Args:
        norm: of what is told wrongly: "l2", its mean square, or "l1", its mean, which varies less.
        sampling: steps by which images are made, from 1 to 1000; a model can be told to take fewer.
        channels: of the U-Net at the whole size.
        multiples: of these at each size, each half the one before.
        depth: residual blocks a size.
        attention: sizes of maps at which places attend to each other, besides the coarsest.
        dropout: share of a block's inner activations dropped in training.
        fold: pixels to a side of the squares that become channels before the U-Net.
    """

    kind = "paired"
    settings = Settings(
        optimizer="adam",
        learning_rate=1e-4,
        betas=(0.9, 0.999),
        # 10,000 of 1,000,000 steps.
        schedule=WarmUp(finish=0.01),
        batch_size=16,
        size=256,
        steps=1_000_000,
        ema={"generator": HalfLife(decay=0.9999, ramp=0.1)},
        precision="fp32",
    )

    def __init__(
        self,
        build: Build,
        *,
        norm: Literal["l2", "l1"] = "l2",
        sampling: int = 1000,
        channels: int = 64,
        multiples: tuple[int, ...] = (1, 2, 4, 8),
        depth: int = 2,
        attention: tuple[int, ...] = (32, 16, 8),
        dropout: float = 0.2,
        fold: int = 1,
    ) -> None:
        super().__init__()
        if not 1 <= sampling <= SAMPLING[2]:
            raise UsageError(f"palette makes images by 1 to {SAMPLING[2]} steps, not by sampling={sampling}")
        source, target = build.data.channels["source"], build.data.channels["target"]
        self.size = build.data.square
        self.training_process, self.process = process(*TRAINING), process(*SAMPLING)
        network = UNet(
            source + target,
            target,
            self.size,
            channels=channels,
            multiples=multiples,
            depth=depth,
            attention=attention,
            dropout=dropout,
            fold=fold,
        )
        self.generator = build.network(network, "generator")
        self.loss = mse_loss if norm == "l2" else l1_loss
        shape = (target, self.size, self.size)
        self.count = fitting(shape, sampling)
        self.given = (*drawn_for(shape, self.count, self.count), Scalar(name="eta", default=1, low=0, high=1))

    def players(self) -> dict[str, Player]:
        """Return the network, who plays alone."""
        return {"generator": Player(self.generator)}

    def step(self, batches: Batches) -> Step:
        """Tell the noise in targets of which any part is left (equation 1)."""
        batch = next(batches)
        source, target = batch["source"], batch["target"]
        kept = self.training_process.signal.square()
        t = torch.randint(1, len(kept), (len(target),), device=target.device)
        share = torch.rand(len(target), device=target.device)
        gamma = (share * kept[t - 1] + (1 - share) * kept[t])[:, None, None, None]
        noise = torch.randn_like(target)
        noisy = gamma.sqrt() * target + (1 - gamma).sqrt() * noise
        told = self.generator(torch.cat([source, noisy], 1), UNIT * gamma[:, 0, 0, 0])
        yield "generator", {"noise": self.loss(told, noise)}

    def sampler(self) -> Network:
        """Return what makes a target of a source and of noise."""
        return Network(Sampling(Beside(self.generator, self.process), self.process, self.count, known=1), "sampler")

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return the source, its translation of fixed noise, and the target."""
        source = batch["source"]
        given = [port.fixed(len(source)).to(source.device) for port in self.given]
        return {"input": source, "output": self.sampler()(source, *given), "reference": batch["target"]}

    def graphs(self) -> dict[str, Graph]:
        """Return the translation, which is told its number of steps and how much fresh noise they add."""
        return {
            "source_to_target": Graph(
                network=self.sampler(), inputs=("source", *self.given), outputs=("target",), size=self.size
            )
        }


@hookimpl
def recipe() -> type[Recipe]:
    """Return Palette's training algorithm."""
    return Palette
