"""Latent vectors of pictures: those of which a trained generator makes what is most like them.

A picture's vector is what minimizes the distance of the generated image from it (Zhu et al. 2016, arXiv:1609.03552,
equation 3), found by gradient descent (section 3.1) from several beginnings, one of them an encoder's answer where the
recipe trained one. For a generator of styles the vectors are a style for each layer (Abdal et al. 2019,
arXiv:1904.03189, section 5), where a graph takes these.

Both papers compare features of a network that was trained on photographs; here images are compared at every resolution
down to 8 pixels, which needs no such network and knows no photographs. They descend by L-BFGS and by Adam; here it is
Adam, whose rate falls to zero along half a cosine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from gantk.data.dataset import Array
from gantk.errors import Unsupported, UsageError
from gantk.evaluation.functions import piece
from gantk.plan.tensors import ports
from gantk.recipe.graph import Graph
from gantk.recipe.ports import Latent, Vector
from gantk.runtime.card import Card
from gantk.runtime.generation import drawn
from gantk.training.trained import Trained

RATE = 0.1
"""The rate at the first step."""

TRIAL = 4
"""What part of the steps all beginnings are tried for, before the best of them goes on alone."""

PRIOR = 1e-4
"""The weight of a normal vector's mean square, which keeps it where the generator was trained."""

COARSEST = 8
"""Pixels of the lowest resolution at which images are compared."""


@dataclass(frozen=True, kw_only=True)
class Inverse:
    """What was found of a picture.

    Attributes:
        values: a row of each input of the graph, by name.
        image: what the generator makes of them (C, H, W), in [-1, 1].
        error: mean squared difference from the picture, of values in [-1, 1].
    """

    values: Mapping[str, Array]
    image: Tensor
    error: float

    @property
    def psnr(self) -> float:
        """The peak signal-to-noise ratio in dB, of values from -1 to 1."""
        return 10 * math.log10(4 / max(self.error, 1e-12))


