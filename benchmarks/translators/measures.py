"""What is measured and shown of a translator: three scores, and some held-out images in a row."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gantk.evaluation.subject import OpenSubject
from gantk.evaluation.target import EvaluationRequest, open_target
from gantk.recipe.metric import Function
from gantk.training.previews import to_bytes
from gantk_plugins.metrics.kid import KID
from gantk_plugins.metrics.l1 import L1
from gantk_plugins.metrics.ssim import StructuralSimilarity

torch.set_num_threads(1)

SHOWN = (4, 32, 61, 92, 121, 148, 176, 203, 229)
"""Which of the held-out images, by number."""
GAP = 4


class Nothing:
    """A graph that leaves images as they are."""

    def __init__(self, graph: Function) -> None:
        self._graph = graph

    def __getattr__(self, name: str) -> Any:
        return getattr(self._graph, name)

    def __call__(self, *images: Tensor) -> tuple[Tensor, ...]:
        return images[:1]


def subject_of(run: Path, graph: str) -> OpenSubject:
    """Return a graph of a run, with the data that it was trained on."""
    opened = open_target(EvaluationRequest(target=run, graph=graph, device="cpu"), print)
    return OpenSubject(functions=opened.functions, dataset=opened.dataset, size=opened.size, channels=opened.channels)


def doing_nothing(subject: OpenSubject) -> OpenSubject:
    """Return the same, of a graph that leaves its images as they are."""
    functions: Mapping[str, Any] = {name: Nothing(graph) for name, graph in subject.functions.items()}
    return replace(subject, functions=functions)


def scores(subject: OpenSubject) -> dict[str, float]:
    """Return the mean L1, SSIM and KID over all held-out images."""
    torch.manual_seed(0)
    return {
        score.name: score.value for metric in (L1(), StructuralSimilarity(), KID()) for score in metric.measure(subject)
    }


def strips(subject: OpenSubject) -> dict[str, Image.Image]:
    """Return a row each of sources, of what a graph makes of them, and of the truth."""
    pieces = list(subject.translated())
    columns = {name: torch.cat([getattr(piece, name) for piece in pieces]) for name in ("source", "made", "truth")}
    return {name: _row(images) for name, images in columns.items()}


def _row(images: Tensor) -> Image.Image:
    """Return the shown ones of images (N, C, H, W) in [-1, 1], side by side."""
    shown = to_bytes(images[list(SHOWN)])
    gap = np.full((shown.shape[1], GAP, 3), 255, np.uint8)
    parts = [part for image in shown for part in (gap, image)]
    return Image.fromarray(np.concatenate(parts[1:], axis=1)).quantize(96)
