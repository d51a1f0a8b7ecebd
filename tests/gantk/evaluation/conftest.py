"""Small graphs and data that the tests measure."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from gantk import Graph, Latent, Network
from gantk.evaluation.functions import RunFunction


@pytest.fixture
def graph() -> Callable[..., RunFunction]:
    """Return what makes a graph "made" of a function, which makes images of noise unless told otherwise."""

    def make(
        task: str = "generate",
        inputs: tuple[Any, ...] = (Latent(length=3),),
        outputs: tuple[Any, ...] = ("image",),
        compute: Callable[..., Any] = lambda x: x,
    ) -> RunFunction:
        network = Network(nn.Identity(), "generator")
        network.module.forward = compute
        made = Graph(network=network, task=task, inputs=inputs, outputs=outputs)
        return RunFunction("made", made, (4, 4), torch.device("cpu"))

    return make
