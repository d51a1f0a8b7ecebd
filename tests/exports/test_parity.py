"""Differences are measured in the output's own terms."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gantk.errors import GantkError
from gantk.plan.tensors import numbers
from gantk.recipe.ports import Category, Latent, Vector
from gantk.runtime.card import Card
from gantk_exports.parity import check, differences

LATENT = numbers(Latent(length=2), ())


def card(count: int, *outputs: str) -> Card:
    return Card(
        version="0",
        plugin="test",
        graph="encoder",
        task="encode",
        inputs=(LATENT, numbers(Category(count=count), ())),
        outputs=tuple(numbers(Vector(name=output), ()) for output in outputs),
        size=1,
        mode={},
        created="2026-01-01",
    )


class Constant(nn.Module):
    """Gives two numbers a sample: a hundred times the batch size, and nothing."""

    def forward(self, latent: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        return torch.full((len(label),), 100.0 * len(label)), torch.zeros(len(label))


def measured(described: Card, wrong: float = 0.0, dtype: Any = np.float32) -> dict[str, float]:
    def call(latent: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, ...]:
        large, nothing = Constant()(torch.from_numpy(latent), torch.from_numpy(label))
        return large.numpy() + np.float32(wrong), nothing.numpy().astype(dtype)

    return differences(SimpleNamespace(card=described, call=call), Constant())  # type: ignore[arg-type]


def test_a_vectors_difference_is_relative_to_the_largest_number_of_all_that_is_tried() -> None:
    found = measured(card(4, "large", "nothing"), wrong=0.25)
    assert found == {
        "1x2,1 large": 0.25 / 400,
        "4x2,4 large": 0.25 / 400,
        "1x2,1 nothing": 0.0,
        "4x2,4 nothing": 0.0,
    }


@pytest.mark.parametrize(("count", "batch"), [(1, 2), (10, 10), (1000, 64)])
def test_the_larger_batch_holds_every_category_within_reason(count: int, batch: int) -> None:
    assert measured(card(count, "large", "nothing")).keys() >= {"1x2,1 large", f"{batch}x2,{batch} large"}


def test_another_type_is_no_parity() -> None:
    found = measured(card(4, "large", "nothing"), dtype=np.float64)
    assert found["1x2,1 nothing"] == float("inf")


@pytest.mark.parametrize("value", [2e-4, float("nan"), float("inf")])
def test_what_is_above_the_limit_is_refused(value: float) -> None:
    described = card(4, "large", "nothing")
    check({"1x2,1 large": 0.9e-4}, described, "graph encoder")
    with pytest.raises(GantkError, match=rf"^graph encoder: .* by {value:.3g} at 1x2,1 nothing, above .* of 0\.0001$"):
        check({"1x2,1 large": 0.0, "1x2,1 nothing": value}, described, "graph encoder")
