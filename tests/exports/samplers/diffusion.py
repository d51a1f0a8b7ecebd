"""Diffusion in a few steps: DDPM (Ho et al. 2020, arXiv:2006.11239), and DDIM from an image (arXiv:2010.02502)."""

import torch
from torch import Tensor, nn

from gantk import Batch, Batches, Build, Graph, Iterated, Latent, Network, Player, Recipe, Settings, Step, hookimpl

STEPS = 8


class Denoiser(nn.Module):
    """Guesses the noise in an image (N, C, H, W) after so many steps (N,); halves and doubles it."""

    def __init__(self, channels: int, steps: int, width: int = 8) -> None:
        super().__init__()
        self.time = nn.Embedding(steps, width)
        self.into = nn.Conv2d(channels, width, 3, 2, 1)
        self.out = nn.ConvTranspose2d(width, channels, 4, 2, 1)

    def forward(self, image: Tensor, steps: Tensor) -> Tensor:
        hidden = torch.relu(self.into(image) + self.time(steps)[:, :, None, None])
        guess: Tensor = self.out(hidden)
        return guess


class Denoising(Iterated):
    """Algorithm 2: from noise to an image."""

    def __init__(self, denoiser: nn.Module, betas: Tensor) -> None:
        super().__init__(len(betas))
        self.denoiser = denoiser
        self.register_buffer("betas", betas)
        self.register_buffer("kept", torch.cumprod(1 - betas, 0))

    def start(self, latent: Tensor, noise: Tensor) -> Tensor:
        return latent

    def advance(self, x: Tensor, index: Tensor, latent: Tensor, noise: Tensor) -> Tensor:
        step = self.count - 1 - index
        beta, kept = self.betas[step], self.kept[step]
        guess = self.denoiser(x, step.expand(x.shape[0]))
        mean = (x - beta / (1 - kept).sqrt() * guess) / (1 - beta).sqrt()
        return mean + (step > 0) * beta.sqrt() * noise[:, index]

    def finish(self, x: Tensor, latent: Tensor, noise: Tensor) -> Tensor:
        return x.clamp(-1, 1)


class Inverting(Iterated):
    """DDIM's deterministic way back from an image to noise, and half of the way again."""

    def __init__(self, denoiser: nn.Module, betas: Tensor) -> None:
        super().__init__(len(betas) - 1)
        self.denoiser = denoiser
        self.register_buffer("kept", torch.cumprod(1 - betas, 0))

    def start(self, image: Tensor) -> tuple[Tensor, Tensor]:
        return image, image.mean((1, 2, 3))

    def advance(self, state: tuple[Tensor, Tensor], index: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        x, mean = state
        kept, left = self.kept[index], self.kept[index + 1]
        guess = self.denoiser(x, index.expand(x.shape[0]))
        clean = (x - (1 - kept).sqrt() * guess) / kept.sqrt()
        return left.sqrt() * clean + (1 - left).sqrt() * guess, 0.5 * mean + 0.5 * image.mean((1, 2, 3))

    def finish(self, state: tuple[Tensor, Tensor], image: Tensor) -> Tensor:
        x, mean = state
        return (x - 0.1 * mean[:, None, None, None]).tanh()


class Diffusion(Recipe):
    """DDPM in eight steps."""

    kind = "images"
    settings = Settings(batch_size=4, steps=4, size=16)

    def __init__(self, build: Build) -> None:
        super().__init__()
        channels, size = build.data.channels["image"], build.data.size
        self.register_buffer("betas", torch.linspace(0.01, 0.3, STEPS))
        self.denoiser = build.network(Denoiser(channels, STEPS), "denoiser")
        self.latent = Latent(shape=(channels, size, size))
        self.noise = Latent(name="noise", shape=(STEPS, channels, size, size))

    def players(self) -> dict[str, Player]:
        return {"denoiser": Player(self.denoiser)}

    def step(self, batches: Batches) -> Step:
        """Algorithm 1."""
        image = next(batches)["image"]
        steps = torch.randint(STEPS, (len(image),), device=image.device)
        kept = torch.cumprod(1 - self.betas, 0)[steps][:, None, None, None]
        noise = torch.randn_like(image)
        guess = self.denoiser(kept.sqrt() * image + (1 - kept).sqrt() * noise, steps)
        yield "denoiser", {"noise": (guess - noise).square().mean()}

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        image = batch["image"]
        given = (port.fixed(len(image)).to(image.device) for port in (self.latent, self.noise))
        return {"real": image, "generated": Denoising(self.denoiser, self.betas)(*given)}

    def graphs(self) -> dict[str, Graph]:
        return {
            "generator": Graph(
                network=Network(Denoising(self.denoiser, self.betas), "sampler"),
                task="generate",
                inputs=(self.latent, self.noise),
                outputs=("image",),
            ),
            "inverted": Graph(
                network=Network(Inverting(self.denoiser, self.betas), "inverted"),
                inputs=("image",),
                outputs=("image",),
            ),
        }


@hookimpl
def recipe() -> type[Recipe]:
    return Diffusion
