"""The portable random numbers: published words, committed vectors, a second implementation, and their statistics."""

import json
import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest

from gantk.errors import UsageError
from gantk.runtime import random
from gantk.runtime.random import choose, draw, philox, stream_of

VECTORS = json.loads(Path(random.__file__).with_name("philox_vectors.json").read_text(encoding="utf-8"))
KNOWN = ["6627e8d5e169c58dbc57ac4c9b00dbd8", "408f276d41c83b0ea20bc7c66d5451fd", "d16cfe0994fdcceb5001e42024126ea1"]


def by_name(case: dict[str, Any]) -> str:
    return f"{case['name']}-{case.get('distribution', 'category')}-{case['seed']}-{case.get('truncation')}"


def plain_philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 on Python's whole numbers."""
    for _ in range(10):
        one, two = counter[0] * 0xD2511F53, counter[2] * 0xCD9E8D57
        counter = [two >> 32 ^ counter[1] ^ key[0], two % 2**32, one >> 32 ^ counter[3] ^ key[1], one % 2**32]
        key = [(key[0] + 0x9E3779B9) % 2**32, (key[1] + 0xBB67AE85) % 2**32]
    return counter


def plain_uniform(stream: int, seed: int, sample: int, place: int, attempt: int) -> float:
    words = plain_philox([place // 4, sample, stream, attempt], [seed % 2**32, seed >> 32])
    return (words[place % 4] + 0.5) / 2**32


def plain_number(case: dict[str, Any], sample: int, place: int) -> float:
    """One number of a case, drawn by itself with `math`."""
    seed, limit = int(case["seed"]), case["truncation"] or math.inf
    attempt = 0
    while True:
        if case["distribution"] == "uniform":
            value = 2 * plain_uniform(case["stream"], seed, sample, place, attempt) - 1
        else:
            even = place - place % 2
            first, second = (plain_uniform(case["stream"], seed, sample, even + half, attempt) for half in (0, 1))
            turn = math.sin if place % 2 else math.cos
            value = math.sqrt(-2 * math.log(first)) * turn(2 * math.pi * second)
        if abs(value) <= limit:
            return value
        attempt += 1


def test_the_file_holds_the_published_words() -> None:
    assert ["".join(case["words"]) for case in VECTORS["philox"]] == KNOWN


@pytest.mark.parametrize("case", VECTORS["philox"], ids=lambda case: case["counter"][0])
def test_philox_gives_the_published_words(case: dict[str, list[str]]) -> None:
    counter, key, words = ([int(word, 16) for word in case[name]] for name in ("counter", "key", "words"))
    assert philox(np.array([counter, counter]), (key[0], key[1])).tolist() == [words, words]
    assert plain_philox(counter, key) == words


@pytest.mark.parametrize("case", VECTORS["draws"], ids=by_name)
def test_draws_are_those_of_the_file(case: dict[str, Any]) -> None:
    settings = {"seed": int(case["seed"]), "start": case["start"], "truncation": case["truncation"]}
    values = draw(case["name"], case["distribution"], case["count"], case["length"], **settings)
    assert values.dtype == np.float32
    np.testing.assert_array_max_ulp(values, np.float32(case["values"]), maxulp=1)
    again = draw(case["stream"], case["distribution"], case["count"], case["length"], **settings)
    assert np.array_equal(values, again)


@pytest.mark.parametrize("case", VECTORS["draws"], ids=by_name)
def test_a_second_implementation_gives_the_file(case: dict[str, Any]) -> None:
    samples = range(case["start"], case["start"] + case["count"])
    plain = [[plain_number(case, sample, place) for place in range(case["length"])] for sample in samples]
    np.testing.assert_array_max_ulp(np.float32(plain), np.float32(case["values"]), maxulp=1)


@pytest.mark.parametrize("case", VECTORS["categories"], ids=by_name)
def test_categories_are_those_of_the_file(case: dict[str, Any]) -> None:
    values = choose(case["name"], case["count"], case["categories"], seed=int(case["seed"]), start=case["start"])
    assert values.dtype == np.int64
    assert values.tolist() == case["values"]
    samples = range(case["start"], case["start"] + case["count"])
    uniform = [plain_uniform(case["stream"], int(case["seed"]), sample, 0, 0) for sample in samples]
    assert [math.floor(number * case["categories"]) for number in uniform] == case["values"]


def test_the_vectors_cover_what_differs_between_languages() -> None:
    draws = VECTORS["draws"]
    assert any(int(case["seed"]) > 2**53 for case in draws)
    assert any(case["start"] >= 2**31 for case in draws)
    assert any(not case["name"].isascii() for case in draws)
    assert {(case["distribution"], case["truncation"] is None) for case in draws} == {
        ("normal", True),
        ("normal", False),
        ("uniform", True),
        ("uniform", False),
    }
    for case in (*draws, *VECTORS["categories"]):
        assert case["stream"] == crc32(case["name"].encode()) == stream_of(case["name"])


@pytest.mark.parametrize("truncation", [None, 0.7])
@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_a_sample_depends_on_its_seed_and_number_alone(distribution: Any, truncation: float | None) -> None:
    whole = draw("latent", distribution, 50, 7, seed=3, truncation=truncation)
    one = draw("latent", distribution, 1, 7, seed=3, start=37, truncation=truncation)
    assert np.array_equal(whole[37:38], one)
    longer = draw("latent", distribution, 1, 12, seed=3, start=37, truncation=truncation)
    assert np.array_equal(longer[:, :7], one)
    assert np.array_equal(choose("label", 50, 10, seed=3)[37:38], choose("label", 1, 10, seed=3, start=37))


def largest_gap(values: np.ndarray, share_below: Callable[[np.ndarray], np.ndarray]) -> float:
    """The statistic of Kolmogorov and Smirnov, times the root of the count: above 1.63 in one case of a hundred."""
    ordered = np.sort(values.ravel())
    expected, ranks = share_below(ordered), np.arange(ordered.size + 1) / ordered.size
    return float(max((ranks[1:] - expected).max(), (expected - ranks[:-1]).max()) * math.sqrt(ordered.size))


def normal_share(values: np.ndarray) -> np.ndarray:
    return np.array([0.5 * (1 + math.erf(value / math.sqrt(2))) for value in values])


@pytest.mark.parametrize("seed", [0, 1, 2**40])
def test_normal_numbers_are_standard_normal(seed: int) -> None:
    values = draw("latent", "normal", 2000, 25, seed=seed).astype(np.float64)
    count = values.size
    assert abs(values.mean()) < 3 / math.sqrt(count)
    assert abs(values.var() - 1) < 3 * math.sqrt(2 / count)
    assert abs((values**4).mean() - 3) < 3 * math.sqrt(96 / count)
    assert largest_gap(values, normal_share) < 1.63


@pytest.mark.parametrize("seed", [0, 1, 2**40])
def test_uniform_numbers_and_categories_are_even(seed: int) -> None:
    values = draw("c2", "uniform", 2000, 25, seed=seed)
    assert np.abs(values).max() <= 1
    assert largest_gap(values, lambda ordered: (ordered + 1) / 2) < 1.63
    counts = np.bincount(choose("label", 10_000, 10, seed=seed), minlength=10)
    # Chi-squared of nine degrees of freedom: above 21.7 in one case of a hundred.
    assert ((counts - 1000.0) ** 2 / 1000).sum() < 21.7


def test_truncated_numbers_follow_the_normal_distribution_within() -> None:
    values = draw("latent", "normal", 1000, 20, truncation=0.5)
    inside = math.erf(0.5 / math.sqrt(2))
    assert np.abs(values).max() <= 0.5
    assert largest_gap(values, lambda ordered: (normal_share(ordered) - 0.5) / inside + 0.5) < 1.63
    plain = draw("latent", "normal", 1000, 20)
    assert np.array_equal(values[np.abs(plain) <= 0.5], plain[np.abs(plain) <= 0.5])


def test_seeds_samples_streams_and_places_are_unrelated() -> None:
    columns = [
        *draw("latent", "normal", 5000, 3, seed=0).T,
        *draw("z", "normal", 5000, 3, seed=0).T,
        *draw("latent", "normal", 5000, 2, seed=1).T,
        *draw("latent", "normal", 5000, 2, seed=2**32).T,
    ]
    table = np.corrcoef(columns)
    assert np.abs(table - np.eye(len(columns))).max() < 4.5 / math.sqrt(5000)
    assert all(abs(np.corrcoef(one[:-1], one[1:])[0, 1]) < 4.5 / math.sqrt(5000) for one in columns)
    assert all(not np.array_equal(one, other) for one, other in pairwise(columns))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"seed": -1}, "a seed of -1"),
        ({"seed": 2**64}, "0 to 18446744073709551615"),
        ({"start": -1}, "4 samples from -1 on"),
        ({"start": 2**32 - 3}, "those from 0 to 4294967295"),
        ({"truncation": 0.01}, r"truncation of 0\.01: say 0\.02 or more"),
        ({"truncation": -1.0}, "truncation of -1"),
        ({"truncation": math.nan}, "truncation of nan"),
    ],
)
def test_what_cannot_be_drawn_is_refused(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        draw("latent", "normal", 4, 3, **settings)


def test_none_may_be_drawn() -> None:
    assert draw("latent", "normal", 0, 3).shape == (0, 3)
    assert choose("label", 0, 3).shape == (0,)
