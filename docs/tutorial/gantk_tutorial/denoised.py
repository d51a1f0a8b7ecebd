"""Denoising diffusion (Ho, Jain and Abbeel 2020, arXiv:2006.11239), by a small network instead of the paper's U-Net.

A network learns to tell the noise in an image (algorithm 1); taking it out bit by bit makes an image of noise alone
(algorithm 2). Where the paper clips what it takes for the clean image at every step, only the last image is clipped.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gantk import Batch, Batches, Build, Graph, Iterated, Latent, Network, Player, Recipe, Settings, Step, hookimpl

gantk_api = ">=1.0,<2"


class Denoiser(nn.Module):
    """A network that tells the noise in images (N, C, H, W), each of which took so many steps (N,) towards noise."""

    def __init__(self, channels: int, timesteps: int, filters: int) -> None:
        super().__init__()
        self.time = nn.Embedding(timesteps, filters)
        self.into = nn.Conv2d(channels, filters, 3, padding=1)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.GroupNorm(1, filters), nn.SiLU(), nn.Conv2d(filters, filters, 3, padding=d, dilation=d))
            for d in (1, 2, 4, 8)
        )
        self.out = nn.Conv2d(filters, channels, 3, padding=1)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        hidden = self.into(x) + self.time(t)[:, :, None, None]
        for layer in self.layers:
            hidden = hidden + layer(hidden)
        noise: Tensor = self.out(hidden)
        return noise


class Denoising(Iterated):
    """Algorithm 2: from noise to an image, with the variances beta of equation 2."""

    def __init__(self, denoiser: nn.Module, beta: Tensor) -> None:
        super().__init__(len(beta))
        self.denoiser = denoiser
        self.register_buffer("beta", beta)
        self.register_buffer("kept", torch.cumprod(1 - beta, 0))

    def start(self, latent: Tensor, noise: Tensor) -> Tensor:
        """Begin with noise alone."""
        return latent

    def advance(self, x: Tensor, index: Tensor, latent: Tensor, noise: Tensor) -> Tensor:
        """Take out a bit of noise, and put less in, but none at last (equation 11)."""
        t = self.count - 1 - index
        beta, kept = self.beta[t], self.kept[t]
        told = self.denoiser(x, t.expand(x.shape[0]))
        mean = (x - beta / (1 - kept).sqrt() * told) / (1 - beta).sqrt()
        return mean + (t > 0) * beta.sqrt() * noise[:, index]

    def finish(self, x: Tensor, latent: Tensor, noise: Tensor) -> Tensor:
        """End with values that an image has."""
        return x.clamp(-1, 1)


class Denoised(Recipe):
    """Generates images by taking out noise bit by bit.

    Args:
        timesteps: steps from an image to noise, the paper's T.
        filters: channels of the network.
    """

    kind = "images"
    settings = Settings(optimizer="adam", learning_rate=2e-4, batch_size=128, steps=800_000, ema={"denoiser": 0.9999})

    def __init__(self, build: Build, *, timesteps: int = 1000, filters: int = 64) -> None:
        super().__init__()
        channels, size = build.data.channels["image"], build.data.size
        self.denoiser = build.network(Denoiser(channels, timesteps, filters), "denoiser")
        self.register_buffer("beta", torch.linspace(1e-4, 0.02, timesteps))
        self.register_buffer("kept", torch.cumprod(1 - self.beta, 0))
        self.given = (
            Latent(shape=(channels, size, size)),
            Latent(name="noise", shape=(timesteps, channels, size, size)),
        )

    def players(self) -> dict[str, Player]:
        """Return the network, who plays alone."""
        return {"denoiser": Player(self.denoiser)}

    def step(self, batches: Batches) -> Step:
        """Tell the noise in images that took any number of steps (algorithm 1, equation 14)."""
        image = next(batches)["image"]
        t = torch.randint(len(self.beta), (len(image),), device=image.device)
        kept, noise = self.kept[t][:, None, None, None], torch.randn_like(image)
        told = self.denoiser(kept.sqrt() * image + (1 - kept).sqrt() * noise, t)
        yield "denoiser", {"noise": (noise - told).square().mean()}

    def sampler(self) -> Network:
        """Return the network that makes images."""
        return Network(Denoising(self.denoiser, self.beta), "sampler")

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return real images, and what is made of fixed noise."""
        real = batch["image"]
        given = [port.fixed(len(real)).to(real.device) for port in self.given]
        return {"real": real, "generated": self.sampler()(*given)}

    def graphs(self) -> dict[str, Graph]:
        """Return the sampler: all its steps are one model."""
        return {"generator": Graph(network=self.sampler(), task="generate", inputs=self.given, outputs=("image",))}


@hookimpl
def recipe() -> type[Recipe]:
    """Return the recipe."""
    return Denoised
