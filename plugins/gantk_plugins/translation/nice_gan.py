"""NICE-GAN: unpaired translation without encoders (Chen et al. 2020, arXiv:2003.00273).

What tells images of a domain from others already encodes them: the first half of a domain's discriminator is its
encoder, and a generator makes an image of the other domain of such a code (section 3.1). Encoders train with the
discriminators alone, when these maximize the game; the generators, which minimize it, train through encoders that
stand still (section 3.2). A game judges translations at a local and a global scale (equation 1), what is translated and
translated back must be the image (equation 2), and so must what a domain's own generator makes of its code (equation
3).

    gantk train --plugin nice-gan -s light=true

is the paper's NICE-GAN-light, whose scales and shifts read means over a code; so it takes any size, where the other is
exported for the one that it was trained at.

Where the text leaves a choice, the authors' code decides: the score of the attention is played for besides, by the same
game; the three games of a discriminator are added up, so the mean over them, which a game is here, has the weight 3; a
weight decay. The length is the text's 100,000 moves, the code's default is three times that. The attention of an image
begins with no weight and is added to its code (section 4, residual connections).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from gantk import (
    Batch,
    Batches,
    Build,
    Defaults,
    Discriminator,
    DiscriminatorSpec,
    Graph,
    Network,
    Player,
    Recipe,
    Settings,
    Step,
    Unsupported,
    UsageError,
    hookimpl,
    named,
)
from gantk_plugins.translation.nice_gan_networks import Generator, Upsampling, discriminator_network


class Translation(nn.Module):
    """The first half of a domain's discriminator, and the other domain's generator.

    Attributes:
        multiple: height and width must be a multiple of it.
        minimum: the smallest of both; below it there is nothing left to reflect.
    """

    multiple = 4
    minimum = 8

    def __init__(self, discriminator: nn.Module, generator: nn.Module) -> None:
        super().__init__()
        self.discriminator, self.generator = discriminator, generator

    def forward(self, image: Tensor) -> Tensor:
        code = self.discriminator.features(image)[0]  # type: ignore[operator]
        made: Tensor = self.generator(code)
        return made


class NICEGAN(Recipe):
    """Translates between two domains of images that are not paired; discriminators encode.

    Args:
        adversarial: weight of the adversarial loss, which is a mean over what the discriminator gives.
        cycle: weight of the cycle consistency loss.
        reconstruction: weight of the error of images made of their own codes.
        filters: channels before a generator's last convolution; its blocks have four times as many.
        blocks: residual blocks of each generator.
        light: whether scales and shifts follow from means over a code, not from all of its numbers.
        upsampling: "shuffle" by sub-pixel convolutions, or "resize": enlarge, then convolve, which leaves no pattern of
            dots.
        weight_decay: weight of the L2 term, as the authors' code has it.
    """

    kind = "unpaired"
    defaults = Defaults(loss="lsgan", normalization={"discriminator": "spectral"})
    settings = Settings(
        optimizer="adam",
        learning_rate=1e-4,
        betas=(0.5, 0.999),
        batch_size=1,
        steps=100_000,
        schedule="linear",
        decay_from=0.5,
        jitter=286 / 256,
        flip=True,
    )

    def __init__(
        self,
        build: Build,
        *,
        adversarial: float = 3.0,
        cycle: float = 10.0,
        reconstruction: float = 10.0,
        filters: int = 64,
        blocks: int = 6,
        light: bool = False,
        upsampling: Upsampling = "shuffle",
        weight_decay: float = 1e-4,
    ) -> None:
        super().__init__()
        if filters < 1 or blocks < 0:
            raise UsageError(f"nice-gan needs filters >= 1 and blocks >= 0, not filters={filters}, blocks={blocks}")
        if build.pack > 1:
            raise Unsupported("nice-gan encodes by its discriminators, which see one image each: leave pack out")
        self.size, sides = build.data.size, build.data.sides
        if any(side % Translation.multiple or side < Translation.minimum for side in sides):
            raise Unsupported(f"nice-gan needs a size that is a multiple of 4 and at least 8, not {sides}")
        self.adversarial, self.cycle, self.reconstruction = adversarial, cycle, reconstruction
        self.light, self.weight_decay = light, weight_decay
        self.game = build.loss()
        a, b = build.data.channels["a"], build.data.channels["b"]
        self.discriminator_a, self.discriminator_b = (
            build.discriminator(DiscriminatorSpec(channels=channels, size=self.size, features=True))
            for channels in (a, b)
        )
        if self.discriminator_a.augmentation is not None:
            raise UsageError(
                "nice-gan encodes by its discriminators, which see images as they are: leave augmentation out"
            )
        codes = _code(self.discriminator_a, a, sides), _code(self.discriminator_b, b, sides)
        quarter = None if light else (sides[0] // 4, sides[1] // 4)
        # A's generator reads B's codes for translations and A's for itself: they have one number of channels.
        self.generator_a, self.generator_b = (
            build.network(
                Generator(code, channels, filters=filters, blocks=blocks, sides=quarter, upsampling=upsampling),
                "generator",
            )
            for code, channels in zip(codes, (a, b), strict=True)
        )

    def players(self) -> dict[str, Player]:
        """Return the discriminators with the encoders in them, who move as one, and the generators, who do too."""
        decay = self.weight_decay
        return {
            "discriminator": Player(self.discriminator_a, self.discriminator_b, critic=True, weight_decay=decay),
            "generator": Player(self.generator_a, self.generator_b, weight_decay=decay),
        }

    def step(self, batches: Batches) -> Step:
        """Move the discriminators, which are the encoders, up equation 1, then the generators down equations 1 to 3."""
        batch = next(batches)
        a, b = batch["a"], batch["b"]
        critic_a, critic_b = self.discriminator_a.given(), self.discriminator_b.given()

        (scores_a, codes_a), (scores_b, codes_b) = critic_a.both(a), critic_b.both(b)
        with torch.no_grad():
            fake_b, fake_a = self.generator_b(codes_a[0]), self.generator_a(codes_b[0])
        judged_a = self.game.judge(critic_a, a, fake_a, scores=(scores_a, critic_a(fake_a)))
        judged_b = self.game.judge(critic_b, b, fake_b, scores=(scores_b, critic_b(fake_b)))
        yield (
            "discriminator",
            {**named(judged_a, "a", weight=self.adversarial), **named(judged_b, "b", weight=self.adversarial)},
        )

        if self.due("generator"):
            with torch.no_grad():
                code_a, code_b = self.discriminator_a.features(a)[0], self.discriminator_b.features(b)[0]
            fake_b, own_b = self.generator_b.each(code_a, code_b)
            fake_a, own_a = self.generator_a.each(code_b, code_a)
            (scores_a, back_b), (scores_b, back_a) = critic_a.both(fake_a), critic_b.both(fake_b)
            yield (
                "generator",
                {
                    "game_a": self.adversarial * self.game.fool(critic_a, fake_a, a, scores=(scores_a, None)),
                    "game_b": self.adversarial * self.game.fool(critic_b, fake_b, b, scores=(scores_b, None)),
                    "cycle_a": self.cycle * l1_loss(self.generator_a(back_a[0]), a),
                    "cycle_b": self.cycle * l1_loss(self.generator_b(back_b[0]), b),
                    "reconstruction_a": self.reconstruction * l1_loss(own_a, a),
                    "reconstruction_b": self.reconstruction * l1_loss(own_b, b),
                },
            )

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return A, its translation and what its own generator makes of its code, then B and its translation."""
        a, b = batch["a"], batch["b"]
        code_a, code_b = self.discriminator_a.features(a)[0], self.discriminator_b.features(b)[0]
        reference = {"reference": batch["reference"]} if "reference" in batch else {}
        return {
            "input": a,
            "output": self.generator_b(code_a),
            **reference,
            "reconstructed": self.generator_a(code_a),
            "input B": b,
            "output A": self.generator_a(code_b),
        }

    def graphs(self) -> dict[str, Graph]:
        """Return both translations, of any size where the generators read means of codes."""
        ways = {
            "a_to_b": (self.discriminator_a, self.generator_b),
            "b_to_a": (self.discriminator_b, self.generator_a),
        }
        return {
            name: Graph(
                network=Network(Translation(encoder.module, generator.module), name),
                inputs=(name[0],),
                outputs=(name[-1],),
                size=None if self.light else self.size,
            )
            for name, (encoder, generator) in ways.items()
        }


@torch.no_grad()
def _code(discriminator: Discriminator, channels: int, sides: tuple[int, int]) -> int:
    """Return the channels of a discriminator's codes, found by trying, which leaves no trace in it.

    Raises Unsupported where they are not a quarter of the image's size.
    """
    found = discriminator.eval().features(torch.zeros(1, channels, *sides))[0]
    discriminator.train()
    if found.shape[2:] != (sides[0] // 4, sides[1] // 4):
        raise Unsupported(
            "nice-gan encodes by the discriminator's first inner activation, which must be a quarter of the image's "
            f"size, not {found.shape[2]}x{found.shape[3]} of {sides}"
        )
    return found.shape[1]


@hookimpl
def recipe() -> type[Recipe]:
    """Return NICE-GAN's training algorithm."""
    return NICEGAN


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the discriminator."""
    return discriminator_network
