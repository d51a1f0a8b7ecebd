"""CariGANs: caricatures of photographs, their geometry and their look apart (Cao et al. 2018, arXiv:1811.00222).

CariGeoGAN translates the landmarks of a photograph, as principal components, to those of a caricature. Two generators
play against two critics by least squares, a way there and back must return (the cycle), and a caricature must differ
from the mean caricature as the photograph does from the mean photograph (the characteristic loss): in the same
direction, however far.

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
from torch.nn.functional import cosine_similarity, l1_loss, mse_loss

from gantk import (
    Batch,
    Batches,
    Build,
    Defaults,
    Graph,
    Kind,
    Network,
    Player,
    Recipe,
    Settings,
    Stage,
    Step,
    UsageError,
    hookimpl,
    initialize_he,
    named,
)
from gantk.sizes import sides_of
from gantk_plugins.networks.warp import warped
from gantk_plugins.translation.carigan_networks import (
    STRENGTH,
    Caricature,
    Dense,
    Exaggeration,
    Finder,
    Space,
    principal_components,
)
from gantk_plugins.translation.carigan_style import Restyling

LANDMARKED = Kind(
    "landmarked",
    {"a": "images", "a_points": "numbers", "b": "images", "b_points": "numbers"},
    translates=True,
    whole=True,
    cure="name a folder of photographs and one of caricatures with landmarks beside them, --data landmarks:FOLDER, or "
    "drawn faces, --data faces",
)

GEOMETRY, STYLE = "geometry", "style"
"""The two stages of a run."""

SEEDS = 3
"""Styles that a preview shows beside each other."""

_READ = 200
"""Batches of which principal components are taken."""


def characteristic(given: Tensor, made: Tensor, mean_given: Tensor, mean_made: Tensor) -> Tensor:
    """Return E[1 - cos(given - its mean, made - its mean)] of vectors (N, D): 0 in the same direction, 2 opposite."""
    return (1 - cosine_similarity(given - mean_given, made - mean_made, dim=1)).mean()


class CariGAN(Recipe):
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

    mean_a: Tensor
    mean_b: Tensor

    kind = LANDMARKED
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
        super().__init__()
        if landmarks < 3 or not 1 <= components <= 2 * landmarks or units < 1 or filters < 1:
            raise UsageError(
                "carigan needs landmarks >= 3, from 1 to twice as many components, and units and filters >= 1, not "
                f"landmarks={landmarks}, components={components}, units={units}, filters={filters}"
            )
        if style_share <= 0 or style_batch <= 0:
            raise UsageError(
                "carigan needs style_share and style_batch above 0, not "
                f"style_share={style_share:g}, style_batch={style_batch:g}: -s networks=geometry leaves the style out"
            )
        self.landmarks, self.cycle, self.characteristic = landmarks, cycle, characteristic
        self.style_share, self.style_batch = style_share, style_batch
        self.size = build.data.size
        self.space = Space(landmarks, components)
        self.register_buffer("mean_a", torch.zeros(components))
        self.register_buffer("mean_b", torch.zeros(components))
        self.game = build.loss()
        self.a_to_b, self.b_to_a = (
            build.network(initialize_he(Dense(components, components, units)), "generator") for _ in range(2)
        )
        self.critic_a, self.critic_b = (
            build.network(initialize_he(Dense(components, 1, units)), "discriminator") for _ in range(2)
        )
        self.finder = build.network(
            initialize_he(Finder(build.data.channels["a"], sides_of(self.size), components, filters)), "finder"
        )
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

    def prepare(self, batches: Batches) -> None:
        """Take the principal components of all landmarks, and the mean of each side's."""
        first = next(batches)
        if "a_points" not in first:
            return
        read = [first, *(next(batches) for _ in range(_READ))]
        a, b = (torch.cat([self._checked(batch[key]) for batch in read]) for key in ("a_points", "b_points"))
        mean, basis = principal_components(torch.cat([a, b]), len(self.mean_a))
        self.space.mean.copy_(mean)
        self.space.basis[: len(basis)].copy_(basis)
        self.space.spread.fill_(1)
        self.space.spread.copy_(self.space.components(a)[:, 0].std())
        for own, rows in ((self.mean_a, a), (self.mean_b, b)):
            own.copy_(self.space.components(rows).mean(0))

    def _checked(self, points: Tensor) -> Tensor:
        if points.shape[1] != self.landmarks:
            raise UsageError(
                f"faces of the data have {points.shape[1]} landmarks, not {self.landmarks}: say "
                f"-s landmarks={points.shape[1]}"
            )
        return points.flatten(1)

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
        return {
            "generators": Player(self.a_to_b, self.b_to_a),
            "critics": Player(self.critic_a, self.critic_b, critic=True),
            "finder": Player(self.finder),
        }

    def step(self, batches: Batches) -> Step:
        """Move the networks of the present stage."""
        batch = next(batches)
        if self.restyling is not None and self.stage.name == STYLE:
            yield from self.restyling.step(batch["a"], self.warped_back(batch), self.due("style"))
        else:
            yield from self.geometry_step(batch)

    @torch.no_grad()
    def warped_back(self, batch: Batch) -> Tensor:
        """Return caricatures warped to photographs' shapes, the intermediate domain (section 4)."""
        wanted = self.space.points(self.b_to_a(self.space.components(batch["b_points"])))
        return warped(batch["b"], batch["b_points"], wanted)

    def geometry_step(self, batch: Batch) -> Step:
        """Move the critics, then the generators by the whole objective, then what finds landmarks."""
        a, b = self.space.components(batch["a_points"]), self.space.components(batch["b_points"])
        critic_a, critic_b = self.critic_a.given(), self.critic_b.given()

        with torch.set_grad_enabled(self.due("generators")):
            made_b, made_a = self.a_to_b(a), self.b_to_a(b)
        yield (
            "critics",
            named(self.game.judge(critic_b, b, made_b), "b") | named(self.game.judge(critic_a, a, made_a), "a"),
        )

        if self.due("generators"):
            yield (
                "generators",
                {
                    "game_b": self.game.fool(critic_b, made_b, b),
                    "game_a": self.game.fool(critic_a, made_a, a),
                    "cycle_a": self.cycle * l1_loss(self.b_to_a(made_b), a),
                    "cycle_b": self.cycle * l1_loss(self.a_to_b(made_a), b),
                    "characteristic_b": self.characteristic * characteristic(a, made_b, self.mean_a, self.mean_b),
                    "characteristic_a": self.characteristic * characteristic(b, made_a, self.mean_b, self.mean_a),
                },
            )
        self.note(exaggeration=((made_b.detach() - self.mean_b).norm(dim=1) / (a - self.mean_a).norm(dim=1)).mean())
        yield "finder", {"components": mse_loss(self.finder(batch["a"]), a)}

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return what the present stage learns.

        Of the geometry: the photograph, exaggerated by its own landmarks, by those found, twice as far, and
        caricatures. Of the style: the photograph, exaggerated, redrawn, as caricatures of the styles of a model's
        seeds, then another caricature, warped back, and the photograph in its style, redrawn and as a caricature.
        """
        image, once = batch["a"], torch.ones(len(batch["a"]), device=batch["a"].device)
        found = self.exaggeration()
        if self.restyling is not None and self.stage.name == STYLE:
            return self._drawn(batch, found(image, once), self.restyling, once)
        own = self.space.components(batch["a_points"])
        known = warped(image, batch["a_points"], self.space.points(self.a_to_b(own)))
        return {
            "photograph": image,
            "exaggerated": known,
            "landmarks found": found(image, once),
            "twice as far": found(image, 2 * once),
            "other caricatures": batch["b"],
        }

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

    def exaggeration(self) -> Exaggeration:
        """Return what warps a photograph."""
        return Exaggeration(self.finder.module, self.a_to_b.module, self.space)

    def graphs(self) -> dict[str, Graph]:
        """Return what exaggerates a face, of images of the size that is trained on, and once it is learned, the style.

        The style comes by itself, `redraw`, and as a whole caricature: drawn, and then warped.
        """
        found = self.exaggeration()
        network = Network(found, "exaggerate")
        graphs = {"exaggerate": Graph(network=network, inputs=("a", STRENGTH), outputs=("a",), size=self.size)}
        if self.restyling is not None and self.stage.name == STYLE:
            graphs |= self.restyling.graphs(found, self.size)
        return graphs


@hookimpl
def recipe() -> type[Recipe]:
    """Return CariGANs' training algorithm."""
    return CariGAN
