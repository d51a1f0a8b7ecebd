"""DDPM: images out of noise, by a network that tells the noise in them (Ho et al. 2020, arXiv:2006.11239).

In training an image gets any amount of noise, and the network tells it; the loss is the mean square by which it is
wrong (algorithm 1, equation 14). Images are made by taking out a bit of what it tells again and again (algorithm 2).

Two samplers are exported. `ancestral` is algorithm 2, of as many steps as the training has, where what is taken for
the image is brought to its range, as in the authors' code. `generator` is DDIM's (Song et al. 2020, arXiv:2010.02502),
which takes far fewer, and is told how many, and how much fresh noise to add.

Options take the cosine schedule (Nichol and Dhariwal 2021, arXiv:2102.09672), and what the network tells: the noise,
the image, or the velocity (Salimans and Ho 2022, arXiv:2202.00512), whose squares are averaged as those of noise are.

The settings are the paper's for CIFAR-10, but that images are not mirrored, which would spoil writing, and that the
average of the weights is as short as a tenth of the run at its beginning.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

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
    WarmUp,
    hookimpl,
)
from gantk_plugins.diffusion.process import Process, Sampling, Schedule, Told, betas, drawn_for, fitting
from gantk_plugins.diffusion.unet import UNet

SHOWN = 16
"""Images that a preview makes, each of which takes all of a sampler's steps."""

LONGEST, MOST = 250, 1000
"""Steps that DDIM's sampler and the ancestral one can be asked for at most; each is given noise for as many."""


class DDPM(Recipe):
    """Generates images by taking out noise bit by bit.

    Args:
        timesteps: steps from an image to noise, the paper's T.
        noising: how the noise that steps add rises: "linear", the paper's, or "cosine".
        tells: what the network tells of a noisy image: the "noise" in it, the clean "image", or the "velocity".
        variance: of the ancestral sampler's noise: "large", the paper's beta, or "small", its beta-tilde.
        sampling: steps of DDIM's sampler where nobody says how many.
        eta: fresh noise of DDIM's sampler where nobody says how much: from 0, none, to 1, the ancestral sampler's.
        channels: of the U-Net at the whole size.
        multiples: of these at each size, each half the one before.
        depth: residual blocks a size.
        attention: sizes of maps at which places attend to each other, besides the coarsest.
        dropout: share of a block's inner activations dropped in training.
        fold: pixels to a side of the squares that become channels before the U-Net.
        pace: how many times the run's learning rate the network's is, as of runs that are far shorter.
    """

    kind = "images"
    settings = Settings(
        optimizer="adam",
        learning_rate=2e-4,
        betas=(0.9, 0.999),
        # 5,000 of 800,000 steps.
        schedule=WarmUp(finish=1 / 160),
        batch_size=128,
        size=32,
        steps=800_000,
        clip=1.0,
        ema={"denoiser": HalfLife(decay=0.9999, ramp=0.1)},
        precision="fp32",
    )

    def __init__(
        self,
        build: Build,
        *,
        timesteps: int = 1000,
        noising: Schedule = "linear",
        tells: Told = "noise",
        variance: Literal["large", "small"] = "large",
        sampling: int = 50,
        eta: float = 0.0,
        channels: int = 128,
        multiples: tuple[int, ...] = (1, 2, 2, 2),
        depth: int = 2,
        attention: tuple[int, ...] = (16,),
        dropout: float = 0.1,
        fold: int = 1,
        pace: float = 1.0,
    ) -> None:
        super().__init__()
        if pace <= 0 or not 0 <= eta <= 1 or sampling < 1:
            raise UsageError(
                "ddpm needs pace above 0, eta from 0 to 1 and sampling of at least 1, "
                f"not pace={pace}, eta={eta}, sampling={sampling}"
            )
        channels_in, self.size = build.data.channels["image"], build.data.square
        self.process = Process(betas(noising, timesteps), tells)
        network = UNet(
            channels_in,
            channels_in,
            self.size,
            channels=channels,
            multiples=multiples,
            depth=depth,
            attention=attention,
            dropout=dropout,
            fold=fold,
        )
        self.denoiser = build.network(network, "denoiser")
        self.shape, self.pace, self.large = (channels_in, self.size, self.size), pace, variance == "large"
        self.sampling, self.eta = min(sampling, fitting(self.shape, min(timesteps, LONGEST))), eta

    def players(self) -> dict[str, Player]:
        """Return the network, who plays alone."""
        return {"denoiser": Player(self.denoiser, scale={self.denoiser: self.pace})}

    def step(self, batches: Batches) -> Step:
        """Tell the noise in images that took any number of steps (algorithm 1, equation 14)."""
        image = next(batches)["image"]
        t = torch.randint(1, self.process.timesteps + 1, (len(image),), device=image.device)
        noise = torch.randn_like(image)
        told = self.denoiser(self.process.noised(image, noise, t), t - 1)
        yield "denoiser", {"simple": (self.process.target(image, noise, t) - told).square().mean()}

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return real images, and what DDIM's sampler makes of fixed noise."""
        real = batch["image"][:SHOWN]
        generator, given = self.quick()
        return {"real": real, "generated": generator(*(port.fixed(len(real)).to(real.device) for port in given))}

    def quick(self) -> tuple[Network, tuple[Latent | Scalar, ...]]:
        """Return DDIM's sampler, and what it is given."""
        count = fitting(self.shape, min(self.process.timesteps, LONGEST))
        eta = Scalar(name="eta", default=self.eta, low=0, high=1)
        sampler = Sampling(self.denoiser, self.process, count)
        return Network(sampler, "generator"), (*drawn_for(self.shape, count, self.sampling), eta)

    def graphs(self) -> dict[str, Graph]:
        """Return DDIM's sampler, and the ancestral one."""
        generator, given = self.quick()
        count = fitting(self.shape, min(self.process.timesteps, MOST))
        slow = Network(Sampling(self.denoiser, self.process, count, large=self.large), "ancestral")
        return {
            "generator": Graph(network=generator, task="generate", inputs=given, outputs=("image",), size=self.size),
            "ancestral": Graph(
                network=slow,
                task="generate",
                inputs=drawn_for(self.shape, count, count),
                outputs=("image",),
                size=self.size,
            ),
        }


@hookimpl
def recipe() -> type[Recipe]:
    """Return DDPM's training algorithm."""
    return DDPM
