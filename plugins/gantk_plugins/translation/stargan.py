"""StarGAN: one generator for any number of domains (Choi et al. 2018, arXiv:1711.09020).

The generator is told the domain that an image shall become one of. The discriminator tells real images from made ones,
and which domain an image is of: the generator's images shall be of the domain that was asked for (equations 2 and 3),
and translated back they shall be what they were (equation 4). The game is WGAN-GP's (equation 8), its critic moves five
times where the generator moves once, and equations 5 and 6 add it all up.

Domains are folders, one a domain, or the domains that a data set has; an image is of one of them, as on RaFD. CelebA's
attributes, of which an image has several, and the joint training on both are not here.

Where the paper is silent, the authors' code decides: 200,000 moves of the critic, of which the rate falls through the
second half; zeros around each layer's input, since a plane of one value with reflected borders is a constant, which an
instance norm takes out again, and the generator would not hear which domain is meant. Where they part from the text,
the text decides: domains are drawn alike often, where the code deals a batch's own anew, which with a batch of one
would ask for no change. Departures from both:

- The critic gives a map of scores, four at 128 pixels. Its slope is that of their mean, which the game averages; the
  code takes their sum.
- Once trained, each image is normalized by its own statistics, as in training; the code's running averages are not.
- The rate falls at each step, not at each thousandth.

Options that the paper has not, for short trainings: `upsampling=resize` and `adds_input` are as in `resnet`.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, l1_loss

from gantk import (
    Batch,
    Batches,
    Build,
    Category,
    Defaults,
    DiscriminatorSpec,
    GeneratorSpec,
    Graph,
    Player,
    Recipe,
    Settings,
    Step,
    Unsupported,
    UsageError,
    hookimpl,
)
from gantk_plugins.translation.stargan_networks import discriminator_network, generator_network


class StarGAN(Recipe):
    """Translates between any number of domains, of images that are not paired.

    Args:
        classification: weight of the domain classification loss, the paper's lambda_cls.
        reconstruction: weight of the reconstruction loss, the paper's lambda_rec.
    """

    kind = "domains"
    defaults = Defaults(
        generator="stargan",
        discriminator="stargan",
        loss="wgan-gp",
        normalization={"generator": "instance", "discriminator": "none"},
    )
    settings = Settings(
        optimizer="adam",
        learning_rate=1e-4,
        betas=(0.5, 0.999),
        batch_size=16,
        critic_steps=5,
        size=128,
        steps=40_000,
        schedule="linear",
        decay_from=0.5,
        jitter=1.0,
        flip=True,
    )

    def __init__(self, build: Build, *, classification: float = 1.0, reconstruction: float = 10.0) -> None:
        super().__init__()
        names, channels, size = build.data.domains, build.data.channels["image"], build.data.size
        if len(names) < 2:
            raise UsageError(f"stargan needs two domains at least, such as two folders, not {len(names)}")
        self.classification, self.reconstruction = classification, reconstruction
        self.domain = Category(name="domain", count=len(names), names=names)
        self.game = build.loss()
        if self.game.wants == "energies":
            raise Unsupported("stargan reads domains off the trunk that gives the scores: a game of energies has none")
        if build.pack > 1:
            raise Unsupported("stargan reads an image's domain off the trunk that gives the scores: leave pack out")
        self.generator = build.generator(
            GeneratorSpec(inputs=channels, domains=len(names), outputs=channels, size=size)
        )
        self.discriminator = build.discriminator(DiscriminatorSpec(channels=channels, size=size, features=True))
        with torch.no_grad():
            feature = self.discriminator.eval().features(torch.zeros(1, channels, *build.data.sides))[-1]
        self.discriminator.train()
        # A convolution as large as the map that it reads is a dense layer (appendix, table 5).
        head = nn.Sequential(nn.Flatten(), nn.Linear(prod(feature.shape[1:]), len(names), bias=False))
        self.classifier = build.network(head, "classifier")

    def players(self) -> dict[str, Player]:
        """Return the generator, and the discriminator with its classifier."""
        return {
            "generator": Player(self.generator),
            "discriminator": Player(self.discriminator, self.classifier, critic=True),
        }

    def step(self, batches: Batches) -> Step:
        """Move the discriminator by equation 5, then the generator by equation 6."""
        batch = next(batches)
        image, domain = batch["image"], batch["domain"]
        wanted = self.domain.drawn(len(image), image.device)
        critic = self.discriminator.given()
        due = self.due("generator")

        with torch.set_grad_enabled(due):
            made = self.generator(image, wanted)
        real_scores, real_features = critic.both(image)
        game = self.game.judge(critic, image, made, scores=(real_scores, critic(made.detach())))
        real = cross_entropy(self.classifier(real_features[-1]), domain)
        yield "discriminator", {**game, "domain": self.classification * real}

        if due:
            scores, features = critic.both(made)
            known = (scores, critic(image) if self.game.needs_real else None)
            back = self.generator(made, domain)
            yield (
                "generator",
                {
                    "game": self.game.fool(critic, made, image, scores=known),
                    "domain": self.classification * cross_entropy(self.classifier(features[-1]), wanted),
                    "reconstruction": self.reconstruction * l1_loss(back, image),
                },
            )

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return images, and what becomes of them in each domain."""
        image = batch["image"]
        domains = torch.arange(self.domain.count, device=image.device)
        made = {
            name: self.generator(image, number.expand(len(image)))
            for name, number in zip(self.domain.names, domains, strict=True)
        }
        return {"input": image, **made}

    def graphs(self) -> dict[str, Graph]:
        """Return what translates into a domain that is said."""
        return {"translate": Graph(network=self.generator, inputs=("image", self.domain), outputs=("image",))}


@hookimpl
def recipe() -> type[Recipe]:
    """Return StarGAN's training algorithm."""
    return StarGAN


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the generator that is told a domain."""
    return generator_network


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the discriminator."""
    return discriminator_network