class Inverter:
    """Finds latent vectors of pictures for a generator of a run.

    Args:
        trained: the run.
        graph: the name of the graph that makes images; None: the first that makes them of vectors, of styles if any.
        graphs: its graphs, by name.
        said: returns the inputs that are said, by name, of a card that describes them.
        steps: moves of the vectors.
        starts: vectors of the seed from which it begins.
        seed: what they follow from.
        device: where it computes.

    Raises Unsupported where the run makes no images of vectors, UsageError where an input cannot be what was said.
    """

    def __init__(
        self,
        trained: Trained,
        graphs: Mapping[str, Graph],
        *,
        graph: str | None = None,
        said: Callable[[Card], Mapping[str, Any]] = lambda card: {},
        steps: int = 500,
        starts: int = 8,
        seed: int = 0,
        device: torch.device | None = None,
    ) -> None:
        self.name = _chosen(graphs, graph)
        self._graph = graphs[self.name]
        self.card = card_of(self.name, self._graph, trained)
        self._encoder = _encoder(graphs, self._graph)
        self._steps, self._starts, self._seed, self._device = steps, starts, seed, device or torch.device("cpu")
        self._network = self._graph.network.to(self._device)
        self._said = said(self.card)
        self._free = {port.name: port for port in _vectors(self._graph) if port.name not in self._said}
        if not self._free:
            raise UsageError(f"all latent vectors of {self.name} are said, so that none is to be found")

    def inverses(self, pictures: Tensor) -> Iterator[Inverse | None]:
        """Yield what is found of each picture (N, C, H, W), in [-1, 1], and before that None after every step."""
        for some in torch.split(pictures.to(self._device), self._at_once(pictures)):
            yield from self._found(some)

    def length(self, pictures: Tensor) -> int:
        """Return how many items `inverses` yields."""
        return -(-len(pictures) // self._at_once(pictures)) * self._steps + len(pictures)

    def _at_once(self, pictures: Tensor) -> int:
        return max(1, piece((pictures.shape[2], pictures.shape[3])) // self._starts)

    def _found(self, pictures: Tensor) -> Iterator[Inverse | None]:
        count, trial = len(pictures), self._steps // TRIAL
        values = self._beginnings(pictures)
        starts = len(next(iter(values.values()))) // count
        tried, distances = yield from self._descended(values, pictures.repeat_interleave(starts, 0), range(trial))
        best = distances.reshape(count, starts).argmin(1) + torch.arange(count, device=self._device) * starts
        kept = {name: rows[best] for name, rows in tried.items()}
        found, _ = yield from self._descended(kept, pictures, range(trial, self._steps))
        with torch.no_grad():
            images = self._made(found)
        for row, (image, picture) in enumerate(zip(images, pictures, strict=True)):
            rows = {name: value[row : row + 1].cpu().numpy() for name, value in found.items()}
            yield Inverse(values=rows, image=image.cpu(), error=float((image - picture).square().mean()))

    def _beginnings(self, pictures: Tensor) -> dict[str, Tensor]:
        """Return the inputs from which each picture's descent begins, a picture's one after another."""
        begun = drawn(self.card, self._starts, seed=self._seed, said=self._said)
        rows = {name: torch.from_numpy(np.array(column[:])).to(self._device) for name, column in begun.items()}
        values = {name: value.repeat(len(pictures), *(1 for _ in value.shape[1:])) for name, value in rows.items()}
        if self._encoder is not None:
            with torch.no_grad():
                answer = self._encoder.network.to(self._device)(pictures)
            # The encoder's answer takes the place of each picture's first beginning.
            (name,) = self._free
            values[name][:: self._starts] = answer
        return values

    def _descended(
        self, values: Mapping[str, Tensor], pictures: Tensor, steps: range
    ) -> Generator[None, None, tuple[dict[str, Tensor], Tensor]]:
        """Return the inputs after some of the steps, and how far each row's image is from its picture (N,)."""
        free = {name: values[name].clone().requires_grad_() for name in self._free}
        adam = torch.optim.Adam(free.values(), lr=RATE)
        for step in steps:
            for group in adam.param_groups:
                group["lr"] = RATE * (1 + math.cos(math.pi * step / self._steps)) / 2
            adam.zero_grad()
            distances = distance(self._made({**values, **free}), pictures)
            # A sum: each row descends as if it were alone.
            torch.autograd.backward((distances + self._prior(free)).sum())
            adam.step()
            with torch.no_grad():
                for name, port in self._free.items():
                    if port.distribution == "uniform":
                        free[name].clamp_(-1, 1)
            yield
        reached = {**values, **{name: value.detach() for name, value in free.items()}}
        with torch.no_grad():
            return reached, distance(self._made(reached), pictures)

    def _prior(self, free: Mapping[str, Tensor]) -> Tensor:
        normal = [free[name] for name, port in self._free.items() if port.distribution == "normal"]
        total = sum((value.flatten(1).square().mean(1) for value in normal), torch.zeros((), device=self._device))
        return PRIOR * total

    def _made(self, values: Mapping[str, Tensor]) -> Tensor:
        answer = self._network(*(values[name] for name in self._graph.input_names))
        images: Tensor = answer[0] if isinstance(answer, tuple) else answer
        return images


def distance(images: Tensor, pictures: Tensor) -> Tensor:
    """Return the mean squared difference of images (N, C, H, W), averaged over halved resolutions: (N,)."""
    found = []
    while True:
        found.append((images - pictures).square().flatten(1).mean(1))
        if min(images.shape[2:]) < 2 * COARSEST:
            return torch.stack(found).mean(0)
        images, pictures = avg_pool2d(images, 2), avg_pool2d(pictures, 2)


def card_of(name: str, graph: Graph, trained: Trained) -> Card:
    """Return what would stand on the card of a graph, as far as what it is given follows from it."""
    taken, given = ports(graph, trained.images, trained.classes, "float")
    return Card(
        version="", plugin=trained.plugin, graph=name, task=graph.task, inputs=taken, outputs=given, mode={}, created=""
    )


def _vectors(graph: Graph) -> list[Latent]:
    """Return the latents that are looked for: vectors and styles, but not noise of an image's shape."""
    latents = (port for port in graph.inputs if isinstance(port, Latent))
    return [port for port in latents if not port.shape or port.distribution == "zero"]


def _chosen(graphs: Mapping[str, Graph], said: str | None) -> str:
    able = [name for name, graph in graphs.items() if graph.task == "generate" and _vectors(graph)]
    if said is None and able:
        styles = (name for name in able if any(port.distribution == "zero" for port in _vectors(graphs[name])))
        return next(styles, able[0])
    if said in able:
        return said
    if not able:
        there = ", ".join(f"{name} ({graph.task}s)" for name, graph in graphs.items())
        raise Unsupported(f"the run has no graph that makes images of latent vectors; it has {there}")
    raise UsageError(f"no graph {said!r} makes images of latent vectors, only {', '.join(able)}")


def _encoder(graphs: Mapping[str, Graph], generator: Graph) -> Graph | None:
    """Return the graph that gives the generator's only vector for an image, if any."""
    vectors = _vectors(generator)
    for graph in graphs.values():
        outputs = [port for port in graph.outputs if isinstance(port, Vector)]
        if (
            graph.task == "encode"
            and len(vectors) == 1
            and [(port.name, port.length) for port in outputs] == [(vectors[0].name, vectors[0].length)]
            and graph.inputs == tuple(generator.outputs)
        ):
            return graph
    return None
