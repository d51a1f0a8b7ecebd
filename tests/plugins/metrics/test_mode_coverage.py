import math

import numpy as np
import pytest
import torch

from gantk import Latent, Unsupported
from gantk_plugins.metrics.mode_coverage import ModeCoverage, reverse_kl

MODES = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
NOISE = Latent(length=2)


def measured(subject, graph, points, std=0.1, **options):
    """Return the scores of a generator that makes these points (N, 2), one after the other."""
    made = torch.as_tensor(points, dtype=torch.float32)
    generator = graph("generate", (NOISE,), ("image",), lambda noise: made[:, :, None, None])
    found = subject(generator, "points", modes=MODES, std=std)
    return {score.name: score for score in ModeCoverage(points=len(made), **options).measure(found)}


def test_perfect_points_capture_every_mode(subject, graph):
    scores = measured(subject, graph, np.repeat(MODES, 5, 0))
    assert scores["modes"].value == 4
    assert scores["high_quality"].value == 100.0
    assert scores["reverse_kl"].value == pytest.approx(0.0, abs=1e-12)


def test_a_point_counts_where_it_is_nearer_than_three_standard_deviations(subject, graph):
    # At 0.29, 0.31 and far away of the first mode; at the second mode.
    scores = measured(subject, graph, [[0.29, 0.0], [0.0, 0.31], [0.9, 0.0], [2.0, 0.0]])
    assert scores["modes"].value == 2
    assert scores["high_quality"].value == 50.0
    assert scores["high_quality"].error == pytest.approx(100 * math.sqrt(0.5 * 0.5 / 4))
    assert scores["reverse_kl"].value == pytest.approx(math.log(2))
    assert scores["reverse_kl"].details["counted"] == "high quality"


def test_a_wider_limit_is_an_option(subject, graph):
    assert measured(subject, graph, [[0.35, 0.0]], deviations=4)["modes"].value == 1
    assert measured(subject, graph, [[0.35, 0.0]])["modes"].value == 0


def test_without_a_good_point_all_are_counted_for_the_divergence(subject, graph):
    scores = measured(subject, graph, [[0.5, 0.0], [2.5, 0.0]])
    assert scores["modes"].value == scores["high_quality"].value == 0
    assert scores["reverse_kl"].value == pytest.approx(math.log(2))
    assert scores["reverse_kl"].details["counted"] == "all: none is of high quality"


def test_reverse_kl_is_that_of_the_histogram_from_the_uniform_one():
    share = torch.tensor([0.5, 0.25, 0.25, 0.0])
    by_hand = 0.5 * math.log(2) + 2 * 0.25 * math.log(1)
    assert reverse_kl(8 * share) == pytest.approx(by_hand)
    assert reverse_kl(torch.tensor([7, 0, 0])) == pytest.approx(math.log(3))


def test_data_without_modes_are_refused(subject, graph):
    generator = graph("generate", (NOISE,), ("image",), lambda noise: noise[:, :, None, None])
    with pytest.raises(Unsupported, match="states its modes"):
        ModeCoverage().measure(subject(generator))
    with pytest.raises(Unsupported, match="states its modes"):
        ModeCoverage().measure(subject(generator, modes=np.empty((0, 2)), std=None))
    with pytest.raises(Unsupported, match="points of 3 numbers, not of 2"):
        ModeCoverage().measure(subject(generator, modes=np.zeros((1, 3)), std=1.0))
