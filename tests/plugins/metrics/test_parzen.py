import math

import pytest
import torch

from gantk import Category, Latent, Unsupported
from gantk_plugins.metrics import parzen
from gantk_plugins.metrics.parzen import Parzen, log_likelihoods

WIDTHS = torch.tensor([0.25, 2.0])


def test_one_sample_is_a_gaussian():
    image, sample = torch.tensor([[[0.2, 0.9]]]), torch.tensor([[[0.5, 0.5]]])
    for width, found in zip(WIDTHS.tolist(), log_likelihoods(image, sample, WIDTHS)[:, 0].tolist(), strict=True):
        by_hand = -(0.3**2 + 0.4**2) / (2 * width**2) - 2 * math.log(width * math.sqrt(2 * math.pi))
        assert found == pytest.approx(by_hand, rel=1e-6)


def test_two_samples_are_the_mean_of_two_gaussians():
    (found,) = log_likelihoods(torch.zeros(1, 1), torch.tensor([[1.0], [-3.0]]), torch.tensor([1.0]))
    density = (math.exp(-0.5) + math.exp(-4.5)) / 2 / math.sqrt(2 * math.pi)
    assert found.item() == pytest.approx(math.log(density), rel=1e-12)


def test_it_does_not_depend_on_how_it_is_cut(monkeypatch):
    images, samples = torch.rand(7, 3, 2, 2), torch.rand(11, 3, 2, 2)
    whole = log_likelihoods(images, samples, WIDTHS)
    monkeypatch.setattr(parzen, "HELD", 24)
    assert torch.allclose(log_likelihoods(images, samples, WIDTHS), whole, rtol=1e-12)


def test_distant_images_do_not_underflow():
    found = log_likelihoods(torch.full((1, 784), 1.0), torch.zeros(1, 784), torch.tensor([0.1], dtype=torch.float64))
    assert found.item() == pytest.approx(-784 / 0.02 - 784 * math.log(0.1 * math.sqrt(2 * math.pi)), rel=1e-9)


def drawn(count, seed):
    """Return images of 2 x 2 pixels whose levels in [0, 1] come from N(0.5, 0.2^2), as values in [-1, 1]."""
    return 0.4 * torch.randn(count, 1, 2, 2, generator=torch.Generator().manual_seed(seed))


def generator_of(graph, *further):
    """Return a generator whose images are distributed likewise."""
    latent = Latent(length=4)
    return graph("generate", (latent, *further), ("image",), lambda noise, *_: 0.4 * noise.view(-1, 1, 2, 2))


def test_of_a_known_gaussian(subject, graph):
    found = subject(generator_of(graph), train={"image": drawn(600, 1)}, test={"image": drawn(500, 2)})
    (score,) = Parzen(samples=4000, narrowest=0.02, widest=0.5).measure(found)
    # The expected log-density of a Gaussian is -d (log(s sqrt(2 pi)) + 1/2), its variance d / 2; a window smooths.
    true = -4 * (math.log(0.2 * math.sqrt(2 * math.pi)) + 0.5)
    assert true - 0.4 < score.value < true + 2 * score.error
    assert score.error == pytest.approx(math.sqrt(4 / 2) / math.sqrt(500), rel=0.2)
    assert score.details["validation_rows"] == "500 to 599"
    assert score.details["warning"] is None
    assert found.read == {"training": 100, "held-out": 500}


def test_the_bandwidth_is_the_likeliest_of_the_grid(subject, graph):
    train, test = {"image": drawn(60, 1)}, {"image": drawn(20, 2)}
    found = subject(generator_of(graph), train=train, test=test)
    (score,) = Parzen(samples=100, validation=5, narrowest=0.01, widest=1.0, bandwidths=3).measure(found)
    samples = (found.generated(100) + 1) / 2
    grid = torch.tensor([0.01, 0.1, 1.0])
    validation = log_likelihoods((train["image"][50:55] + 1) / 2, samples, grid).mean(1)
    assert score.details["sigma"] == pytest.approx(float(grid[validation.argmax()]))
    assert score.details["validation_log_likelihood"] == pytest.approx(float(validation.max()), rel=1e-5)
    by_hand = log_likelihoods((test["image"] + 1) / 2, samples, grid)[validation.argmax()]
    assert score.value == pytest.approx(float(by_hand.mean()), rel=1e-5)
    assert score.error == pytest.approx(float(by_hand.numpy().std()) / math.sqrt(20), rel=1e-5)


def test_a_bandwidth_at_the_edge_is_told(subject, graph):
    found = subject(generator_of(graph), train={"image": drawn(12, 1)}, test={"image": drawn(5, 2)})
    (score,) = Parzen(samples=50, narrowest=2.0, widest=4.0).measure(found)
    assert score.details["warning"] == "sigma lies at the edge of its grid"


def test_a_conditional_generator_is_given_each_category_equally_often(subject, graph):
    given = []

    def conditional(noise, label):
        given.append(label)
        return noise.view(-1, 1, 2, 2)

    generator = graph("generate", (Latent(length=4), Category(count=3)), ("image",), conditional)
    found = subject(generator, train={"image": drawn(12, 1)}, test={"image": drawn(5, 2)})
    (score,) = Parzen(samples=9).measure(found)
    assert torch.bincount(given[0]).tolist() == [3, 3, 3]
    assert score.details["categories"] == "each equally often"


def test_points_are_refused(subject, graph):
    generator = graph("generate", (Latent(length=2),), ("image",), lambda noise: noise[:, :, None, None])
    points = {"image": torch.zeros(12, 2, 1, 1)}
    with pytest.raises(Unsupported, match="images, not points"):
        Parzen(samples=5).measure(subject(generator, train=points, test=points, size=1))
