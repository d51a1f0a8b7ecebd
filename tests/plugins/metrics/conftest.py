"""What metrics are tried on: functions written by hand, and data held in arrays."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from torch import Tensor

from gantk import ArrayImages, Dataset, Group, Split
from gantk.evaluation.subject import OpenSubject


@dataclass
class ByHand:
    """A graph that computes what a test says."""

    task: str
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    compute: Callable[..., Any]
    name: str = "by_hand"
    scale: float = 1.0

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        answer = self.compute(*inputs)
        return answer if isinstance(answer, tuple) else (answer,)


class InArrays(Dataset):
    """Columns (N, ...) of the training and the test share; images are levels in [-1, 1] (N, C, H, W)."""

    name = "arrays"
    summary = "arrays"

    def __init__(self, kind: str, train: dict[str, Any], test: dict[str, Any]) -> None:
        self.kinds = (kind,)
        self.shares = {False: train, True: test}

    def split(self, kind, test, load):
        columns = {
            key: ArrayImages(np.asarray(values, np.float32).transpose(0, 2, 3, 1), window=(-1.0, 1.0))
            if np.ndim(values) == 4
            else np.asarray(values)
            for key, values in self.shares[test].items()
        }
        return Split((Group(columns),))

    def fingerprint(self):
        return "arrays"


@pytest.fixture
def subject() -> Callable[..., OpenSubject]:
    """Return a function that makes a subject of a graph and of data; further attributes are given to the data."""

    def make(
        graph: ByHand, kind: str = "images", train: Any = None, test: Any = None, size: int = 2, **stated: Any
    ) -> OpenSubject:
        dataset = InArrays(kind, train or {}, test or {})
        for name, value in stated.items():
            setattr(dataset, name, value)
        torch.manual_seed(0)
        return OpenSubject(functions={graph.name: graph}, dataset=dataset, size=size, channels={}, seed=0)

    return make


@pytest.fixture
def graph() -> type[ByHand]:
    """Return what makes a graph of a function."""
    return ByHand


@pytest.fixture
def pooled(tmp_path):
    """Return an ONNX file whose features are the mean levels of the three channels."""

    def write(size):
        node = helper.make_node("GlobalAveragePool", ["picture"], ["features"])
        taken = helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["n", 3, size, size])
        given = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 3, 1, 1])
        model = helper.make_model(helper.make_graph([node], "pooled", [taken], [given]), ir_version=10)
        model.opset_import[0].version = 20
        path = tmp_path / "pooled.onnx"
        onnx.save(model, path)
        return str(path)

    return write
