"""The networks of sg2im (Johnson et al. 2018, arXiv:1804.01622): graph, layout, refinement, and crops of objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, grid_sample, interpolate

from gantk import Normalization

MASK = 16
"""Height and width of an object's mask."""

Boxes = Tensor
"""Left, top, right and bottom edges (..., 4) as shares of the image's sides."""


@dataclass(frozen=True)
class Graph:
    """A scene graph, filled up to a fixed size.

    Attributes:
        things: the word of each mention (N, M): subject and object of each relation by turns, 0 where there is none.
        relations: the word of each relation (N, M / 2).
        first: the place of the first mention of what each mention names (N, M).
        named: whether a mention is the first of its thing (N, M); then its place is the thing's.
    """

    things: Tensor
    relations: Tensor
    first: Tensor
    named: Tensor

    @classmethod
    def read(cls, words: Tensor, relations: int, filler: int) -> Graph:
        """Return the graph of numbers of words (N, L): subject, relation, object, and again; a filler is left out."""
        kept = (words > 0) & (words != filler)
        length = 3 * relations
        places = torch.where(kept, kept.long().cumsum(1) - 1, length).clamp(max=length)
        said = words.new_zeros(len(words), length + 1).scatter(1, places, torch.where(kept, words, 0))[:, :length]
        subject, relation, thing = said.reshape(-1, relations, 3).unbind(2)
        # A relation that is cut short is none.
        whole = thing > 0
        things = torch.stack([subject * whole, thing], 2).flatten(1)
        count = things.shape[1]
        order = torch.arange(count, device=words.device)
        same = (things[:, :, None] == things[:, None, :]).long()
        first = (same * (count - order)).argmax(2)
        return cls(things, relation * whole, first, (first == order) & (things > 0))


def perceptron(*widths: int) -> nn.Sequential:
    """Return dense layers with ReLU behind each, their weights drawn after He et al."""
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        dense = nn.Linear(before, after)
        nn.init.kaiming_normal_(dense.weight)
        layers += [dense, nn.ReLU()]
    return nn.Sequential(*layers)


class GraphConvolution(nn.Module):
    """Gives each thing and each relation a new vector, of its relations and of its things (section 3.1)."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.widths = [hidden, width, hidden]
        self.relations = perceptron(3 * width, hidden, sum(self.widths))
        self.things = perceptron(hidden, hidden, width)

    def forward(self, things: Tensor, relations: Tensor, subject: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return new vectors of things (N, S, width) and relations (N, T, width).

        Rows of `subject` and `target` (N, T, S) have a 1 where a relation has its thing; all 0, it is none.
        """
        joined = torch.cat([subject @ things, relations, target @ things], 2)
        as_subject, relations, as_target = self.relations(joined).split(self.widths, 2)
        pooled = subject.transpose(1, 2) @ as_subject + target.transpose(1, 2) @ as_target
        count = (subject + target).sum(1).clamp(min=1).unsqueeze(2)
        return self.things(pooled / count), relations


class Masks(nn.Sequential):
    """Makes masks (N, 1, MASK, MASK) in (0, 1) of vectors (N, width, 1, 1)."""

    def __init__(self, width: int) -> None:
        layers: list[nn.Module] = []
        side = 1
        while side < MASK:
            layers += [nn.Upsample(scale_factor=2.0), nn.BatchNorm2d(width)]
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.ReLU()]
            side *= 2
        super().__init__(*layers, nn.Conv2d(width, 1, 1), nn.Sigmoid())


class Refinement(nn.Module):
    """One module of the cascade: two convolutions of the layout and what is there, at one size (Chen and Koltun)."""

    def __init__(self, layout: int, before: int, after: int, normalization: Normalization) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for channels in (layout + before, after):
            convolution = nn.Conv2d(channels, after, 3, padding=1)
            nn.init.kaiming_normal_(convolution.weight)
            layers += [normalization.weight(convolution), normalization.activation(after), nn.LeakyReLU(0.01)]
        self.layers = nn.Sequential(*layers)

    def forward(self, layout: Tensor, features: Tensor) -> Tensor:
        times = layout.shape[2] // features.shape[2]
        seen = avg_pool2d(layout, times) if times > 1 else layout
        refined: Tensor = self.layers(torch.cat([seen, features], 1))
        return refined


