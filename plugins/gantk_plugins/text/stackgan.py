"""StackGAN: images of a text, coarse ones first (Zhang et al. 2016, arXiv:1612.03242).

Stage I draws a small image of noise and a text; stage II, which reads that image and the text again, makes a large one
of it (sections 3.3 and 3.4). Between the text's embedding and each generator stands conditioning augmentation: the
condition is drawn around a mean, by a deviation, that a dense layer gives, and that a divergence keeps near N(0, 1)
(section 3.2). Discriminators see three pairs: a real image with its text, a made image with the text that it was made
of, and a real image with the text of another (equations 3 and 5, and the authors' code).

    gantk train --plugin stackgan --data emoji
    gantk export RUN
    gantk generate RUN/exports/generator.onnx -n 8 --caption "red apple" -o apples.png

A training has three stages: the encoder of texts learns from the images (`layers.py`, which says where this leaves the
paper), then rests; stage I is trained, and rests; stage II is trained on what it draws. The paper trains the last two
for 600 passes each; the encoder gets 100. The rate is halved at each 100 passes, and begins anew with stage II.

From the authors' code: the mean, not the sum, of the divergence over a condition's numbers, weighed by 2 (the paper:
1); wrong and made pairs weigh half as much as true ones; the generators maximize log D. Widths are those of its
birds. What leaves both: stage II begins at a quarter of stage I's size whatever that is, and channels follow from how
often a size doubles, so that sizes are powers of two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from gantk import (
    Batch,
    Batches,
    Build,
    Caption,
    Defaults,
    Discriminator,
    DiscriminatorSpec,
    Graph,
    Latent,
    Losses,
    Network,
    Player,
    Recipe,
    Scores,
    Settings,
    Stage,
    Step,
    UsageError,
    hookimpl,
    initialize_normal,
)
from gantk_plugins.text.layers import ImageEncoder, TextEncoder, divergence, matching, others
from gantk_plugins.text.stackgan_networks import ConditionalScores, Refinement, Sketch

LEAST = 8
"""Height and width of the smallest images of stage I."""

PASSES = (100, 600, 600)
"""Passes of the three stages."""


def halved(fraction: float) -> float:
    """Return what the rate is multiplied by: half of that at each 100 passes of stages I and II."""
    hundreds, total = [passes / 100 for passes in PASSES], sum(PASSES) / 100
    gone = fraction * total - hundreds[0]
    return 1.0 if gone < 0 else 0.5 ** int(gone % hundreds[1])


class Told(nn.Module):
    """Draws images of noise, variations (N, 2, condition) and the numbers of words (N, L), by the networks so far."""

    def __init__(self, text: Network, sketch: Network, refinement: Network | None) -> None:
        super().__init__()
        self.text, self.sketch, self.refinement = text, sketch, refinement

    def forward(self, noise: Tensor, variation: Tensor, words: Tensor) -> Tensor:
        vector = self.text(words)
        image: Tensor = self.sketch(noise, variation[:, 0], vector)[0]
        return image if self.refinement is None else self.refinement(image, variation[:, 1], vector)[0]


class StackGAN(Recipe):
    """Makes images of a text.

    Args:
        words: how many words of a text are read.
        text: length of a text's embedding.
        condition: length of a condition, which is drawn around what an embedding gives.
        noise: length of the noise vector.
        filters: channels of the layer before the last of stage I, and of the first of stage II.
        blocks: residual blocks of stage II; the paper has 2 for images of 128 pixels.
        enlargement: how many times as high and wide stage II's images are, a power of two.
        divergence: weight of the divergence, the paper's lambda.
        matching_rate: learning rate of the encoders of texts and images, in units of the run's.
    """

    kind = "captioned"
    defaults = Defaults(
        discriminator="stackgan",
        loss="non-saturating",
        normalization={"generator": "batch", "discriminator": "batch"},
    )
    settings = Settings(
        optimizer="adam",
        learning_rate=2e-4,
        betas=(0.5, 0.999),
        batch_size=64,
        size=256,
        jitter=76 / 64,
        flip=True,
        epochs=sum(PASSES),
        schedule=halved,
    )

    def __init__(
        self,
        build: Build,
        *,
        words: int = 16,
        text: int = 1024,
        condition: int = 128,
        noise: int = 100,
        filters: int = 128,
        blocks: int = 4,
        enlargement: int = 4,
        divergence: float = 2.0,
        matching_rate: float = 5.0,
    ) -> None:
        super().__init__()
        if min(words, text, condition, noise, filters - 1, blocks + 1) < 1 or divergence < 0 or matching_rate <= 0:
            raise UsageError(
                "stackgan needs words, text, condition and noise >= 1, filters >= 2, blocks >= 0, divergence >= 0 and "
                "matching_rate above 0"
            )
        channels, self.size = build.data.channels["image"], build.data.square
        size = self.size
        small, rest = divmod(size, enlargement) if enlargement > 1 else (0, 1)
        if rest or small < LEAST or size.bit_count() != 1:
            raise UsageError(
                f"stackgan draws images of size {size}, {enlargement} times as large in stage II as in stage I: "
                f"size and enlargement must be powers of two, enlargement at least 2, and the size at least "
                f"{LEAST} times it"
            )
        self.enlargement, self.weight, self.matching_rate = enlargement, divergence, matching_rate
        self.caption = Caption(words=build.data.words["caption"], length=words)
        self.noise = Latent(name="noise", length=noise)
        self.variation = Latent(name="variation", shape=(2, condition))
        self.game = build.loss()
        norms = build.normalization("generator")
        self.text = build.network(TextEncoder(self.caption.count, text), "text")
        self.images = build.network(ImageEncoder(channels, small, text, max(filters // 2, 1)), "images")
        sketch = norms.network(Sketch(channels, small, noise, text, condition, filters, norms))
        refinement = Refinement(channels, enlargement, text, condition, filters, blocks, norms)
        self.sketch = initialize_normal(build.network(sketch, "generator"))
        self.refinement = initialize_normal(build.network(norms.network(refinement), "generator"))
        spec = DiscriminatorSpec(channels=channels, vector=text, size=small)
        self.sketch_judge = initialize_normal(build.discriminator(spec))
        self.judge = initialize_normal(build.discriminator(replace(spec, size=size)))

    def stages(self) -> list[Stage]:
        """Return the encoders' stage, stage I and stage II, as long as the paper's."""
        small = 1 / self.enlargement
        scales = {"text": small, "stage I": small, "stage II": 1.0}
        return [
            Stage(name=name, share=passes, scale=scale)
            for passes, (name, scale) in zip(PASSES, scales.items(), strict=True)
        ]

    def players(self) -> dict[str, Player]:
        """Return the encoders, then the discriminator and the generator of a stage."""
        if self.stage.number == 0:
            encoders = (self.text, self.images)
            return {"encoders": Player(*encoders, scale=dict.fromkeys(encoders, self.matching_rate))}
        critic, generator = self.playing()
        return {"discriminator": Player(critic, critic=True), "generator": Player(generator)}

    def playing(self) -> tuple[Discriminator, Network]:
        """Return the discriminator and the generator of stage I or II."""
        return (self.judge, self.refinement) if self.refines else (self.sketch_judge, self.sketch)

    @property
    def refines(self) -> bool:
        """Whether it is stage II."""
        return self.stage.number == 2

    def step(self, batches: Batches) -> Step:
        """Move the encoders; in later stages the discriminator by equation 3 or 5, and the generator by 4 or 6."""
        batch = next(batches)
        real = batch["image"]
        words = self.caption.read(batch["caption"], real.device)
        if len(real) < 2:
            raise UsageError("stackgan tells images from the texts of others in a batch: say --batch-size 2 or more")
        if self.stage.number == 0:
            yield "encoders", {"matching": matching(self.images(real), self.text(words), words)}
            return

        with torch.no_grad():
            vector = self.text(words)
        discriminator, _ = self.playing()
        with torch.set_grad_enabled(self.due("generator")):
            fake, mean, log_deviation = self.drawn(vector)
        yield "discriminator", self.judged(discriminator, real, fake, vector, vector[others(words)])

        if self.due("generator"):
            yield (
                "generator",
                {
                    "game": self.game.fool(discriminator.given(vector), fake, real),
                    "divergence": self.weight * divergence(mean, log_deviation),
                },
            )

    def drawn(self, vector: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the stage's images of vectors, with means and log deviations of the conditions that it learns."""
        noise, variation = (port.drawn(len(vector), vector.device) for port in (self.noise, self.variation))
        if not self.refines:
            sketched: tuple[Tensor, Tensor, Tensor] = self.sketch(noise, variation[:, 0], vector)
            return sketched
        with torch.no_grad():
            sketch = self.sketch(noise, variation[:, 0], vector)[0]
        refined: tuple[Tensor, Tensor, Tensor] = self.refinement(sketch, variation[:, 1], vector)
        return refined

    def judged(self, discriminator: Discriminator, real: Tensor, fake: Tensor, vector: Tensor, other: Tensor) -> Losses:
        """Return the discriminator's losses: half of the game with made images, and half of that with texts of others.

        Texts are vectors (N, text): those of the images, and those of others.
        """
        critic, fake = discriminator.given(vector), fake.detach()
        scores = critic(real), critic(fake)
        true, wrong = _told(scores[0]), _told(discriminator.given(other)(real))
        losses = dict(self.game.judge(critic, real, fake, scores=scores))
        return {
            **losses,
            "game": 0.5 * losses["game"],
            "game_wrong": 0.5 * self.game.discriminator(true, wrong),
        }

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return images of held-out texts as far as there are stages, those of stage I enlarged, and the real ones."""
        real = batch["image"]
        words = self.caption.read(batch["caption"], real.device)
        noise, variation = (port.fixed(len(real)).to(real.device) for port in (self.noise, self.variation))
        sketch = Told(self.text, self.sketch, None)(noise, variation, words)
        shown = {"stage I": sketch}
        if self.refines:
            shown["stage I"] = interpolate(sketch, scale_factor=float(self.enlargement))
            shown["stage II"] = Told(self.text, self.sketch, self.refinement)(noise, variation, words)
        return {**shown, "real": real}

    def graphs(self) -> dict[str, Graph]:
        """Return the generator of noise and a text: stage I, and stage II behind it once that is trained."""
        told = Told(self.text, self.sketch, self.refinement if self.refines else None)
        inputs = (self.noise, self.variation, self.caption)
        network = Network(told, "generator")
        return {"generator": Graph(network=network, task="generate", inputs=inputs, outputs=("image",))}


def _told(scores: Scores) -> Tensor:
    """Return scores of images under texts, which stand first where a discriminator scores images alone, too."""
    return scores if isinstance(scores, Tensor) else scores[0]


def discriminator_network(
    spec: DiscriminatorSpec, build: Build, *, filters: int = 64, condition: int = 128
) -> nn.Module:
    """Build a discriminator of images under vectors, such as embeddings of texts.

    Args:
        filters: channels of the first layer; they double at each halving.
        condition: numbers to which the vector is brought before it joins the image's map, the paper's N_d.
    """
    norms = build.normalization("discriminator")
    return norms.network(ConditionalScores(spec, norms, filters, condition))


@hookimpl
def recipe() -> type[Recipe]:
    """Return StackGAN's training algorithm."""
    return StackGAN


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the discriminator."""
    return discriminator_network
