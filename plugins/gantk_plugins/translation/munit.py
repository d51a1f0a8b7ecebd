"""MUNIT: unpaired translation with several answers (Huang et al. 2018, arXiv:1804.04732).

An image is a content, which both domains share, and a style, a few numbers that are its domain's own. To translate is
to decode an image's content with a style of the other domain: one that is drawn from N(0, I), or that of a picture.

    gantk translate a_to_b.onnx photos/ -o out/ --seed 3
    gantk translate a_to_b_styled.onnx photos/ -o out/ --image style=picture.png

What is decoded of an image's own content and style must be the image (equation 1), what is encoded of a translation
must be the content and the style that it was made of (equations 2 and 3), and a game judges translations (equation 4).
The objective is equation 5. Two options add what the paper uses on street scenes: `cycle`, the style-augmented cycle
consistency, and `vgg`, the domain-invariant perceptual loss, a file of ImageNet weights that the user has.

Where the text leaves a choice, the authors' code decides: the discriminators move first; the losses of the scales of a
discriminator are added up, where a game here is the mean over them; a weight decay; the rate halves each tenth of the
run. Here the discriminators and the generators see the same translations in a step, where the code draws styles anew
for the latter, and the perceptual loss takes the third layer of the fifth block of VGG-19, where the code takes that of
VGG-16.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import instance_norm, l1_loss, mse_loss

from gantk import (
    Batch,
    Batches,
    Build,
    Defaults,
    DiscriminatorSpec,
    Graph,
    Image,
    Latent,
    Network,
    Player,
    Recipe,
    Settings,
    Step,
    Stepwise,
    Unsupported,
    UsageError,
    hookimpl,
    initialize_normal,
    named,
)
from gantk_plugins.networks.disentangled import Translation, of_both_domains
from gantk_plugins.networks.vgg19 import vgg19_of
from gantk_plugins.translation.munit_networks import discriminator_network

SEEDS = 4
"""Styles that a preview shows beside each other."""


class MUNIT(Recipe):
    """Translates between two domains of images that are not paired, in a style that is drawn or a picture's.

    Args:
        style: numbers of a style.
        scales: discriminators of each domain, each of which scores images half as large as the one before.
        adversarial: weight of the adversarial loss at each scale.
        reconstruction: weight of the error of images decoded of their own content and style, the paper's lambda_x.
        content: weight of the error of contents encoded of translations, lambda_c.
        styles: weight of the error of styles encoded of translations, lambda_s.
        cycle: weight of the error of images that were translated there and, in their own style, back; 0: none.
        vgg: file of VGG-19's weights as torchvision has them, or vgg19 where that is downloaded; unsaid: no perceptual
            loss.
        perceptual: weight of the domain-invariant perceptual loss, where `vgg` is said.
        filters: channels of the first layer; contents have four times as many.
        blocks: residual blocks of each content encoder and decoder.
        weight_decay: weight of the L2 term, as the authors' code has it.
    """

    kind = "unpaired"
    defaults = Defaults(loss="lsgan", normalization={"generator": "instance", "discriminator": "none"})
    settings = Settings(
        optimizer="adam",
        learning_rate=1e-4,
        betas=(0.5, 0.999),
        batch_size=1,
        steps=1_000_000,
        schedule=Stepwise(factor=0.5, points=tuple(tenth / 10 for tenth in range(1, 10))),
        jitter=1.0,
        flip=True,
    )

    def __init__(
        self,
        build: Build,
        *,
        style: int = 8,
        scales: int = 3,
        adversarial: float = 1.0,
        reconstruction: float = 10.0,
        content: float = 1.0,
        styles: float = 1.0,
        cycle: float = 0.0,
        vgg: Path | None = None,
        perceptual: float = 1.0,
        filters: int = 64,
        blocks: int = 4,
        weight_decay: float = 1e-4,
    ) -> None:
        super().__init__()
        if style < 1 or filters < 1 or blocks < 1:
            raise UsageError(
                "munit needs style >= 1, filters >= 1 and blocks >= 1, "
                f"not style={style}, filters={filters}, blocks={blocks}"
            )
        sides, size = build.data.sides, build.data.size
        if any(side % Translation.multiple or side < 16 for side in sides):
            raise Unsupported(f"munit needs a size that is a multiple of 4 and at least 16, not {sides}")
        a, b = build.data.channels["a"], build.data.channels["b"]
        # A game is a mean over the scales.
        self.adversarial = adversarial * scales
        self.reconstruction, self.cycle = reconstruction, cycle
        self.content, self.styles = content, styles
        self.perceptual, self.weight_decay = perceptual, weight_decay
        self.style = Latent(name="style", length=style)
        self.game = build.loss()
        self.vgg = vgg19_of(build, vgg, (a, b), 5, 3)
        contents, style_encoders, decoders = of_both_domains(build, style=style, filters=filters, blocks=blocks)
        self.content_a, self.content_b = contents
        self.style_a, self.style_b = style_encoders
        self.decoder_a, self.decoder_b = decoders
        self.discriminator_a, self.discriminator_b = (
            initialize_normal(build.discriminator(DiscriminatorSpec(channels=channels, size=size), scales=scales))
            for channels in (a, b)
        )

    def players(self) -> dict[str, Player]:
        """Return encoders and decoders, who move as one, and the discriminators, who do too."""
        decay = self.weight_decay
        return {
            "discriminator": Player(self.discriminator_a, self.discriminator_b, critic=True, weight_decay=decay),
            "generator": Player(
                self.content_a,
                self.content_b,
                self.style_a,
                self.style_b,
                self.decoder_a,
                self.decoder_b,
                weight_decay=decay,
            ),
        }

    def step(self, batches: Batches) -> Step:
        """Move the discriminators up equation 4, then encoders and decoders down equation 5."""
        batch = next(batches)
        a, b = batch["a"], batch["b"]
        critic_a, critic_b = self.discriminator_a.given(), self.discriminator_b.given()
        drawn_a, drawn_b = self.style.drawn(len(b), b.device), self.style.drawn(len(a), a.device)

        with torch.set_grad_enabled(self.due("generator")):
            content_a, content_b = self.content_a(a), self.content_b(b)
            fake_a, fake_b = self.decoder_a(content_b, drawn_a), self.decoder_b(content_a, drawn_b)
        yield (
            "discriminator",
            {
                **named(self.game.judge(critic_a, a, fake_a), "a", weight=self.adversarial),
                **named(self.game.judge(critic_b, b, fake_b), "b", weight=self.adversarial),
            },
        )

        if self.due("generator"):
            style_a, style_b = self.style_a(a), self.style_b(b)
            # The content of a translation into B is A's again, and B's encoders read it.
            back_a, back_b = self.content_b(fake_b), self.content_a(fake_a)
            losses = {
                "game_a": self.adversarial * self.game.fool(critic_a, fake_a, a),
                "game_b": self.adversarial * self.game.fool(critic_b, fake_b, b),
                "reconstruction_a": self.reconstruction * l1_loss(self.decoder_a(content_a, style_a), a),
                "reconstruction_b": self.reconstruction * l1_loss(self.decoder_b(content_b, style_b), b),
                "content_a": self.content * l1_loss(back_a, content_a),
                "content_b": self.content * l1_loss(back_b, content_b),
                "style_a": self.styles * l1_loss(self.style_a(fake_a), drawn_a),
                "style_b": self.styles * l1_loss(self.style_b(fake_b), drawn_b),
            }
            if self.cycle:
                losses["cycle_a"] = self.cycle * l1_loss(self.decoder_a(back_a, style_a), a)
                losses["cycle_b"] = self.cycle * l1_loss(self.decoder_b(back_b, style_b), b)
            if self.vgg is not None:
                losses["perceptual_a"] = self.perceptual * self.apart(fake_a, b)
                losses["perceptual_b"] = self.perceptual * self.apart(fake_b, a)
            yield "generator", losses

    def apart(self, made: Tensor, source: Tensor) -> Tensor:
        """Return how far a translation is from its source in VGG's features, which instance norm frees of the domain.

        Source: section 5.1.
        """
        assert self.vgg is not None
        with torch.no_grad():
            wanted = instance_norm(self.vgg(source))
        return mse_loss(instance_norm(self.vgg(made)), wanted)

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return A in several styles, those of the seeds of an exported model, and in that of another row's image of B.

        Then B and its translation.
        """
        a, b = batch["a"], batch["b"]
        content, other = self.content_a(a), b.roll(1, 0)
        styles = {f"seed {seed}": self.style.fixed(1, seed).to(a.device) for seed in range(SEEDS)}
        reference = {"reference": batch["reference"]} if "reference" in batch else {}
        return {
            "input": a,
            **{seed: self.decoder_b(content, style.expand(len(a), -1)) for seed, style in styles.items()},
            **reference,
            "style": other,
            "in that style": self.decoder_b(content, self.style_b(other)),
            "input B": b,
            "output A": self.decoder_a(self.content_b(b), styles["seed 0"].expand(len(b), -1)),
        }

    def graphs(self) -> dict[str, Graph]:
        """Return both translations in a style that is drawn, and both in the style of a picture."""
        ways = {
            ("a", "b"): (self.content_a, self.decoder_b, self.style_b),
            ("b", "a"): (self.content_b, self.decoder_a, self.style_a),
        }
        graphs = {}
        for (source, target), (content, decoder, style) in ways.items():
            name = f"{source}_to_{target}"
            drawn = Translation(content.module, decoder.module)
            graphs[name] = Graph(network=Network(drawn, name), inputs=(source, self.style), outputs=(target,))
            taken = Translation(content.module, decoder.module, style.module)
            graphs[f"{name}_styled"] = Graph(
                network=Network(taken, name), inputs=(source, Image(target, name="style")), outputs=(target,)
            )
        return graphs


@hookimpl
def recipe() -> type[Recipe]:
    """Return MUNIT's training algorithm."""
    return MUNIT


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the discriminator."""
    return discriminator_network