class SceneGenerator(nn.Module):
    """Makes an image of noise and the words of a scene graph: called `generator(noise, words)`.

    It returns the image in [-1, 1]. Called with boxes (N, M, 4) of what is mentioned besides, it puts things there, and
    returns where it would have put them, too (N, M, 4): the boxes of first mentions, zeros for all others.
    """

    def __init__(
        self,
        words: int,
        relations: int,
        filler: int,
        size: int,
        noise: int,
        normalization: Normalization,
        *,
        width: int,
        hidden: int,
        layers: int,
        refinement: Sequence[int],
        channels: int,
    ) -> None:
        super().__init__()
        self.count, self.filler, self.size, self.steps = relations, filler, size, len(refinement)
        # The whole image is a thing, too, in which all others are.
        self.things, self.relations = nn.Embedding(words + 1, width), nn.Embedding(words + 1, width)
        self.convolutions = nn.ModuleList(GraphConvolution(width, hidden) for _ in range(layers))
        self.boxes = perceptron(width, hidden, 4)[:-1]
        self.masks = Masks(width)
        widths = [1, *refinement]
        self.refinement = nn.ModuleList(
            Refinement(width + noise, before, after, normalization) for before, after in pairwise(widths)
        )
        self.last = nn.Sequential(
            nn.Conv2d(widths[-1], widths[-1], 3, padding=1), nn.LeakyReLU(0.01), nn.Conv2d(widths[-1], channels, 1)
        )

    def forward(self, noise: Tensor, words: Tensor, boxes: Boxes | None = None) -> Tensor | tuple[Tensor, Boxes]:
        graph = Graph.read(words, self.count, self.filler)
        things = self.vectors(graph)
        named = graph.named.unsqueeze(2).to(things.dtype)
        own = self.boxes(things) * named
        masks = self.masks(things.flatten(0, 1)[:, :, None, None]).reshape(*things.shape[:2], 1, MASK, MASK)
        placed = spread(masks, own if boxes is None else boxes, self.size)
        layout = torch.einsum("nsd,nshw->ndhw", things * named, placed)
        image = self.image(torch.cat([layout, noise], 1))
        return image if boxes is None else (image, own)

    def vectors(self, graph: Graph) -> Tensor:
        """Return the vector of what each mention names first (N, M, width); of other mentions, what is of no use."""
        mentions = graph.things.shape[1]
        whole = self.things.num_embeddings - 1
        place = torch.arange(mentions + 1, device=graph.things.device)
        # Relations that are said, then that each thing is in the image, which stands behind all mentions.
        subject = torch.cat([graph.first[:, 0::2], place[:-1].expand(len(graph.things), -1)], 1)
        target = torch.cat([graph.first[:, 1::2], torch.full_like(graph.first, mentions)], 1)
        there = torch.cat([graph.relations > 0, graph.named], 1).unsqueeze(2)
        edges = torch.cat([graph.relations, torch.full_like(graph.first, whole)], 1)
        relations = self.relations(edges)
        things = self.things(torch.cat([graph.things, torch.full_like(graph.things[:, :1], whole)], 1))
        ends = [((end.unsqueeze(2) == place) & there).to(things.dtype) for end in (subject, target)]
        for convolution in self.convolutions:
            things, relations = convolution(things, relations, *ends)
        mentioned: Tensor = things[:, :-1]
        return mentioned

    def image(self, layout: Tensor) -> Tensor:
        """Return the image of a layout (N, C, size, size), refined from coarse to fine out of nothing."""
        side = self.size // 2**self.steps
        features = layout.new_zeros(len(layout), 1, side, side)
        for module in self.refinement:
            features = module(layout, interpolate(features, scale_factor=2.0))
        image: Tensor = self.last(features).tanh()
        return image


def spread(masks: Tensor, boxes: Boxes, size: int) -> Tensor:
    """Return masks (N, S, 1, M, M) as they lie in their boxes in an image of a size (N, S, size, size); 0 outside."""
    places = torch.linspace(0, 1, size, device=masks.device, dtype=masks.dtype)
    corner, other = boxes[..., :2], boxes[..., 2:]
    # From -1 to 1 across a box; one that has no side yet must not divide by nothing.
    sides = (other - corner).clamp(min=0.02)
    across = [2 * (places - corner[..., axis, None]) / sides[..., axis, None] - 1 for axis in (0, 1)]
    grid = torch.stack(
        [across[0].unsqueeze(2).expand(-1, -1, size, -1), across[1].unsqueeze(3).expand(-1, -1, -1, size)], 4
    )
    laid = grid_sample(masks.flatten(0, 1), grid.flatten(0, 1), align_corners=True)
    return laid.reshape(*boxes.shape[:2], size, size)


def crops(images: Tensor, boxes: Boxes, side: int) -> Tensor:
    """Return what images (N, C, H, W) show in boxes (N, K, 4), as images (N K, C, side, side)."""
    steps = torch.linspace(0, 1, side, device=images.device, dtype=images.dtype)
    corner, other = boxes[..., :2], boxes[..., 2:]
    x, y = (2 * (corner[..., axis, None] + steps * (other - corner)[..., axis, None]) - 1 for axis in (0, 1))
    grid = torch.stack([x.unsqueeze(2).expand(-1, -1, side, -1), y.unsqueeze(3).expand(-1, -1, -1, side)], 4)
    count = boxes.shape[1]
    # Boxes of an image share it: they lie below each other in one picture.
    shown = grid_sample(images, grid.flatten(1, 2), align_corners=True)
    return shown.reshape(*images.shape[:2], count, side, side).transpose(1, 2).flatten(0, 1)


class ObjectDiscriminator(nn.Module):
    """Scores crops of objects (N, C, 32, 32), and tells what they show: (N, 1 + words), the score first."""

    def __init__(self, channels: int, words: int, filters: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        widths = [channels, filters, 2 * filters, 4 * filters]
        for number, (before, after) in enumerate(pairwise(widths)):
            norm = [nn.BatchNorm2d(after)] if number else []
            layers += [nn.Conv2d(before, after, 4, stride=2), *norm, nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers)
        self.last = nn.Sequential(nn.Linear(widths[-1], 1024), nn.Linear(1024, 1 + words))

    def forward(self, objects: Tensor) -> Tensor:
        answers: Tensor = self.last(self.layers(objects).mean((2, 3)))
        return answers
