import math

import pytest
import torch

from gantk import Unsupported, Vector
from gantk_plugins.metrics import one_nn
from gantk_plugins.metrics.one_nn import NearestNeighbour, nearest_rows

CODE = Vector(name="z", length=2)


def share(codes, labels):
    """Return labelled images of 1 x 1 pixel whose two channels are the code."""
    return {"image": torch.tensor(codes)[:, :, None, None], "label": torch.tensor(labels)}


@pytest.fixture
def found(subject, graph):
    encoder = graph("encode", ("image",), (CODE,), lambda images: images.flatten(1))
    train = share([[1.0, 0.0], [0.0, 1.0], [0.2, 0.0]], [0, 1, 2])
    # Nearest as they stand: the first, third and third; by direction the second, for the last two.
    test = share([[0.9, 0.0], [0.05, 0.2], [0.0, 0.3]], [0, 2, 2])
    return subject(encoder, "labelled", train=train, test=test, size=1)


def test_a_held_out_image_takes_the_label_of_the_nearest_code(found):
    (score,) = NearestNeighbour().measure(found)
    assert score.value == 100.0
    assert score.error == 0.0
    assert score.details == {"training_images": 3, "held_out_images": 3}
    assert found.read == {"held-out": 3, "training": 3}


def test_codes_of_length_one_are_compared_by_direction(found):
    (score,) = NearestNeighbour(normalize=True).measure(found)
    assert score.value == pytest.approx(100 / 3)
    assert score.error == pytest.approx(100 * math.sqrt(1 / 3 * 2 / 3 / 3))
    assert "normalized codes" in score.protocol


def test_several_vectors_stand_side_by_side(subject, graph):
    encoder = graph(
        "encode", ("image",), (CODE, Vector(name="c")), lambda images: (0 * images.flatten(1), images[:, 1, 0, 0])
    )
    data = share([[1.0, 0.0], [0.0, 1.0]], [0, 1])
    (score,) = NearestNeighbour().measure(subject(encoder, "labelled", train=data, test=data, size=1))
    assert score.value == 100.0


def test_the_search_is_exact_however_it_is_cut(monkeypatch):
    points, others = torch.randn(40, 5).double(), torch.randn(300, 5).double()
    by_hand = torch.stack([(point - others).square().sum(1).argmin() for point in points])
    assert torch.equal(nearest_rows(points, others), by_hand)
    monkeypatch.setattr(one_nn, "HELD", 700)
    assert torch.equal(nearest_rows(points, others), by_hand)


def test_data_without_labels_is_refused(subject, graph):
    encoder = graph("encode", ("image",), (CODE,), lambda images: images.flatten(1))
    images = {"image": torch.zeros(3, 2, 1, 1)}
    with pytest.raises(Unsupported, match="needs labelled batches; arrays serves images"):
        NearestNeighbour().measure(subject(encoder, train=images, test=images, size=1))
