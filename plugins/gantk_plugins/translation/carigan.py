"""CariGANs: caricatures of photographs, their geometry and their look apart (Cao et al. 2018, arXiv:1811.00222).

CariGeoGAN translates the landmarks of a photograph, as principal components, to those of a caricature. Two generators
play against two critics by least squares, a way there and back must return (the cycle), and a caricature must differ
from the mean caricature as the photograph does from the mean photograph (the characteristic loss): in the same
direction, however far: `carigan_geometry.py`.

CariStyGAN gives a photograph the look of a drawing and leaves its shape. It learns from photographs and from
caricatures that CariGeoGAN's way back warps to photographs' shapes, so that nothing but the look tells them apart:
`carigan_style.py`. A caricature is a photograph that was drawn in a style, and then warped.

    gantk train --plugin carigan --data landmarks:FOLDER
    gantk translate runs/.../caricature.onnx photographs/ -o out/ --seed 3 --scalar strength=1.5
    gantk translate runs/.../caricature_styled.onnx photographs/ -o out/ --image style=drawing.png

As in the paper, the two are trained one after the other: a run has two stages, and the first network rests in the
second. `-s networks=geometry` trains CariGeoGAN alone, whose graph `exaggerate` warps photographs as they are.

What leaves the paper: it does not say how deep and wide its dense layers are; here there are four, of 128 units. It
aligns faces by eyes and mouth; a data set should give faces that are. Its landmarks are found by another network; a
model that is exported must find them itself, so a small network learns them of the photographs, by their squared error.
Components are divided by one number, the spread of the first, which leaves every angle as it is. The edges of an image
stay where they are as it is warped. Encoders and decoders are MUNIT's as its authors have them, on which the paper
builds, and so are the weights of the losses. The perceptual loss takes VGG-19's conv5_3, as the paper's does, where
`-s vgg` names its weights; whether or not it does, contents must also stay by MUNIT's loss. A picture whose style is
taken is not warped first.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from gantk import (
    Batch,
    Batches,
    Build,
    Defaults,
    Graph,
    Player,
    Recipe,
    Settings,
    Stage,
    Step,
    UsageError,
    hookimpl,
)
from gantk_plugins.translation.carigan_geometry import Geometry
from gantk_plugins.translation.carigan_networks import Caricature
from gantk_plugins.translation.carigan_style import Restyling

GEOMETRY, STYLE = "geometry", "style"
"""The two stages of a run."""

SEEDS = 3
"""Styles that a preview shows beside each other."""


class CariGAN(Geometry):
    """Draws caricatures of faces, as those of others are.

    Args:
        networks: what is trained: both networks, or the geometry alone.
        landmarks: points of a face.
        components: principal components in which faces are compared.
        units: units of each dense layer of generators and critics.
        filters: channels of the first layer of the network that finds landmarks.
        cycle: weight of the way there and back.
        characteristic: weight of the characteristic loss.
        style: numbers of a style.
        style_filters: channels of the first layer of the networks that draw; contents have four times as many.
        blocks: residual blocks of each content encoder and decoder.
        scales: discriminators of each domain, each of which scores images half as large as the one before.
        style_share: how many steps the second network is trained for each of the first.
        style_batch: how many images a step of the second network takes, as a multiple of the batch size.
        adversarial: weight of the adversarial loss of images at each scale.
        reconstruction: weight of the error of images decoded of their own content and style.
        style_cycle: weight of the error of photographs that were drawn in a style and then in their own.
        content: weight of the error of contents encoded of what was made.
        styles: weight of the error of styles encoded of what was made.
        vgg: file of VGG-19's weights as torchvision has them, or vgg19 where that is downloaded; unsaid: no perceptual
            loss.
        perceptual: weight of the perceptual loss, where `vgg` is said.
    """

    defaults = Defaults(
        discriminator="patchgan",
        loss="lsgan",
        normalization={"generator": "instance", "discriminator": "none"},
    )
    settings = Settings(optimizer="adam", learning_rate=1e-4, betas=(0.5, 0.999), batch_size=1, size=256)

    def __init__(
        self,
        build: Build,
        *,
        networks: Literal["both", "geometry"] = "both",
        landmarks: int = 63,
        components: int = 32,
        units: int = 128,
        filters: int = 16,
        cycle: float = 10.0,
        characteristic: float = 1.0,
        style: int = 8,
        style_filters: int = 64,
        blocks: int = 4,
        scales: int = 3,
        style_share: float = 1.0,
        style_batch: float = 1.0,
        adversarial: float = 1.0,
        reconstruction: float = 10.0,
        style_cycle: float = 10.0,
        content: float = 1.0,
        styles: float = 1.0,
        vgg: Path | None = None,
        perceptual: float = 1.0,
    ) -> None:
        if style_share <= 0 or style_batch <= 0:
            raise UsageError(
                "carigan needs style_share and style_batch above 0, not "
                f"style_share={style_share:g}, style_batch={style_batch:g}: -s networks=geometry leaves the style out"
            )
        super().__init__(
            build,
            landmarks=landmarks,
            components=components,
            units=units,
            filters=filters,
            cycle=cycle,
            characteristic=characteristic,
        )
        self.style_share, self.style_batch = style_share, style_batch
        self.restyling: Restyling | None = None
        if networks == "both":
            self.restyling = Restyling(
                build,
                style=style,
                filters=style_filters,
                blocks=blocks,
                scales=scales,
                weights={
                    "adversarial": adversarial,
                    "reconstruction": reconstruction,
                    "cycle": style_cycle,
                    "content": content,
                    "style": styles,
                    "perceptual": perceptual,
                },
                vgg=vgg,
            )

    def stages(self) -> list[Stage]:
        """Return a stage a network: the geometry, then the style, which needs it."""
        geometry = Stage(name=GEOMETRY)
        if self.restyling is None:
            return [geometry]
        return [geometry, Stage(name=STYLE, share=self.style_share, batch=self.style_batch)]

    def players(self) -> dict[str, Player]:
        """Return who draws; before that both generators, both critics, and what finds landmarks."""
        if self.restyling is not None and self.stage.name == STYLE:
            return self.restyling.players()
        return super().players()

    def step(self, batches: Batches) -> Step:
        """Move the networks of the present stage."""
        batch = next(batches)
        if self.restyling is not None and self.stage.name == STYLE:
            yield from self.restyling.step(batch["a"], self.warped_back(batch), self.due("style"))
        else:
            yield from self.moves(batch)

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return what the present stage learns.

        Of the geometry: the photograph, exaggerated by its own landmarks, by those found, twice as far, and
        caricatures. Of the style: the photograph, exaggerated, redrawn, as caricatures of the styles of a model's
        seeds, then another caricature, warped back, and the photograph in its style, redrawn and as a caricature.
        """
        if self.restyling is None or self.stage.name != STYLE:
            return super().preview(batch)
        image, once = batch["a"], torch.ones(len(batch["a"]), device=batch["a"].device)
        return self._drawn(batch, self.exaggeration()(image, once), self.restyling, once)

    def _drawn(self, batch: Batch, exaggerated: Tensor, restyling: Restyling, once: Tensor) -> dict[str, Tensor]:
        image, other = batch["a"], batch["b"]
        drawing, as_that = (restyling.drawing(styled=styled) for styled in (False, True))
        seeds = [restyling.style.fixed(1, seed).to(image.device).expand(len(image), -1) for seed in range(SEEDS)]
        whole = Caricature(self.exaggeration(), drawing)
        return {
            "photograph": image,
            "exaggerated": exaggerated,
            "redrawn": drawing(image, seeds[0]),
            **{f"seed {number}": whole(image, style, once) for number, style in enumerate(seeds)},
            "other": other,
            "warped back": self.warped_back(batch),
            "in its style": as_that(image, other),
            "as caricature": Caricature(self.exaggeration(), as_that)(image, other, once),
        }

    def graphs(self) -> dict[str, Graph]:
        """Return what exaggerates a face, of images of the size that is trained on, and once it is learned, the style.

        The style comes by itself, `redraw`, and as a whole caricature: drawn, and then warped.
        """
        graphs = super().graphs()
        if self.restyling is not None and self.stage.name == STYLE:
            graphs |= self.restyling.graphs(self.exaggeration(), self.size)
        return graphs


@hookimpl
def recipe() -> type[Recipe]:
    """Return CariGANs' training algorithm."""
    return CariGAN
