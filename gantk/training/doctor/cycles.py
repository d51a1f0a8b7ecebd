"""Translations that turn colours over, and cycles that hide what they need in what nobody sees."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from gantk.recipe.graph import Graph
from gantk.training.doctor.detector import Detector, Finding, Shown

OVER = -0.5
"""The correlation of brightness, input to output, below which colours are turned over."""

TIMES, MORE = 2.0, 0.05
"""How many times worse, and by how much of a range of 2, a cycle is whose middle is rounded to 8 bits."""


class Cycles(Detector):
    """Looks at pairs of graphs that translate to and fro (steganography: Chu et al. 2017, arXiv:1712.02950)."""

    def __init__(self) -> None:
        self._over: dict[str, int] = {}

    def shown(self, seen: Shown) -> Iterator[Finding]:
        """Yield colours that are turned over twice in a row, and cycles that do not survive rounding."""
        graphs = seen.form.graphs()
        for name, back in _pairs(graphs):
            source, made = seen.source.get(name), seen.made.get(name)
            if source is None or made is None:
                continue
            yield from self._turned(name, source, made, seen)
            if source.shape == made.shape:
                yield from self._hidden(name, graphs[back], source, made)

    def _turned(self, name: str, source: Tensor, made: Tensor, seen: Shown) -> Iterator[Finding]:
        truth = seen.batch.get("reference") if source is seen.batch.get("a") else None
        alike = correlation(source, made)
        expected = correlation(source, truth) if isinstance(truth, Tensor) else 0.0
        self._over[name] = self._over.get(name, 0) + 1 if alike < min(OVER, expected + OVER) else 0
        if self._over[name] >= 2:
            yield Finding(
                "colours are turned over",
                name,
                f"where the input of {name} is bright its output is dark: their brightness correlates by {alike:.2f}",
                "a larger identity, or another --seed: the first hundred steps decide it",
            )

    def _hidden(self, name: str, back: Graph, source: Tensor, made: Tensor) -> Iterator[Finding]:
        with torch.no_grad():
            plain, rounded = (
                float((back.network(images) - source).abs().mean()) for images in (made, rounded_to_bytes(made))
            )
        if rounded > TIMES * plain and rounded - plain > MORE:
            yield Finding(
                "the cycle hides its input",
                name,
                f"{name} and back differs from the input by {plain:.3f}, but by {rounded:.3f} where the image between "
                "is rounded to 8 bits: the output carries the input as noise that nobody sees",
                "a smaller cycle, -s dequantize=true, or --augmentation instance-noise, in a new run",
            )


def _pairs(graphs: Mapping[str, Graph]) -> Iterator[tuple[str, str]]:
    """Yield graphs of one image to one image with the graph that goes back."""
    ways = {
        (graph.images[0], str(graph.outputs[0])): name
        for name, graph in graphs.items()
        if graph.task == "translate" and len(graph.inputs) == len(graph.outputs) == len(graph.images) == 1
    }
    for (source, target), name in ways.items():
        if source != target and (target, source) in ways:
            yield name, ways[target, source]


def rounded_to_bytes(images: Tensor) -> Tensor:
    """Return images in [-1, 1] as they are once they were saved with 8 bits."""
    return ((images.clamp(-1, 1) + 1) * 127.5).round() / 127.5 - 1


def correlation(one: Tensor, other: Tensor) -> float:
    """Return the mean over images (N, C, H, W) of how their brightness correlates; 0 of images of one brightness."""
    if one.shape[0] != other.shape[0] or one.shape[2:] != other.shape[2:]:
        return 0.0
    first, second = (images.float().mean(1).flatten(1) for images in (one, other))
    first, second = (values - values.mean(1, keepdim=True) for values in (first, second))
    lengths = first.norm(dim=1) * second.norm(dim=1)
    products = (first * second).sum(1)
    return float(torch.where(lengths > 1e-6, products / lengths.clamp(min=1e-6), torch.zeros_like(products)).mean())
