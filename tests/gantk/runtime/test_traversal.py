"""Walks between seeds, and traversals of one input: the numbers and the names."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gantk.runtime.card import Card
from gantk.runtime.ports import Numbers, Port
from gantk.runtime.random import choose, draw
from gantk.runtime.traversal import great_circle, traversal, walk

IMAGE = Port(name="image", dtype="uint8", channels=3, range=(0, 255), pixel="uint8", window=(0, 255))


def card(*inputs: Numbers) -> Card:
    return Card(
        version="0.1.0",
        plugin="test",
        graph="generator",
        task="generate",
        inputs=inputs,
        outputs=(IMAGE,),
        mode={},
        created="2024-01-31",
    )


def test_a_walk_goes_from_one_seed_to_the_other(ports: SimpleNamespace) -> None:
    made = walk(card(ports.latent, ports.code, ports.label), 5, seed=1, to=2, start=6, said={"label": "3"})
    (one,), (other,) = (draw("latent", "normal", 1, 3, seed=seed, start=6) for seed in (1, 2))
    (first,), (last,) = (draw("c2", "uniform", 1, 1, seed=seed, start=6) for seed in (1, 2))
    assert made.values["latent"][[0, 4]] == pytest.approx(np.stack([one, other]), abs=1e-6)
    assert made.values["latent"][2] == pytest.approx(great_circle(one, other, 0.5))
    assert made.values["c2"][:, 0] == pytest.approx(np.linspace(first[0], last[0], 5))
    assert made.values["label"].tolist() == [3] * 5
    assert {name: value.dtype for name, value in made.values.items()} == {
        "latent": np.float32,
        "c2": np.float32,
        "label": np.int64,
    }
    assert made.names == [f"seed1-to-2-0000{frame}-label=3-3" for frame in range(5)]


def test_a_drawn_category_stays_that_of_the_first_seed(ports: SimpleNamespace) -> None:
    seeds = [seed for seed in range(20) if choose("label", 1, 4, seed=seed)[0] == 2]
    assert walk(card(ports.label, ports.latent), 3, seed=seeds[0], to=21).values["label"].tolist() == [2, 2, 2]


def test_a_great_circle_keeps_the_distance_from_the_origin() -> None:
    one, other = np.array([3.0, 0.0]), np.array([0.0, 3.0])
    for share in (0.0, 0.25, 0.5, 1.0):
        angle = share * np.pi / 2
        assert great_circle(one, other, share) == pytest.approx([3 * np.cos(angle), 3 * np.sin(angle)])


@pytest.mark.parametrize("end", [[6.0, 0.0], [-3.0, 0.0], [0.0, 0.0]])
def test_vectors_on_one_line_have_a_straight_way(end: list[float]) -> None:
    one = np.array([3.0, 0.0])
    assert great_circle(one, np.array(end), 0.5) == pytest.approx((one + end) / 2)


@pytest.mark.parametrize(
    ("target", "options", "name", "place", "steps"),
    [
        ("latent[1]", {}, "latent", 1, np.linspace(-2, 2, 10)),
        ("c2", {}, "c2", 0, np.linspace(-1, 1, 10)),
        ("c2[0]", {"columns": 5, "reach": 2.0}, "c2", 0, np.linspace(-2, 2, 5)),
    ],
)
def test_a_number_of_a_latent_takes_steps_and_the_rest_stays(
    ports: SimpleNamespace, target: str, options: dict[str, Any], name: str, place: int, steps: np.ndarray
) -> None:
    made = traversal(card(ports.latent, ports.code, ports.label), target, 2, seed=3, start=1, **options)
    count = len(steps)
    rows = {
        "latent": draw("latent", "normal", 2, 3, seed=3, start=1),
        "c2": draw("c2", "uniform", 2, 1, seed=3, start=1),
    }
    for key, row in rows.items():
        wanted = row.repeat(count, axis=0)
        if key == name:
            wanted[:, place] = [*steps, *steps]
        assert np.array_equal(made.values[key], wanted)
    assert made.values["label"].tolist() == choose("label", 2, 4, seed=3, start=1).repeat(count).tolist()
    assert made.columns == count
    assert list(made.headings)[:2] == [f"{steps[0]:+.2f}", f"{steps[1]:+.2f}"]
    assert len(set(made.names)) == 2 * count


def test_a_category_takes_each_value(ports: SimpleNamespace) -> None:
    made = traversal(card(ports.label, ports.latent), "label", 2, said={"latent": [1, 2, 3]})
    assert made.values["label"].tolist() == [0, 1, 2, 3] * 2
    assert made.values["latent"].tolist() == [[1, 2, 3]] * 8
    assert (made.columns, list(made.headings)) == (4, list(ports.label.names))
    assert made.names[5] == "seed0-00001-label=1-bag"


def test_truncation_reaches_walks_and_traversals(ports: SimpleNamespace) -> None:
    only = card(ports.latent)
    ends = walk(only, 2, seed=1, to=2, truncation=0.5).values["latent"]
    assert ends[1] == pytest.approx(draw("latent", "normal", 1, 3, seed=2, truncation=0.5)[0])
    rows = traversal(only, "latent[0]", 4, truncation=0.5).values["latent"][:, 1:]
    assert np.abs(rows).max() <= 0.5
