"""pix2pixHD: images of label maps at high resolution (Wang et al. 2018, arXiv:1711.11585).

A global generator learns images of half the size first; then a local enhancer is put around it, learns alone, and
together with it (section 3.1). Discriminators at several sizes score images with their label maps (section 3.2), and
the generator also matches their inner activations (equations 4 and 5). The game is that of least squares, added up over
sizes. It learns of label maps, or of images where there are none.

With data of the kind `instances`, which a plugin may serve, a channel says where one instance ends and the next begins
(section 3.3); other data have no such channel. `-s encoder=3` has a third network tell the generator what each instance
looks like, or where there are no instances, each class (section 3.4); an exported model then takes a look's number.

    gantk train --plugin pix2pixhd --data photos maps -s data.labels=b --size 512
    gantk train --plugin pix2pixhd --data photos maps -s data.labels=b --size 512 -s jitter=2
        -s generator.checkpointing=true

The second trains on crops of 512 pixels of images of 1,024, in less memory.

What leaves the paper: its two trainings, of 200 and 100 epochs, are one run, whose learning rate falls over its second
half; in theirs it falls over the second half of each. The optimizer of the discriminators goes on where theirs begins
anew. Looks are found while training, as means that move, where they cluster all instances afterwards; so a checkpoint
holds all that a model needs. The paper's images are twice as wide as high: `--size 1024x2048`. A perceptual loss, which
the paper adds by VGG-19, needs its weights: `-s perceptual=vgg19-dcbb9e9d.pth`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from gantk import (
    Batch,
    Batches,
    Build,
    Category,
    Defaults,
    DiscriminatorSpec,
    GeneratorSpec,
    Graph,
    Kind,
    Network,
    Palette,
    Player,
    Recipe,
    Settings,
    Stage,
    Step,
    UsageError,
    hookimpl,
    initialize_normal,
)
from gantk_plugins.losses.feature_matching import fooled
from gantk_plugins.losses.perceptual import perceptual, perceptual_network
from gantk_plugins.networks.coarse_to_fine import CoarseToFine, GlobalGenerator, coarse_to_fine, stages
from gantk_plugins.networks.instances import Looks, borders, means, spread
from gantk_plugins.networks.patchgan import patches

INSTANCES = Kind(
    "instances",
    {"image": "images", "layout": "label maps", "instance": "label maps"},
    translates=True,
    cure="a plugin serves it, with a number for each instance of an image in `instance`",
)


class Painted(nn.Module):
    """The generator on a one-hot label map (N, classes, H, W), on a map of instances, and on the number of a look."""

    def __init__(self, generator: nn.Module, looks: Looks | None) -> None:
        super().__init__()
        self.generator, self.looks = generator, looks
        self.multiple, self.minimum = generator.multiple, generator.minimum

    def forward(self, layout: Tensor, *said: Tensor) -> Tensor:
        given = [layout]
        instance, look = (said, None) if self.looks is None else (said[:-1], said[-1])
        given += [borders(one.argmax(1)) for one in instance]
        if self.looks is not None and look is not None:
            given.append(spread(self.looks.of(look), layout.argmax(1)))
        made: Tensor = self.generator(torch.cat(given, 1))
        return made


class Pix2PixHD(Recipe):
    """Makes images of label maps, or of images, by example.

    Args:
        scales: discriminators, each of which scores images half as large as the one before; unsaid: 2, and one more
            for each enhancer.
        feature_matching: weight of the difference between their inner activations, the paper's lambda; 0: none.
        perceptual: by which network images are compared besides: a file of VGG-19's weights, vgg19 where that is
            downloaded, or efficientnet-lite0; unsaid: by none.
        perceptual_weight: weight of that comparison.
        encoder: numbers by which each instance's look is told, the paper's 3; 0: there is no encoder.
        looks: looks of each class that an exported model knows.
    """

    kind = (INSTANCES, "layout", "paired")
    defaults = Defaults(
        loss="lsgan",
        normalization={"generator": "instance", "discriminator": "instance"},
    )
    settings = Settings(
        optimizer="adam",
        learning_rate=2e-4,
        betas=(0.5, 0.999),
        batch_size=1,
        size=1024,
        epochs=300,
        schedule="linear",
        decay_from=0.5,
        flip=True,
    )

    def __init__(
        self,
        build: Build,
        *,
        scales: int | None = None,
        feature_matching: float = 10.0,
        perceptual: str | None = None,
        perceptual_weight: float = 10.0,
        encoder: int = 0,
        looks: int = 10,
    ) -> None:
        super().__init__()
        data, size = build.data, build.data.size
        self.source, self.target = ("source", "target") if data.kind == "paired" else ("layout", "image")
        self.palette: Palette | None = data.palettes.get("layout")
        self.instances = data.channels["instance"] if data.kind == INSTANCES else 0
        self.matching, self.perceptual_weight = feature_matching, perceptual_weight
        if encoder < 0 or looks < 1:
            raise UsageError(f"pix2pixhd needs encoder >= 0 and looks >= 1, not {encoder} and {looks}")
        if encoder and self.palette is None:
            raise UsageError("pix2pixhd's encoder tells how each class looks, and these data have no label maps")
        outputs = data.channels[self.target]
        given = data.channels[self.source] + bool(self.instances)
        self.game = build.loss()
        self.generator = initialize_normal(
            build.generator(GeneratorSpec(inputs=given + encoder, outputs=outputs, size=size))
        )
        self.enhancers = len(getattr(self.generator.module, "enhancers", ()))
        self.scales = 2 + self.enhancers if scales is None else scales
        judged = DiscriminatorSpec(
            channels=outputs,
            condition_channels=given,
            size=size,
            features=feature_matching > 0,
            any_size=self.enhancers > 0,
        )
        self.discriminator = initialize_normal(build.discriminator(judged, scales=self.scales))
        self.perceptual = None if perceptual is None else perceptual_network(build, perceptual, outputs)
        self.encoder: Network | None = None
        self.looks: Looks | None = None
        if encoder:
            network = GlobalGenerator(
                outputs,
                encoder,
                build.normalization("generator"),
                filters=16,
                blocks=0,
                halvings=4,
                upsampling="transposed",
            )
            self.encoder = initialize_normal(build.network(network, "encoder"))
            self.looks = Looks(data.channels["layout"], looks, encoder)
            self.look = Category(name="look", count=looks, default=0)

    def stages(self) -> list[Stage]:
        """Return half the size, then each enhancer alone and with all below it."""
        return stages(self.enhancers)

    @property
    def mover(self) -> str:
        """The player who moves in the present stage: by a new name where the authors begin with a new optimizer."""
        stage = self.stage.number
        return "generator" if self.enhancers == 0 else "coarse" if stage == 0 else ("generator", "enhancer")[stage % 2]

    def players(self) -> dict[str, Player]:
        """Return the discriminators, and what learns to make images in the present stage."""
        # Of a wrapper, both are those of the network inside.
        network = cast(CoarseToFine, self.generator.module)
        encoder = [] if self.encoder is None else [self.encoder]
        moving: list[nn.Module] = [self.generator, *encoder]
        if self.mover == "enhancer":
            moving = [network.enhancers[self.stage.number // 2].requires_grad_()]
        elif self.enhancers:
            moving = [*network.in_use(), *encoder]
        critics: list[nn.Module] = [self.discriminator]
        resting = self.enhancers - (self.stage.number + 1) // 2
        if resting and self.scales > 1:
            every = cast(nn.ModuleList, self.discriminator.module.discriminators)
            critics = list(every[min(resting, self.scales - 1) :])
        return {self.mover: Player(*moving), "discriminator": Player(*critics, critic=True)}

    def given(self, batch: Batch) -> Tensor:
        """Return what an image is made of, and scored with: a one-hot label map and borders, or an image."""
        if self.palette is None:
            source: Tensor = batch[self.source]
            return source
        layout = self.palette.one_hot(batch["layout"])
        return torch.cat([layout, borders(batch["instance"])], 1) if self.instances else layout

    def made(self, batch: Batch, given: Tensor) -> Tensor:
        """Return the images that are made of a batch, with each instance's own look where there is an encoder."""
        if self.encoder is not None and self.looks is not None:
            ids = batch["instance" if self.instances else "layout"]
            vectors = means(self.encoder(batch[self.target]), ids, self.instances or len(self.looks.centres))
            if self.training:
                self.looks.gather(*_of_instances(vectors.detach(), ids, batch["layout"]))
            given = torch.cat([given, spread(vectors, ids)], 1)
        made: Tensor = self.generator(given)
        return made

    def step(self, batches: Batches) -> Step:
        """Move the generator by equation 5, then the discriminators by half of their objective."""
        batch = next(batches)
        real, given = batch[self.target], self.given(batch)
        critic = self.discriminator.given(given)
        # The game's loss is a mean over sizes, and the paper's a sum.
        sizes = max(self.scales - self.enhancers + (self.stage.number + 1) // 2, 1)

        due = self.due(self.mover)
        with torch.set_grad_enabled(due):
            fake = self.made(batch, given)
        if due:
            losses = fooled(self.game, critic, fake, real, self.matching)
            losses["game"] = sizes * losses["game"]
            if self.perceptual is not None:
                losses["perceptual"] = self.perceptual_weight * perceptual(self.perceptual, fake, real)
            yield self.mover, losses

        judged = self.game.judge(critic, real, fake)
        yield "discriminator", {name: 0.5 * sizes * loss for name, loss in judged.items()}

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return what an image is made of, what is made, and the truth."""
        return {
            "input": batch[self.source],
            "output": self.made(batch, self.given(batch)),
            "reference": batch[self.target],
        }

    def graphs(self) -> dict[str, Graph]:
        """Return the generator, on a label map by itself, with a map of instances and a look where it knows these."""
        if self.palette is None:
            return {"source_to_target": Graph(network=self.generator, inputs=("source",), outputs=("target",))}
        inputs: tuple[str | Category, ...] = ("layout", "instance") if self.instances else ("layout",)
        if self.looks is not None:
            inputs = (*inputs, self.look)
        network = Network(Painted(self.generator.module, self.looks), "paint")
        return {"layout_to_image": Graph(network=network, inputs=inputs, outputs=("image",))}


def _of_instances(vectors: Tensor, ids: Tensor, layout: Tensor) -> tuple[Tensor, Tensor]:
    """Return the vectors (M, C) of the instances that there are, of (N, count, C), and the class of each (M,)."""
    count = vectors.shape[1]
    numbers = (ids + count * torch.arange(len(ids), device=ids.device).view(-1, 1, 1)).flatten()
    there = torch.zeros(len(ids) * count, dtype=torch.bool, device=ids.device)
    classes = torch.zeros(len(ids) * count, dtype=torch.int64, device=ids.device)
    there[numbers] = True
    classes[numbers] = layout.flatten()
    return vectors.flatten(0, 1)[there], classes[there]


@hookimpl
def recipe() -> type[Recipe]:
    """Return pix2pixHD's training algorithm."""
    return Pix2PixHD


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the generator."""
    return coarse_to_fine


def discriminator_network(spec: DiscriminatorSpec, build: Build, *, filters: int = 64, layers: int = 3) -> nn.Module:
    """Build a PatchGAN discriminator as the authors have it, whose scores reach beyond the image.

    Args:
        filters: channels of the first layer; they double up to eight times as many.
        layers: layers of stride 2.
    """
    return patches(spec, build, filters=filters, layers=layers, padding=2)


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds one discriminator."""
    return discriminator_network
