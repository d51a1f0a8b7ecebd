"""The inception score: 1 of images that are all alike, the number of classes of one sure image each."""

import pytest
import torch

from gantk import Latent, Unsupported, UsageError
from gantk_plugins.metrics.inception_score import InceptionScore, score

NOISE = Latent(length=1)


def test_its_closed_forms():
    assert score(torch.randn(1, 7).expand(20, -1)) == pytest.approx(1.0)
    assert score(100 * torch.eye(7).repeat(3, 1)) == pytest.approx(7.0)
    chances = torch.tensor([[0.75, 0.25], [0.25, 0.75]]).log()
    assert score(chances) == pytest.approx(1.5**0.75 * 0.5**0.25)


def test_it_is_measured_by_a_classifier_in_splits(subject, graph, pooled):
    made = torch.tensor([0.9, -0.9]).repeat(10)[:, None, None, None] * torch.tensor([1.0, -1.0, 0.0])[:, None, None]
    generator = graph("generate", (NOISE,), ("image",), lambda noise: made.expand(-1, -1, 2, 2).contiguous())
    (found,) = InceptionScore(images=20, splits=5, extractor=pooled(2)).measure(subject(generator, size=2))
    assert found.value == pytest.approx(score(made[:2, :, 0, 0]), rel=1e-5)
    assert found.error == pytest.approx(0, abs=1e-9)
    assert "20 made images" in found.protocol


def test_the_network_that_comes_along_names_classes(subject, graph, pictures):
    drawn = pictures("3d", 6)
    alike = graph("generate", (NOISE,), ("image",), lambda noise: drawn[:1].expand(6, -1, -1, -1).contiguous())
    varied = graph("generate", (NOISE,), ("image",), lambda noise: drawn)

    def measured(generator):
        return InceptionScore(images=6, splits=1).measure(subject(generator, size=32))[0].value

    assert measured(alike) == pytest.approx(1.0, abs=1e-4)
    assert measured(varied) > 1.2


def test_too_few_images_and_wrong_options_are_refused(subject, graph, pooled):
    generator = graph("generate", (NOISE,), ("image",), lambda noise: torch.zeros(3, 3, 2, 2))
    with pytest.raises(Unsupported, match="an image for each of 10 splits, and 3 are made"):
        InceptionScore(images=3, extractor=pooled(2)).measure(subject(generator, size=2))
    with pytest.raises(UsageError, match="needs images and splits from 1 on"):
        InceptionScore(splits=0)
