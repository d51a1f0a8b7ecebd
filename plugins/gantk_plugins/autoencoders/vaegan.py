"""VAE-GAN: an auto-encoder that measures likeness by a discriminator's features (Larsen et al. 2015, arXiv:1512.09300).

Algorithm 1, its three players moving at once. The encoder minimizes the divergence from the prior and the unlikeness of
the reconstruction; the decoder minimizes gamma times the unlikeness, and plays the GAN game with reconstructions and
with samples of the prior; the discriminator plays that game alone, so that no similarity moves it. The unlikeness is
-log N(features of the image; features of the reconstruction, 1) without its constant. It and the divergence are sums
over features and latent numbers, averaged over the batch, as scores are: the scale on which the authors' code has its
gamma. Algorithm 1's signs hold if its L_GAN is the cross-entropy, the negative of what the paper writes.

Where the paper leaves a choice, the authors' code for CelebA decides: gamma 1e-6; RMSprop's decay 0.9; 62,500 steps;
the features that are compared are those that the last strided convolution gives, before its norm. They are compared in
a pass of their own, of images and reconstructions as one batch, so that batch norm reads these alone. What is
discriminated is decoded anew, and passes as another batch: images, reconstructions and samples of the prior.

Departures: the decoder maximizes log D instead of minimizing log(1 - D), which soon has no gradient; the authors' code
has the latter and skips the moves of the player that is ahead (`--loss minimax` is algorithm 1's, and skips none). Real
images weigh as much in the discriminator's game as all decoded ones, as in that code, where algorithm 1 has three terms
that weigh one each: so any game can be played. That code is published in two versions: gamma 1e-6 with samples of the
prior alone (`-s reconstructions=false`), and gamma 1e-5 with both and real images that weigh 0.66. Of its weight decay,
and of its rate that falls to nothing as 1 - t^(3/4), the paper says nothing: both are left out. Table 1 is for 64
pixels; smaller images are halved less often (28 pixels: twice), larger ones more often.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gantk import (
    Batches,
    Build,
    Defaults,
    DiscriminatorSpec,
    Graph,
    Normalization,
    Player,
    Recipe,
    Step,
    Unsupported,
    UsageError,
    hookimpl,
    single_scores,
)
from gantk_plugins.autoencoders.networks import decoder, dense, halvings
from gantk_plugins.autoencoders.vae import VAE, divergence, sampled, surprise


class Similarity(nn.Module):
    """Scores images (N, channels, size, size) under image conditions: (N,), logits.

    Its features are what each layer gives, before the norm and the ReLU that the next one starts with.
    """

    def __init__(self, channels: int, size: int, filters: int, normalization: Normalization) -> None:
        super().__init__()
        count = halvings(size)
        before = filters // 2
        self.layers = nn.ModuleList([normalization.weight(nn.Conv2d(channels, before, 5, padding=2))])
        opening: list[nn.Module] = [nn.ReLU()]
        for width in [2 * filters, *[4 * filters] * (count - 1)]:
            bias = not normalization.shifts
            layer = normalization.weight(nn.Conv2d(before, width, 5, stride=2, padding=2, bias=bias))
            self.layers.append(nn.Sequential(*opening, layer))
            opening = [normalization.activation(width), nn.ReLU()]
            before = width
        *fully_connected, norm = dense(before * (size // 2**count) ** 2, 8 * filters, normalization)
        self.layers.append(nn.Sequential(*opening, *fully_connected))
        last = normalization.weight(nn.Linear(8 * filters, 1))
        self.head = nn.Sequential(norm, nn.ReLU(), nn.Flatten(), last, nn.Flatten(0))

    def forward(self, image: Tensor, *conditions: Tensor) -> Tensor:
        return self.score(self.features(image, *conditions))

    def features(self, image: Tensor, *conditions: Tensor) -> list[Tensor]:
        """Return what each layer gives, shallow to deep."""
        x = torch.cat([*conditions, image], 1) if conditions else image
        features = []
        for layer in self.layers:
            x = layer(x)
            features.append(x)
        return features

    def score(self, features: list[Tensor]) -> Tensor:
        """Return the scores that belong to features."""
        scores: Tensor = self.head(features[-1])
        return scores


def similarity(spec: DiscriminatorSpec, build: Build, *, filters: int = 64) -> nn.Module:
    """Build the discriminator of table 1, which gives an image one score.

    Args:
        filters: a quarter of the channels of the last convolutions; table 1's widths are those of 64.
    """
    spec.accept("condition_channels", "features")
    if filters < 2:
        raise UsageError(f"vaegan needs filters >= 2, not {filters}")
    normalization = build.normalization("discriminator")
    network = Similarity(spec.channels + spec.condition_channels, spec.square, filters, normalization)
    return normalization.network(network)


class VAEGAN(VAE):
    """A VAE whose decoder is a GAN's generator, and whose likelihood is that of the discriminator's features.

    Args:
        latent: length of the latent vector.
        filters: channels of the encoder's first layer; they double twice.
        gamma: weight of the unlikeness in the decoder's loss, against that of the game.
        layer: which of the discriminator's features are compared, counted from the deepest by negative numbers.
        reconstructions: whether reconstructions are discriminated beside samples of the prior.
    """

    defaults = Defaults(
        generator="vaegan",
        discriminator="vaegan",
        loss="non-saturating",
        normalization={"encoder": "batch", "generator": "batch", "discriminator": "batch"},
    )

    def __init__(
        self,
        build: Build,
        *,
        latent: int = 128,
        filters: int = 64,
        gamma: float = 1e-6,
        layer: int = -2,
        reconstructions: bool = True,
    ) -> None:
        super().__init__(build, latent=latent, filters=filters)
        self.gamma = gamma
        self.layer = layer
        self.reconstructions = reconstructions
        self.game = build.loss()
        if self.game.wants_features:
            raise Unsupported("vaegan plays a game of scores alone: leave its term of features out (pulling_away=0)")
        spec = DiscriminatorSpec(channels=build.data.channels["image"], size=build.data.size, features=True)
        self.discriminator = build.discriminator(spec)

    def players(self) -> dict[str, Player]:
        """Return the encoder, the decoder and the discriminator."""
        return {
            "encoder": Player(self.encoder),
            "decoder": Player(self.decoder),
            "discriminator": Player(self.discriminator, critic=True),
        }

    def step(self, batches: Batches) -> Step:
        """Move all three players at once (algorithm 1)."""
        real = next(batches)["image"]
        count = len(real)
        mean, log_variance = self.encoder(real)
        code, drawn = sampled(mean, log_variance), self.latent.drawn(count, real.device).to(mean)

        critic = self.discriminator.given(samples=count)
        unlikeness = self.unlikeness(critic.features(torch.cat([real, self.decoder(code)])))
        decoded = self.decoder(torch.cat([code, drawn]) if self.reconstructions else drawn)
        real_scores, *fake_scores = torch.split(single_scores(critic(torch.cat([real, decoded]))), count // critic.pack)

        self.game.watch(critic, real_scores)
        fooled = [self.game.generator(fake, real_scores if self.game.needs_real else None) for fake in fake_scores]
        judged = self.game.discriminator(real_scores, torch.cat(fake_scores))
        penalty = self.game.penalty(critic, real.repeat(len(fake_scores), 1, 1, 1), decoded.detach())
        yield {
            "encoder": {"prior": divergence(mean, log_variance), "unlikeness": unlikeness},
            "decoder": {"unlikeness": self.gamma * unlikeness, "game": torch.stack(fooled).sum()},
            "discriminator": {"game": judged, **penalty, **self.game.slopes(critic, real, decoded.detach())},
        }

    def unlikeness(self, features: list[Tensor]) -> Tensor:
        """Return how far reconstructions are from their images, of a batch of images and their reconstructions."""
        if not -len(features) <= self.layer < len(features):
            raise UsageError(f"vaegan: layer {self.layer} is none of the discriminator's {len(features)}")
        real, reconstructed = features[self.layer].chunk(2)
        return surprise(reconstructed, real)

    def graphs(self) -> dict[str, Graph]:
        """Return those of a VAE, but for the likelihood of an image, whose pixels nothing here makes likely."""
        return {name: graph for name, graph in super().graphs().items() if name != "likelihood"}


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the decoder."""
    return decoder


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the discriminator whose features measure likeness."""
    return similarity


@hookimpl
def recipe() -> type[Recipe]:
    """Return VAE-GAN's training algorithm."""
    return VAEGAN
