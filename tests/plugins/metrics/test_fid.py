"""The Frechet distance, by its closed form of two Gaussians."""

import pytest
import torch

from gantk import Latent, UsageError
from gantk_plugins.metrics.fid import FrechetDistance, frechet

NOISE = Latent(length=1)


def with_moments(count, mean, spreads, seed=0):
    """Features (count, d) whose mean and covariance, diagonal, are exactly these."""
    drawn = torch.randn(count, len(mean), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    drawn -= drawn.mean(0)
    white = drawn @ torch.linalg.inv(torch.linalg.cholesky(drawn.T @ drawn / (count - 1))).T
    return white * torch.tensor(spreads, dtype=torch.float64) + torch.tensor(mean, dtype=torch.float64)


def test_two_gaussians_have_their_closed_form():
    one, other = (
        with_moments(50, [0.0, 1.0, 2.0], [1.0, 2.0, 0.5]),
        with_moments(40, [1.0, 1.0, 0.0], [3.0, 1.0, 0.5], 1),
    )
    # Of diagonal covariances: the squared distances of the means and of the standard deviations.
    assert frechet(one, other) == pytest.approx(1 + 0 + 4 + (1 - 3) ** 2 + (2 - 1) ** 2, rel=1e-9)


def test_correlated_gaussians_have_the_matrix_root_of_the_paper():
    drawn = torch.Generator().manual_seed(3)
    one, other = (torch.randn(60, 4, generator=drawn, dtype=torch.float64) @ torch.randn(4, 4, generator=drawn).double()
                  for _ in range(2))  # fmt: skip
    first, second = torch.cov(one.T), torch.cov(other.T)
    root = torch.linalg.eigvals(first @ second).real.sqrt().sum()
    expected = (one.mean(0) - other.mean(0)).square().sum() + first.trace() + second.trace() - 2 * root
    assert frechet(one, other) == pytest.approx(float(expected), rel=1e-9)


def test_fewer_images_than_features_and_more_agree_where_both_can_be():
    one, other = with_moments(50, [0.0] * 3, [1.0, 2.0, 3.0]), with_moments(50, [1.0] * 3, [2.0, 2.0, 1.0], 1)
    wide = [torch.cat([features, torch.zeros(50, 97, dtype=torch.float64)], 1) for features in (one, other)]
    assert frechet(*wide) == pytest.approx(frechet(one, other), rel=1e-9)


def test_identical_and_shuffled_sets_are_at_zero():
    features = torch.randn(30, 40, dtype=torch.float64)
    assert frechet(features, features) == pytest.approx(0, abs=1e-9)
    assert frechet(features, features[torch.randperm(30)]) == pytest.approx(0, abs=1e-9)


def test_it_measures_made_against_real_images_and_warns_of_few(subject, graph, pooled):
    real, made = torch.rand(9, 3, 4, 4) * 2 - 1, torch.rand(9, 3, 4, 4) - 0.5
    found = subject(graph("generate", (NOISE,), ("image",), lambda noise: made), test={"image": real}, size=4)
    (score,) = FrechetDistance(images=9, extractor=pooled(4)).measure(found)
    assert score.value == pytest.approx(frechet(made.mean((2, 3)).double(), real.mean((2, 3)).double()), rel=1e-5)
    assert "9 made and 9 held-out images" in score.protocol
    assert "fewer than 2,000 images" in score.details["warning"]
    assert len(score.details["sha256"]) == 64
    with pytest.raises(UsageError, match="needs 2 images"):
        FrechetDistance(images=1)
