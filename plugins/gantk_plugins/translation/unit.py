"""UNIT: unpaired translation by a latent space that both domains share (Liu et al. 2017, arXiv:1703.00848).

Each domain has an encoder, a decoder and a discriminator; a pair of images that show the same in both domains should
have one code. So the encoders share their last layers and the decoders their first (section 3), a variational
auto-encoder per domain keeps codes near N(0, I) (equation 3), a game judges what is decoded into the other domain
(equation 4), and what is translated and translated back must be the image again (equation 5). The objective is
equation 2; a code is N(mean, I), of which one is drawn in training, and its mean is translated afterwards.

Where the text leaves a choice, the authors' first code decides, since the paper's figures are its own: divergences and
absolute errors are means over all numbers, the divergence without its factor of 1/2, and weights are stated against
these; the networks; a weight decay; initial weights from N(0, 0.02). The text alone counts the divergence of an image's
own code in equation 5, too, and of means, where the code takes it of drawn codes once. The generators are judged on
translations alone, as in both. Adam's rate stays constant.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from gantk import (
    Batch,
    Batches,
    Build,
    Defaults,
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
    initialize_normal,
    named,
)
from gantk_plugins.translation.unit_networks import (
    Translation,
    decoder,
    discriminator_network,
    encoder,
    shared,
)


def divergence(mean: Tensor) -> Tensor:
    """Return twice KL(N(mean, I) || N(0, I)) a number, averaged over codes (N, ...): the mean square."""
    return mean.square().mean()


def sampled(mean: Tensor) -> Tensor:
    """Return a draw of N(mean, I)."""
    return mean + torch.randn_like(mean)


class UNIT(Recipe):
    """Translates between two domains of images that are not paired, through one code for both.

    Args:
        adversarial: weight of the adversarial loss, the paper's lambda_0.
        prior: weight of the divergence of codes from N(0, I), lambda_1.
        reconstruction: weight of the error of images decoded of their own codes, lambda_2.
        cycle_prior: weight of the divergences of the way there and back, lambda_3.
        cycle_reconstruction: weight of the error of images that were translated there and back, lambda_4.
        filters: channels of the first layer; codes have four times as many.
        blocks: residual blocks of each encoder and decoder besides the shared one.
        upsampling: "transposed" convolution, or "resize": enlarge, then convolve, which leaves no pattern of dots.
        alike: whether the own layers of two domains of as many channels begin with the same weights. The paper has
            nothing of it; but few steps may take one colour for another, which no loss forbids.
        weight_decay: weight of the L2 term, as the authors' code has it.
    """

    kind = "unpaired"
    defaults = Defaults(loss="non-saturating", normalization={"generator": "instance", "discriminator": "none"})
    settings = Settings(
        optimizer="adam",
        learning_rate=1e-4,
        betas=(0.5, 0.999),
        batch_size=1,
        steps=500_000,
        schedule="constant",
        jitter=1.0,
        flip=True,
    )

    def __init__(
        self,
        build: Build,
        *,
        adversarial: float = 10.0,
        prior: float = 0.1,
        reconstruction: float = 100.0,
        cycle_prior: float = 0.1,
        cycle_reconstruction: float = 100.0,
        filters: int = 64,
        blocks: int = 3,
        upsampling: Literal["transposed", "resize"] = "transposed",
        alike: bool = False,
        weight_decay: float = 1e-4,
    ) -> None:
        super().__init__()
        if filters < 1 or blocks < 0:
            raise UsageError(f"unit needs filters >= 1 and blocks >= 0, not filters={filters}, blocks={blocks}")
        sides, size = build.data.sides, build.data.size
        if any(side % Translation.multiple or side < Translation.minimum for side in sides):
            raise Unsupported(f"unit needs a size that is a multiple of 4 and at least 8, not {sides}")
        self.adversarial, self.prior, self.reconstruction = adversarial, prior, reconstruction
        self.cycle_prior, self.cycle_reconstruction = cycle_prior, cycle_reconstruction
        self.weight_decay = weight_decay
        self.game = build.loss()
        a, b = build.data.channels["a"], build.data.channels["b"]
        norms = build.normalization("generator")
        self.encoder_a, self.encoder_b = (build.network(encoder(c, filters, blocks, norms), "encoder") for c in (a, b))
        self.encoder = build.network(shared(filters, norms), "encoder")
        self.decoder = build.network(shared(filters, norms), "decoder")
        self.decoder_a, self.decoder_b = (
            build.network(decoder(c, filters, blocks, norms, upsampling), "decoder") for c in (a, b)
        )
        if alike and a == b:
            self.encoder_b.load_state_dict(self.encoder_a.state_dict())
            self.decoder_b.load_state_dict(self.decoder_a.state_dict())
        self.discriminator_a, self.discriminator_b = (
            initialize_normal(build.discriminator(DiscriminatorSpec(channels=c, size=size))) for c in (a, b)
        )

    def players(self) -> dict[str, Player]:
        """Return encoders and decoders, who move as one, and the discriminators, who do too."""
        return {
            "discriminator": Player(
                self.discriminator_a, self.discriminator_b, critic=True, weight_decay=self.weight_decay
            ),
            "generator": Player(
                self.encoder_a,
                self.encoder_b,
                self.encoder,
                self.decoder,
                self.decoder_a,
                self.decoder_b,
                weight_decay=self.weight_decay,
            ),
        }

    def means(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        """Return the means of the codes of images of A and of B, (N, 4 filters, H / 4, W / 4)."""
        mean_a, mean_b = self.encoder.each(self.encoder_a(a), self.encoder_b(b))
        return mean_a, mean_b

    def step(self, batches: Batches) -> Step:
        """Move the discriminators up equation 4, then encoders and decoders down equation 2."""
        batch = next(batches)
        a, b = batch["a"], batch["b"]
        critic_a, critic_b = self.discriminator_a.given(), self.discriminator_b.given()
        due = self.due("generator")

        with torch.set_grad_enabled(due):
            mean_a, mean_b = self.means(a, b)
            code_a, code_b = self.decoder.each(sampled(mean_a), sampled(mean_b))
            # What an image's own decoder makes of its code serves the reconstruction alone.
            fake_a, *own_a = self.decoder_a.each(code_b, code_a) if due else (self.decoder_a(code_b),)
            fake_b, *own_b = self.decoder_b.each(code_a, code_b) if due else (self.decoder_b(code_a),)
        yield (
            "discriminator",
            {
                **named(self.game.judge(critic_a, a, fake_a), "a", weight=self.adversarial),
                **named(self.game.judge(critic_b, b, fake_b), "b", weight=self.adversarial),
            },
        )

        if due:
            # A's code is now that of its translation, which B's encoder reads.
            back_b, back_a = self.means(fake_a, fake_b)
            again_a, again_b = self.decoder.each(sampled(back_a), sampled(back_b))
            own, there = self.prior + self.cycle_prior, self.cycle_prior
            yield (
                "generator",
                {
                    "game_a": self.adversarial * self.game.fool(critic_a, fake_a, a),
                    "game_b": self.adversarial * self.game.fool(critic_b, fake_b, b),
                    "reconstruction_a": self.reconstruction * l1_loss(own_a[0], a),
                    "reconstruction_b": self.reconstruction * l1_loss(own_b[0], b),
                    "prior_a": own * divergence(mean_a) + there * divergence(back_a),
                    "prior_b": own * divergence(mean_b) + there * divergence(back_b),
                    "cycle_a": self.cycle_reconstruction * l1_loss(self.decoder_a(again_a), a),
                    "cycle_b": self.cycle_reconstruction * l1_loss(self.decoder_b(again_b), b),
                },
            )

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return A, its translation and what its own decoder makes of its code, then B and its translation."""
        a, b = batch["a"], batch["b"]
        code_a, code_b = self.decoder.each(*self.means(a, b))
        reference = {"reference": batch["reference"]} if "reference" in batch else {}
        return {
            "input": a,
            "output": self.decoder_b(code_a),
            **reference,
            "reconstructed": self.decoder_a(code_a),
            "input B": b,
            "output A": self.decoder_a(code_b),
        }

    def graphs(self) -> dict[str, Graph]:
        """Return both translations, of the means of codes."""
        ways = {"a_to_b": (self.encoder_a, self.decoder_b), "b_to_a": (self.encoder_b, self.decoder_a)}
        shared_networks = (self.encoder.module, self.decoder.module)
        return {
            name: Graph(
                network=Network(Translation(first.module, *shared_networks, last.module), name),
                inputs=(name[0],),
                outputs=(name[-1],),
            )
            for name, (first, last) in ways.items()
        }


@hookimpl
def recipe() -> type[Recipe]:
    """Return UNIT's training algorithm."""
    return UNIT


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the discriminator."""
    return discriminator_network
