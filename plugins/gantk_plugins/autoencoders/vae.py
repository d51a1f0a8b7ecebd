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


class VAE(Recipe):
    """Encodes images into latent vectors of a normal distribution, and decodes them.

    Args:
        latent: length of the latent vector.
        filters: channels of the encoder's first layer; they double twice.
        deviation: standard deviation of a pixel around its decoded value, where pixels are in [-1, 1].
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

    def __init__(self, build: Build, *, latent: int = 128, filters: int = 64, deviation: float = 1.0) -> None:
        super().__init__()
        if latent < 1 or filters < 1 or deviation <= 0:
            raise UsageError(
                "the encoder needs latent >= 1 and filters >= 1, and pixels deviation > 0, "
                f"not latent={latent}, filters={filters}, deviation={deviation}"
            )
        channels = build.data.channels["image"]
        self.size = build.data.square
        self.deviation = deviation
        self.latent = Latent(length=latent)
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
        """Return the decoder as the generator, the encoder's mean, and both in a row."""
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
        }


@hookimpl
def recipe() -> type[Recipe]:
    """Return the VAE's training algorithm."""
    return VAE


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the decoder."""
    return decoder
