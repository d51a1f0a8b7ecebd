import math

import pytest
import torch

from gantk import Unsupported, Vector
from gantk_plugins.metrics.code_error import CodeError

OUTPUTS = (Vector(name="c1", length=3), Vector(name="c2", length=1))


def measured(subject, graph, codes, labels, outputs=OUTPUTS, **options):
    """Return the score of an encoder that gives each image the category that the image holds."""

    def encode(images):
        held = images[:, 0, 0, 0].long()
        return torch.eye(3)[held], torch.zeros(len(images), 1)

    encoder = graph("encode", ("image",), outputs, encode)
    data = {"image": torch.tensor(codes).float()[:, None, None, None], "label": torch.tensor(labels)}
    (score,) = CodeError(**options).measure(subject(encoder, "labelled", test=data, size=1))
    return score


def test_categories_in_any_order_are_no_error(subject, graph):
    score = measured(subject, graph, [0, 0, 1, 2], [2, 2, 0, 1])
    assert score.value == 0.0
    assert score.details["matching"] == "0:2 1:0 2:1"
    assert score.details["majority_error"] == 0.0


def test_two_categories_may_not_share_a_class(subject, graph):
    # Categories 0 and 1 both hold class 0 most often; the best matching gives one of them class 1.
    codes, labels = [0] * 5 + [1] * 4 + [2] * 1, [0, 0, 0, 0, 1, 0, 0, 0, 1, 2]
    score = measured(subject, graph, codes, labels)
    assert score.value == pytest.approx(100 * (1 - (4 + 1 + 1) / 10))
    assert score.details["majority_error"] == pytest.approx(100 * (1 - (4 + 3 + 1) / 10))
    assert score.error == pytest.approx(100 * math.sqrt(0.4 * 0.6 / 10))


def test_fewer_classes_than_categories(subject, graph):
    score = measured(subject, graph, [0, 1, 2, 2], [1, 0, 0, 0])
    assert score.value == pytest.approx(25.0)
    assert score.details["classes"] == 2


def test_another_output_is_named_by_an_option(subject, graph):
    assert measured(subject, graph, [0, 1], [1, 0], tuple(reversed(OUTPUTS)), output="c2").value == 0.0


def test_an_encoder_without_that_output_is_refused(subject, graph):
    with pytest.raises(Unsupported, match=r"encodes and gives c1; here: by_hand \(encodes\)"):
        measured(subject, graph, [0], [0], (Vector(name="z", length=3),))
