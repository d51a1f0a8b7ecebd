"""BigGAN's networks (Brock et al. 2018, arXiv:1809.11096, appendix B, tables 4 to 6); no plugin by itself.

Residual networks of spectral weights. The latent vector is cut into chunks: the first makes the coarsest map, each
block is told one of the others, beside an embedding of the label that all blocks share (section 3.1). Both networks
attend to their own maps at 64 pixels, those of smaller images at half of their size. Weights are orthogonal at first.

The tables are for 128, 256 and 512 pixels; the widths at 64 and at 32 pixels, where nothing attends, are those of the
authors' code. Where this leaves them: other sizes are this project's; a norm's scale and shift are one layer, of which
the spectral norm is taken as a whole; numbers that are left over by chunks of equal length go to the first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from gantk import DiscriminatorSpec, GeneratorSpec, Normalization, UsageError
from gantk_plugins.networks.attention import SelfAttention
from gantk_plugins.networks.layers import coarsest
from gantk_plugins.networks.residual import Between, ProjectionDiscriminator, ResidualDiscriminator, placed
from gantk_plugins.networks.residual_blocks import UpBlock, convolution, linear
from gantk_plugins.normalizations.spectral import SpectralToo

EMBEDDING = 128
"""Length of the embedding of a label."""

CHUNK = 20
"""Length of a chunk of the latent vector: 120 numbers at 128 pixels, 140 at 256."""

SMALL, MIDDLE = (4, 4, 4, 4), (16, 16, 8, 4, 2)
"""How many times the unit width the maps of a generator of 32 and of 64 pixels have, coarse to fine."""

LARGE = {5: (16, 16, 8, 4, 2, 1), 6: (16, 16, 8, 8, 4, 2, 1), 7: (16, 16, 8, 8, 4, 2, 1, 1)}
"""The same of images of 4 pixels doubled five times, six times, and seven times."""


class Orthogonal(Normalization):
    """Weights that begin orthogonal (Saxe et al. 2013, arXiv:1312.6120), normalized as a normalization does.

    What makes scales and shifts of a condition is such a layer, too.

    Args:
        chosen: the normalization.
    """

    def __init__(self, chosen: Normalization) -> None:
        self.chosen = chosen
        self.shifts, self.mixes_samples, self.normalizes = chosen.shifts, chosen.mixes_samples, chosen.normalizes

    def activation(self, channels: int, condition: int | None = None) -> nn.Module:
        """Return the chosen norm."""
        norm = self.chosen.activation(channels, condition)
        for name, layer in list(norm.named_children()):
            if isinstance(layer, nn.Linear):
                setattr(norm, name, self.weight(layer))
        return norm

    def weight(self, layer: nn.Module) -> nn.Module:
        """Return the layer, its weight drawn and then normalized."""
        weight = layer.get_parameter("weight")
        if not weight.is_meta:
            nn.init.orthogonal_(weight)
        return self.chosen.weight(layer)


class HierarchicalGenerator(nn.Module):
    """Makes images (N, outputs, size, size) in [-1, 1] of latents (N, latent), and of labels (N,) if it knows classes.

    Args:
        spec: what is asked of it.
        normalization: how activations are normalized; weights are spectrally normalized.
        width: the unit of channels, the paper's ch.
        embedding: length of a label's embedding.
        attention: pixels to a side of the map that attends to itself, 0: none; None: the paper's.
    """

    def __init__(
        self, spec: GeneratorSpec, normalization: Normalization, *, width: int, embedding: int, attention: int | None
    ) -> None:
        super().__init__()
        spec.accept("latent", "classes")
        check(width=width, embedding=embedding)
        self.start, doublings = coarsest(spec.square)
        latent, widths = spec.need("latent"), [width * each for each in generator_multiples(doublings)]
        if latent <= doublings:
            raise UsageError(f"biggan's generator needs a latent of {doublings + 1} numbers or more, not {latent}")
        chunk = latent // (doublings + 1)
        self.chunks = [latent - doublings * chunk, *[chunk] * doublings]
        norms = Orthogonal(SpectralToo(normalization))
        self.embedding = None
        if spec.classes is not None:
            self.embedding = nn.Embedding(spec.classes, embedding)
            if not self.embedding.weight.is_meta:
                nn.init.orthogonal_(self.embedding.weight)
        told = chunk + (embedding if self.embedding is not None else 0)
        self.linear = linear(self.chunks[0], widths[0] * self.start**2, norms)
        self.blocks = nn.ModuleList(UpBlock(inputs, outputs, norms, told) for inputs, outputs in pairwise(widths))
        sides = [self.start << number for number in range(1, doublings + 1)]
        self.between = placed(attending(spec.square, attention, norms), sides, widths[1:])
        self.last = nn.Sequential(
            norms.activation(widths[-1]), nn.ReLU(), convolution(widths[-1], spec.outputs, 3, norms), nn.Tanh()
        )

    def forward(self, latent: Tensor, *labels: Tensor) -> Tensor:
        first, *others = torch.split(latent, self.chunks, 1)
        shared = [self.embedding(label) for label in labels] if self.embedding is not None else []
        x: Tensor = self.linear(first).unflatten(1, (-1, self.start, self.start))
        for block, between, chunk in zip(self.blocks, self.between, others, strict=True):
            x = between(block(x, torch.cat([*shared, chunk], 1)))
        images: Tensor = self.last(x)
        return images


def discriminator_of(
    spec: DiscriminatorSpec, normalization: Normalization, *, width: int, attention: int | None
) -> ResidualDiscriminator | ProjectionDiscriminator:
    """Return the residual discriminator, with labels one of projections; its first weights are orthogonal.

    Args:
        spec: what is asked of it.
        normalization: how weights or activations are normalized.
        width: the unit of channels, the paper's ch.
        attention: pixels to a side of the map that attends to itself, 0: none; None: the paper's.
    """
    check(width=width)
    size, norms = spec.square, Orthogonal(normalization)
    widths: Sequence[int] = ()
    if size < 64:
        least, same, filters = 8, 2, SMALL[0] * width
    else:
        least, same, filters = 4, 1, width
        widths = [width * each for each in discriminator_multiples(size)]
    between = attending(size, attention, norms)
    if spec.classes is None:
        return ResidualDiscriminator(
            spec, norms, filters, "sum", least=least, same=same, widths=widths, between=between
        )
    return ProjectionDiscriminator(spec, norms, filters, least=least, same=same, widths=widths, between=between)


class Predicting(nn.Module):
    """Scores images (N, channels, size, size) under labels (N,), and tells turns and labels of the same features.

    A label below 0 is not known: the one that it predicts stands for it, through which no gradient flows. Gives scores
    (N, 1), logits of turns (N, turns) and logits of labels (N, classes).

    Args:
        spec: what is asked of it.
        normalization: how weights or activations are normalized.
        width: the unit of channels, the paper's ch.
        attention: pixels to a side of the map that attends to itself, 0: none; None: the paper's.
        turns: how many turns there are.
    """

    def __init__(
        self,
        spec: DiscriminatorSpec,
        normalization: Normalization,
        *,
        width: int,
        attention: int | None,
        turns: int,
    ) -> None:
        super().__init__()
        norms = Orthogonal(normalization)
        judge = discriminator_of(spec, normalization, width=width, attention=attention)
        self.judge = cast(ProjectionDiscriminator, judge)
        self.turns = linear(self.judge.width, turns, norms)
        self.labels = linear(self.judge.width, spec.need("classes"), norms)

    def forward(self, image: Tensor, label: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = self.judge.features(image, label)
        phi = self.judge.pooled(features)
        predicted = self.labels(phi)
        told = torch.where(label < 0, predicted.argmax(1), label)
        scores: Tensor = self.judge.scores(phi) + (self.judge.embedding(told) * phi).sum(1, keepdim=True)
        return scores, self.turns(phi), predicted

    def predictions(self, image: Tensor) -> Tensor:
        """Return the logits of labels (N, classes) alone."""
        anything = torch.zeros(len(image), dtype=torch.long, device=image.device)
        logits: Tensor = self.labels(self.judge.pooled(self.judge.features(image, anything)))
        return logits


def usual_latent(size: int) -> int:
    """Return the length of the latent vector of images of a size: 20 for each block and for the first map."""
    return CHUNK * (coarsest(size)[1] + 1)


def generator_multiples(doublings: int) -> tuple[int, ...]:
    """Return how many times the unit width each map of a generator has, coarse to fine, one more than doublings."""
    if doublings <= 3:
        return SMALL[: doublings + 1]
    return MIDDLE if doublings == 4 else LARGE[min(doublings, 7)] + (1,) * max(doublings - 7, 0)


def discriminator_multiples(size: int) -> list[int]:
    """Return how many times the unit width each block of a discriminator of 64 pixels or more has.

    Those of the generator in reverse: from the finest map to the coarsest, which the last block keeps.
    """
    halvings = math.ceil(math.log2(size / 4))
    if halvings == 4:
        return [1, 2, 4, 8, 16]
    return list(reversed(generator_multiples(halvings)))


def attending(size: int, side: int | None, normalization: Normalization) -> Between:
    """Return where a network of images of a size attends: at `side` pixels, 0: nowhere; None: where the paper's do."""
    if side is None:
        usual = size
        while usual > 64:
            usual //= 2
        side = 0 if size < 64 else usual // 2 if usual == size else usual
    return {side: partial(SelfAttention, normalization=normalization)} if side else {}


def check(**widths: int) -> None:
    """Raise UsageError where a width is below 1."""
    if min(widths.values()) < 1:
        raise UsageError(f"biggan needs {' and '.join(widths)} >= 1, not {', '.join(map(str, widths.values()))}")
