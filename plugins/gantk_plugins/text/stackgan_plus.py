"""StackGAN++: images at several sizes at once, of a text, a label or noise (Zhang et al. 2017, arXiv:1710.10916).

One tree of generators makes small, medium and large images of the same hidden maps, and a discriminator judges each
size (section 4.1). With a text or a label, discriminators judge images by themselves and under the condition, and
generators fool both (equations 4 and 5); a real image under another's condition is a further pair to refuse. Without,
the colours of an image are held to those of the next smaller one (section 4.2).

    gantk train --plugin stackgan++ --data emoji                        of texts
    gantk train --plugin stackgan++ --data emoji -s kind=images         of noise alone
    gantk generate RUN/exports/generator.onnx -n 8 --caption "red apple" -o apples.png

Captions make a training of two stages: an encoder of texts learns from the images, as `layers.py` says, and then rests.

From the authors' code: gates in the generators; discriminators see the mean of the augmented condition, which does not
learn from them; the divergence is a mean and weighs 2; a tree without a condition is told the noise at each branch;
colours weigh 50, and their covariances five times as much; weights begin orthogonal; an average of the generator's
makes the images.
What leaves it: there true, wrong and made pairs weigh alike, here a half of wrong and of made ones each, as without the
scores of images by themselves; there wrong pairs are real images for these scores, which counts the same images twice.
A label's vector has a number a class and is as long as a text's; wrong labels are drawn. Sizes follow from the largest,
halved as often as there are branches, as long as 8 pixels are left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from gantk import (
    Batch,
    Batches,
    Build,
    Caption,
    Category,
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
    Unsupported,
    UsageError,
    hookimpl,
    named,
)
from gantk_plugins.text.layers import Augmentation, ImageEncoder, TextEncoder, divergence, doublings, matching, others
from gantk_plugins.text.stackgan_plus_networks import (
    JointScores,
    Labels,
    Largest,
    Tree,
    colour_difference,
    initialize_orthogonal,
)

Conditions = tuple[Tensor, ...]
"""Mean conditions (N, condition), or nothing."""

LEAST = 8
"""Height and width of the smallest images."""

TEXT = 1 / 7
"""Share of a run in which the encoder of texts learns."""


class StackGANPlus(Recipe):
    """Makes images of several sizes of noise, and of a text or a label where there are any.

    Args:
        branches: how many sizes there are at most.
        words: how many words of a text are read.
        text: length of a text's embedding; a label's vector is as long.
        condition: length of a condition, which is drawn around what an embedding or a label gives.
        noise: length of the noise vector.
        filters: channels of the hidden map of the smallest images; each next one has half as many.
        blocks: residual blocks of each branch behind the first.
        unconditional: weight of the scores of images by themselves, where there are conditions.
        divergence: weight of the divergence of conditions.
        colour: weight of the difference of colours between sizes, where there are no conditions, the paper's alpha.
        matching_rate: learning rate of the encoders of texts and images, in units of the run's.
    """

    kind = ("captioned", "labelled", "images")
    defaults = Defaults(
        discriminator="stackgan++",
        loss="non-saturating",
        normalization={"generator": "batch", "discriminator": "batch"},
    )
    settings = Settings(
        optimizer="adam",
        learning_rate=2e-4,
        betas=(0.5, 0.999),
        batch_size=24,
        size=256,
        jitter=76 / 64,
        flip=True,
        epochs=600,
        ema={"generator": 0.999},
    )

    def __init__(
        self,
        build: Build,
        *,
        branches: int = 3,
        words: int = 16,
        text: int = 1024,
        condition: int = 128,
        noise: int = 100,
        filters: int = 64,
        blocks: int = 2,
        unconditional: float = 1.0,
        divergence: float = 2.0,
        colour: float = 50.0,
        matching_rate: float = 5.0,
    ) -> None:
        super().__init__()
        if min(branches, words, text, condition, noise, filters, blocks + 1) < 1 or matching_rate <= 0:
            raise UsageError(
                "stackgan++ needs branches, words, text, condition, noise and filters >= 1, blocks >= 0 and "
                "matching_rate above 0"
            )
        if min(unconditional, divergence, colour) < 0:
            raise UsageError("stackgan++ needs unconditional, divergence and colour >= 0")
        channels, self.size, kind = build.data.channels["image"], build.data.square, build.data.kind
        self.sides = [self.size]
        while len(self.sides) < branches and self.sides[0] % 2 == 0 and self.sides[0] // 2 >= LEAST:
            self.sides.insert(0, self.sides[0] // 2)
        try:
            doublings(self.sides[0])
        except Unsupported as error:
            raise UsageError(f"stackgan++ halves size {self.size} to {self.sides[0]}, and {error}") from None
        self.weights = {"unconditional": unconditional, "divergence": divergence, "colour": colour}
        self.matching_rate = matching_rate
        self.noise, self.variation = Latent(name="noise", length=noise), Latent(name="variation", length=condition)
        self.game = build.loss()
        if self.game.wants == "energies" or self.game.wants_features:
            raise Unsupported("stackgan++ plays a game of scores alone: choose another by --loss")
        norms = build.normalization("generator")

        self.caption: Caption | None = None
        self.label: Category | None = None
        self.reader: nn.Module | None = None
        vector: int | None = None
        if kind == "captioned":
            vector = text
            self.caption = Caption(words=build.data.words["caption"], length=words)
            self.reader = build.network(TextEncoder(self.caption.count, text), "text")
            self.images = build.network(ImageEncoder(channels, self.sides[0], text, filters), "images")
        elif kind == "labelled":
            self.label = Category.of_labels(build.data.classes)
            vector = self.label.count
            self.reader = Labels(vector, text**0.5)
        tree = Tree(channels, self.sides, noise, vector, condition, filters, blocks, norms)
        self.generator = initialize_orthogonal(build.network(norms.network(tree), "generator"))
        self.discriminators = nn.ModuleList(
            initialize_orthogonal(
                build.discriminator(
                    DiscriminatorSpec(channels=channels, vector=None if vector is None else condition, size=side)
                )
            )
            for side in self.sides
        )

    def stages(self) -> Sequence[Stage]:
        """Return the tree's stage, and with captions the encoders' before it."""
        if self.caption is None:
            return super().stages()
        small = self.sides[0] / self.size
        return [Stage(name="text", share=TEXT, scale=small), Stage(name="images", share=1 - TEXT)]

    def players(self) -> dict[str, Player]:
        """Return the encoders, then the discriminators of all sizes and the tree."""
        if self.encodes:
            encoders = (cast(nn.Module, self.reader), self.images)
            return {"encoders": Player(*encoders, scale=dict.fromkeys(encoders, self.matching_rate))}
        return {
            "discriminator": Player(*self.discriminators, critic=True),
            "generator": Player(self.generator),
        }

    @property
    def encodes(self) -> bool:
        """Whether the encoders learn yet."""
        return self.caption is not None and self.stage.number == 0

    def step(self, batches: Batches) -> Step:
        """Move the encoders of texts and images; then the discriminators, and the tree that fools all of them."""
        batch = next(batches)
        real = batch["image"]
        words = None if self.caption is None else self.caption.read(batch["caption"], real.device)
        if words is not None and len(real) < 2:
            raise UsageError("stackgan++ tells images from the texts of others in a batch: say --batch-size 2 or more")
        if self.encodes:
            texts = cast(nn.Module, self.reader)(words)
            yield "encoders", {"matching": matching(self.images(real), texts, cast(Tensor, words))}
            return

        told, other = self.conditions(batch, words)
        with torch.set_grad_enabled(self.due("generator")):
            fake, mean, log_deviation = self.generator(*self.drawn(len(real), real.device, told))
        sizes = self.at_sizes(real)
        seen = () if told is None else (mean.detach(),)
        wrong = () if other is None else (self.mean_of(other),)
        judged: dict[str, Tensor] = {}
        for side, critic, image, made in zip(self.sides, self.discriminators, sizes, fake, strict=True):
            judged |= named(self.judged(cast(Discriminator, critic), image, made, seen, wrong), str(side))
        yield "discriminator", judged

        if self.due("generator"):
            yield "generator", self.fooled(sizes, fake, seen, mean, log_deviation)

    def conditions(self, batch: Batch, words: Tensor | None) -> tuple[Tensor | None, Tensor | None]:
        """Return the vectors of a batch's texts or labels, and those of others; None where there are none."""
        if self.reader is None:
            return None, None
        with torch.no_grad():
            if words is not None:
                vector = self.reader(words)
                return vector, vector[others(words)]
            label, count = batch["label"], cast(Category, self.label).count
            other = (label + torch.randint(1, count, label.shape, device=label.device)) % count if count > 1 else None
            return self.reader(label), None if other is None else self.reader(other)

    def mean_of(self, vector: Tensor) -> Tensor:
        """Return the means of the conditions of vectors, detached."""
        augmentation = next(module for module in self.generator.modules() if isinstance(module, Augmentation))
        with torch.no_grad():
            mean: Tensor = augmentation(vector, torch.zeros((), device=vector.device))[1]
        return mean

    def drawn(self, count: int, device: torch.device, vector: Tensor | None) -> tuple[Tensor, ...]:
        """Return what the tree takes, noise drawn anew."""
        noise = self.noise.drawn(count, device)
        return (noise,) if vector is None else (noise, self.variation.drawn(count, device), vector)

    def at_sizes(self, image: Tensor) -> list[Tensor]:
        """Return images at the sizes of the branches, the smallest first."""
        return [avg_pool2d(image, self.size // side) for side in self.sides]

    def judged(
        self, discriminator: Discriminator, real: Tensor, fake: Tensor, seen: Conditions, wrong: Conditions
    ) -> Losses:
        """Return a discriminator's losses for images of its size, and the mean conditions that it sees, if any.

        Under conditions, these are half of the game with made images and half of that with wrong conditions, and the
        game of images by themselves.
        """
        critic, fake = discriminator.given(*seen), fake.detach()
        if not seen:
            return self.game.judge(critic, real, fake)
        (real_told, real_alone), (fake_told, fake_alone) = _both(critic(real)), _both(critic(fake))
        losses = dict(self.game.judge(critic, real, fake, scores=(real_told, fake_told)))
        if wrong:
            losses["game"] = 0.5 * losses["game"]
            losses["game_wrong"] = 0.5 * self.game.discriminator(real_told, _both(discriminator.given(*wrong)(real))[0])
        if real_alone is not None and fake_alone is not None:
            losses["game_alone"] = self.weights["unconditional"] * self.game.discriminator(real_alone, fake_alone)
        return losses

    def fooled(
        self, real: list[Tensor], fake: list[Tensor], seen: Conditions, mean: Tensor, log_deviation: Tensor
    ) -> Losses:
        """Return the tree's losses: the games of all sizes, and the divergence of conditions, or colours without."""
        losses: dict[str, Tensor] = {}
        for side, network, image, made in zip(self.sides, self.discriminators, real, fake, strict=True):
            critic = cast(Discriminator, network).given(*seen)
            if not seen:
                losses[f"game_{side}"] = self.game.fool(critic, made, image)
                continue
            told, alone = _both(critic(made))
            real_told, real_alone = _both(critic(image)) if self.game.needs_real else (None, None)
            losses[f"game_{side}"] = self.game.generator(told, real_told)
            if alone is not None:
                losses[f"game_alone_{side}"] = self.weights["unconditional"] * self.game.generator(alone, real_alone)
        if seen:
            return {**losses, "divergence": self.weights["divergence"] * divergence(mean, log_deviation)}
        for side, (smaller, larger) in zip(self.sides[1:], pairwise(fake), strict=True):
            losses[f"colour_{side}"] = self.weights["colour"] * colour_difference(larger, smaller)
        return losses

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return the images of each size of held-out texts or labels, or of noise alone, and the real ones."""
        real = batch["image"]
        told: tuple[Tensor, ...] = ()
        if self.caption is not None:
            told = (self.caption.read(batch["caption"], real.device),)
        elif self.label is not None:
            told = (batch["label"],)
        ports = (self.noise, self.variation) if told else (self.noise,)
        noise = [port.fixed(len(real)).to(real.device) for port in ports]
        images = Largest(self.generator, self.reader).all(*noise, *told)
        shown = {f"{side}x{side}": image for side, image in zip(self.sides, images, strict=True)}
        whole = {name: interpolate(image, scale_factor=self.size / image.shape[2]) for name, image in shown.items()}
        return {**whole, "real": real}

    def graphs(self) -> dict[str, Graph]:
        """Return what makes the largest images of noise, and of a text or a label."""
        said = self.caption or self.label
        inputs = (self.noise,) if said is None else (self.noise, self.variation, said)
        network = Network(Largest(self.generator, self.reader), "generator")
        return {"generator": Graph(network=network, task="generate", inputs=inputs, outputs=("image",))}


def _both(scores: Scores) -> tuple[Tensor, Tensor | None]:
    """Return scores under a condition, and those of images by themselves; None of a discriminator without them."""
    return (scores, None) if isinstance(scores, Tensor) else (scores[0], scores[1])


def discriminator_network(spec: DiscriminatorSpec, build: Build, *, filters: int = 64) -> nn.Module:
    """Build a discriminator of images by themselves, and under vectors too if asked.

    Args:
        filters: channels of the first layer; they double at each halving.
    """
    norms = build.normalization("discriminator")
    return norms.network(JointScores(spec, norms, filters))


@hookimpl
def recipe() -> type[Recipe]:
    """Return StackGAN++'s training algorithm."""
    return StackGANPlus


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the discriminators."""
    return discriminator_network
