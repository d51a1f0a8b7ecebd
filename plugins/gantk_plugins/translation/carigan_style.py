"""CariStyGAN: the look of caricatures, without their geometry (Cao et al. 2018, arXiv:1811.00222, section 4).

Photographs and caricatures that are warped to photographs' shapes, the intermediate domain Y', differ in their look
alone. An image is a content, which both share, and a style, a few numbers. What an image's own content and style give
must be the image; a photograph that was drawn in a style, and then in its own, must be the photograph; the style of
what was made must be the one that was drawn; contents must stay; and a game judges what was made.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss, mse_loss

from gantk import (
    Build,
    DiscriminatorSpec,
    Graph,
    Image,
    Latent,
    Losses,
    Network,
    Player,
    Step,
    Unsupported,
    UsageError,
    initialize_normal,
    named,
)
from gantk_plugins.networks.disentangled import Translation, of_both_domains
from gantk_plugins.networks.vgg19 import vgg19_of
from gantk_plugins.translation.carigan_networks import STRENGTH, Caricature, Exaggeration

LEAST = 16
"""Pixels of the smallest image that has a style."""


class Restyling(nn.Module):
    """What gives photographs the look of drawings, and drawings that of photographs.

    Args:
        build: what makes networks, of photographs `a` and caricatures `b`.
        style: numbers of a style.
        filters: channels of the first layer; contents have four times as many.
        blocks: residual blocks of each content encoder and decoder.
        scales: discriminators of each domain.
        weights: weights of the losses: `adversarial`, at each scale, `reconstruction`, `cycle`, `content`, `style`,
            and `perceptual`.
        vgg: file of VGG-19's weights; None: no perceptual loss.
    """

    def __init__(
        self,
        build: Build,
        *,
        style: int,
        filters: int,
        blocks: int,
        scales: int,
        weights: Mapping[str, float],
        vgg: Path | None,
    ) -> None:
        super().__init__()
        if style < 1 or filters < 1 or blocks < 1:
            raise UsageError(
                "carigan needs style >= 1, style_filters >= 1 and blocks >= 1, "
                f"not style={style}, style_filters={filters}, blocks={blocks}"
            )
        if any(side % Translation.multiple or side < LEAST for side in build.data.sides):
            raise Unsupported(
                f"carigan draws at a size that is a multiple of {Translation.multiple} and at least {LEAST}, not "
                f"{build.data.size}: say another --size, or -s networks=geometry"
            )
        a, b = build.data.channels["a"], build.data.channels["b"]
        # A game is a mean over the scales.
        self.weights = {**weights, "adversarial": weights["adversarial"] * scales}
        self.style = Latent(name="style", length=style)
        self.game = build.loss()
        self.vgg = vgg19_of(build, vgg, (a, b), 5, 3)
        contents, style_encoders, decoders = of_both_domains(build, style=style, filters=filters, blocks=blocks)
        self.content_a, self.content_b = contents
        self.style_a, self.style_b = style_encoders
        self.decoder_a, self.decoder_b = decoders
        self.discriminator_a, self.discriminator_b = (
            initialize_normal(
                build.discriminator(DiscriminatorSpec(channels=channels, size=build.data.size), scales=scales)
            )
            for channels in (a, b)
        )

    def players(self) -> dict[str, Player]:
        """Return the discriminators, who move as one, and encoders and decoders, who do too."""
        return {
            "style_critics": Player(self.discriminator_a, self.discriminator_b, critic=True),
            "style": Player(self.content_a, self.content_b, self.style_a, self.style_b, self.decoder_a, self.decoder_b),
        }

    def step(self, a: Tensor, b: Tensor, due: bool) -> Step:
        """Move the discriminators, then encoders and decoders if they are due.

        Args:
            a: photographs (N, C, H, W).
            b: caricatures that are warped to photographs' shapes.
            due: whether encoders and decoders move at this turn.
        """
        critic_a, critic_b = self.discriminator_a.given(), self.discriminator_b.given()
        drawn_a, drawn_b = self.style.drawn(len(b), b.device), self.style.drawn(len(a), a.device)
        weight = self.weights["adversarial"]

        with torch.set_grad_enabled(due):
            content_a, content_b = self.content_a(a), self.content_b(b)
            fake_a, fake_b = self.decoder_a(content_b, drawn_a), self.decoder_b(content_a, drawn_b)
        yield (
            "style_critics",
            {
                **named(self.game.judge(critic_a, a, fake_a), "a", weight=weight),
                **named(self.game.judge(critic_b, b, fake_b), "b", weight=weight),
            },
        )

        if due:
            style_a = self.style_a(a)
            back_a, back_b = self.content_b(fake_b), self.content_a(fake_a)
            losses = {
                "game_a": self.game.fool(critic_a, fake_a, a),
                "game_b": self.game.fool(critic_b, fake_b, b),
                "reconstruction_a": l1_loss(self.decoder_a(content_a, style_a), a),
                "reconstruction_b": l1_loss(self.decoder_b(content_b, self.style_b(b)), b),
                "cycle_a": l1_loss(self.decoder_a(back_a, style_a), a),
                "content_a": l1_loss(back_a, content_a),
                "content_b": l1_loss(back_b, content_b),
                "style_a": l1_loss(self.style_a(fake_a), drawn_a),
                "style_b": l1_loss(self.style_b(fake_b), drawn_b),
            }
            if self.vgg is not None:
                losses["perceptual_a"] = self.apart(fake_b, a)
                losses["perceptual_b"] = self.apart(fake_a, b)
            yield "style", self._weighted(losses)

    def _weighted(self, losses: Losses) -> Losses:
        """Return each loss, named after its kind and its side, times the weight of its kind."""
        kinds = {name: name.rpartition("_")[0].replace("game", "adversarial") for name in losses}
        return {name: self.weights[kinds[name]] * loss for name, loss in losses.items()}

    def apart(self, made: Tensor, source: Tensor) -> Tensor:
        """Return how far what was made is from its source in VGG's features, by the squared error."""
        assert self.vgg is not None
        with torch.no_grad():
            wanted = self.vgg(source)
        return mse_loss(self.vgg(made), wanted)

    def drawing(self, *, styled: bool) -> Translation:
        """Return what draws a photograph in a style, which is numbers, or that of a picture where it is `styled`."""
        return Translation(self.content_a.module, self.decoder_b.module, self.style_b.module if styled else None)

    def graphs(self, exaggeration: Exaggeration, size: int | tuple[int, int]) -> dict[str, Graph]:
        """Return what redraws a photograph, and the whole caricature, each in a style that is drawn or a picture's.

        Args:
            exaggeration: what warps a photograph.
            size: the height and width that it takes.
        """
        graphs: dict[str, Graph] = {}
        styles: dict[str, Latent | Image] = {"": self.style, "_styled": Image("b", name="style")}
        for suffix, style in styles.items():
            drawing = self.drawing(styled=bool(suffix))
            redraw, whole = Network(drawing, "redraw"), Network(Caricature(exaggeration, drawing), "caricature")
            graphs[f"redraw{suffix}"] = Graph(network=redraw, inputs=("a", style), outputs=("b",))
            graphs[f"caricature{suffix}"] = Graph(
                network=whole, inputs=("a", style, STRENGTH), outputs=("b",), size=size
            )
        return graphs
