"""Balls about features, by hand, and the four scores that are made of them."""

import pytest
import torch

from gantk import Latent, Unsupported, UsageError
from gantk_plugins.metrics.density_coverage import DensityCoverage
from gantk_plugins.metrics.manifolds import radii, within
from gantk_plugins.metrics.precision_recall import PrecisionRecall

NOISE = Latent(length=1)


def line(*places):
    return torch.tensor(places, dtype=torch.float64)[:, None]


def grey(*levels):
    """Images (N, 3, 2, 2) of one level each, in [-1, 1]."""
    return torch.tensor(levels).float()[:, None, None, None].expand(-1, 3, 2, 2).contiguous()


def test_balls_reach_to_the_neighbour_itself_not_counted():
    assert radii(line(0, 1, 3, 7), 1).tolist() == [1, 1, 2, 4]
    assert radii(line(0, 1, 3, 7), 2).tolist() == [3, 2, 3, 6]
    assert within(line(2, 8), line(0, 3), torch.tensor([1.0, 5.0], dtype=torch.float64)).tolist() == [
        [False, True], [False, True],
    ]  # fmt: skip


@pytest.fixture
def measured(subject, graph, pooled):
    def measure(metric, real, made, **options):
        generator = graph("generate", (NOISE,), ("image",), lambda noise: grey(*made))
        found = subject(generator, test={"image": grey(*real)}, size=2)
        scores = metric(images=max(len(made), len(real)), extractor=pooled(2), **options).measure(found)
        return {score.name: score.value for score in scores}

    return measure


REAL = (-0.8, -0.7, -0.5, 0.5, 0.6, 0.8)


def test_precision_and_recall_by_hand(measured):
    # Real balls, to the nearest neighbour: 0.1, 0.1, 0.2 and 0.1, 0.1, 0.2. Made ones: 0.05, 0.05, 0.3, 0.65.
    found = measured(PrecisionRecall, REAL, (-0.75, -0.7 + 1e-4, -0.4, 0.25), neighbours=1)
    assert found["precision"] == pytest.approx(3 / 4)
    # Of the real ones, -0.8 and -0.7 and -0.5 are within made balls, and so are 0.5, 0.6 and 0.8 of the last.
    assert found["recall"] == pytest.approx(1.0)
    assert measured(PrecisionRecall, REAL, REAL, neighbours=1) == {"precision": 1.0, "recall": 1.0}
    assert measured(PrecisionRecall, REAL, (0.5, 0.51, 0.52), neighbours=1)["recall"] == pytest.approx(1 / 6)


def test_density_and_coverage_by_hand(measured):
    # Of the made ones, -0.75 lies in the balls about -0.8 and -0.7, another in that of -0.5; two lie in none.
    found = measured(DensityCoverage, REAL, (-0.75, -0.4, 0.1, 0.2), neighbours=1)
    assert found == {"density": pytest.approx(3 / 4), "coverage": pytest.approx(3 / 6)}
    # All alike at a real image: dense, and hardly anything is covered.
    found = measured(DensityCoverage, REAL, (0.8, 0.8, 0.8, 0.8), neighbours=1)
    assert found == {"density": pytest.approx(1.0), "coverage": pytest.approx(1 / 6)}


def test_too_few_images_and_wrong_options_are_refused(measured):
    for metric, fewest in ((PrecisionRecall, 4), (DensityCoverage, 6)):
        with pytest.raises(Unsupported, match=f"needs {fewest} images a side at least, and there are 3"):
            measured(metric, REAL[:3], (0.1, 0.2, 0.3))
        with pytest.raises(UsageError, match="needs a neighbour from 1 on"):
            metric(neighbours=0)
