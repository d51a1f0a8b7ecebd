"""VAE: an auto-encoder that learns what its images are drawn from (Kingma and Welling 2013, arXiv:1312.6114).

The encoder gives each image a Gaussian over latent vectors, of which one is drawn as mean + deviation * noise, so that
gradients pass (section 2.4). The decoder gives each pixel a Gaussian of fixed deviation around the value that it draws
(appendix C.2, its variance held). What is minimized is equation 10 negated, without the Gaussian's constant: a sum over
pixels and over latent numbers, averaged over the batch.

It stands here to be held against VAE-GAN (Larsen et al. 2015, arXiv:1512.09300), whose own comparison it is. Hence that
paper's networks (table 1), RMSProp 3e-4 and batches of 64, in place of one hidden layer and Adagrad, and the decay and
the length of its authors' code.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gantk import (
    Batch,
    Batches,
    Build,
    Defaults,
    GeneratorSpec,
    Graph,
    Latent,
    Network,
    Player,
    Recipe,
    Settings,
    Step,
    UsageError,
    Vector,
    hookimpl,
)
from gantk_plugins.autoencoders.networks import Encoder, Mean, decoder


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(N(mean, variance) || N(0, 1)) of (N, length), summed over a vector, averaged over N (appendix B)."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()


def surprise(mean: Tensor, value: Tensor, deviation: float = 1.0) -> Tensor:
    """Return -log N(value; mean, deviation^2) of (N, ...) without its constant, summed over a sample, averaged."""
    return 0.5 * ((value - mean) / deviation).square().flatten(1).sum(1).mean()


def sampled(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return one draw from each Gaussian, through which the gradient reaches mean and variance (section 2.4)."""
    return mean + (0.5 * log_variance).exp() * torch.randn_like(mean)


WIDTH = 2 / 255
"""Of a level, where 256 of them reach from -1 to 1."""


class Bound(nn.Module):
    """What -log p of images of 256 levels is at most, in nats (N,), by k samples of their latent vectors.

    It is -log of the mean of p(x, z) / q(z | x) (Burda et al. 2015, arXiv:1509.00519, equation 8), which equation 10 is
    for k = 1. To images (N, C, H, W) uniform noise of a level's width is added, of numbers in [-1, 1].
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, deviation: float) -> None:
        super().__init__()
        self.encoder, self.decoder, self.deviation = encoder, decoder, deviation

    def forward(self, image: Tensor, importance: Tensor, dequantization: Tensor) -> Tensor:
        image = image + WIDTH / 2 * dequantization
        mean, log_variance = (told[:, None] for told in self.encoder(image))
        latent = mean + (0.5 * log_variance).exp() * importance
        decoded = self.decoder(latent.flatten(0, 1)).unflatten(0, importance.shape[:2])
        squares = ((image[:, None] - decoded) / self.deviation).square().flatten(2)
        constant = math.log(self.deviation / WIDTH) + 0.5 * math.log(2 * math.pi)
        # Of prior and posterior the constants are the same.
        weight = 0.5 * (importance.square() + log_variance - latent.square()).sum(2)
        weight = weight - 0.5 * squares.sum(2) - constant * image[0].numel()
        bound: Tensor = math.log(importance.shape[1]) - weight.logsumexp(1)
        return bound


class VAE(Recipe):
    """Encodes images into latent vectors of a normal distribution, and decodes them.

    Args:
        latent: length of the latent vector.
        filters: channels of the encoder's first layer; they double twice.
        deviation: standard deviation of a pixel around its decoded value, where pixels are in [-1, 1].
        importance: samples of a latent vector by which the likelihood of an image is bounded.
    """

    kind = "images"
    defaults = Defaults(generator="vae", normalization={"encoder": "batch", "generator": "batch"})
    # The decay is that of deeppy, the library of VAE-GAN's authors; the length, 250 times 250 batches, is that of their
    # code for CelebA.
    settings = Settings(
        optimizer="rmsprop",
        learning_rate=3e-4,
        rmsprop_decay=0.9,
        batch_size=64,
        size=64,
        steps=250 * 250,
        jitter=1.0,
        flip=False,
        precision="fp32",
    )

    def __init__(
        self, build: Build, *, latent: int = 128, filters: int = 64, deviation: float = 1.0, importance: int = 1
    ) -> None:
        super().__init__()
        if min(latent, filters, importance) < 1 or deviation <= 0:
            raise UsageError(
                "the encoder needs latent >= 1 and filters >= 1, pixels deviation > 0, and the bound importance >= 1, "
                f"not latent={latent}, filters={filters}, deviation={deviation}, importance={importance}"
            )
        channels = build.data.channels["image"]
        self.size = build.data.square
        self.deviation = deviation
        self.latent = Latent(length=latent)
        self.drawn = (
            Latent(name="importance", shape=(importance, latent)),
            Latent(name="dequantization", shape=(channels, self.size, self.size), distribution="uniform"),
        )
        self.decoder = build.generator(GeneratorSpec(latent=latent, outputs=channels, size=self.size), "decoder")
        norms = build.normalization("encoder")
        encoder = norms.network(Encoder(channels, self.size, latent, filters, norms))
        self.encoder = build.network(encoder, "encoder")

    def players(self) -> dict[str, Player]:
        """Return encoder and decoder, who move as one."""
        return {"autoencoder": Player(self.encoder, self.decoder)}

    def step(self, batches: Batches) -> Step:
        """Move encoder and decoder up the lower bound (algorithm 1, equation 10 with one draw an image)."""
        image = next(batches)["image"]
        mean, log_variance = self.encoder(image)
        decoded = self.decoder(sampled(mean, log_variance))
        yield (
            "autoencoder",
            {"prior": divergence(mean, log_variance), "likelihood": surprise(decoded, image, self.deviation)},
        )

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return real images, what is decoded of their means, and what is decoded of fixed noise."""
        real = batch["image"]
        mean, _ = self.encoder(real)
        noise = self.latent.fixed(len(real)).to(real.device)
        return {"real": real, "reconstructed": self.decoder(mean), "generated": self.decoder(noise)}

    def graphs(self) -> dict[str, Graph]:
        """Return the decoder as the generator, the encoder's mean, both in a row, and what bounds an image's -log p."""
        mean = Mean(self.encoder.module)
        latent = Vector(name="latent", length=self.latent.length)
        return {
            "generator": Graph(network=self.decoder, task="generate", inputs=(self.latent,), outputs=("image",)),
            "encoder": Graph(
                network=Network(mean, "encoder"), task="encode", inputs=("image",), outputs=(latent,), size=self.size
            ),
            "reconstruct": Graph(
                network=Network(nn.Sequential(mean, self.decoder.module), "reconstruct"),
                inputs=("image",),
                outputs=("image",),
                size=self.size,
            ),
            "likelihood": Graph(
                network=Network(Bound(self.encoder.module, self.decoder.module, self.deviation), "likelihood"),
                task="score",
                inputs=("image", *self.drawn),
                outputs=(Vector(name="nats_bound"),),
                size=self.size,
            ),
        }


@hookimpl
def recipe() -> type[Recipe]:
    """Return the VAE's training algorithm."""
    return VAE


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the decoder."""
    return decoder
