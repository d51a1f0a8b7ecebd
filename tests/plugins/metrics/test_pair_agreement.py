"""The agreement of pairs in closed form, its counterparts, and what it refuses."""

import pytest
import torch
from torch import nn

from gantk import Graph, Latent, Network, Unsupported, UsageError
from gantk.evaluation.functions import RunFunction
from gantk.evaluation.subject import OpenSubject
from gantk_plugins.metrics.pair_agreement import PairAgreement, counterpart

NOISE = Latent(length=16)


def function(side, compute, inputs=(NOISE,)):
    network = Network(nn.Identity(), "generator")
    network.module.forward = compute
    graph = Graph(network=network, task="generate", inputs=inputs, outputs=(side,))
    return RunFunction(f"generator_{side}", graph, (4, 4), torch.device("cpu"))


def measured(first, second, **options):
    functions = {one.name: one for one in (first, second)}
    subject = OpenSubject(functions=functions, dataset=None, size=4, channels={})
    (score,) = PairAgreement(pairs=600, **options).measure(subject)
    return score


def images(noise):
    return noise.view(-1, 1, 4, 4).clamp(-1, 1)


@pytest.mark.parametrize("of", ["edges", "negative"])
def test_true_pairs_agree_and_those_of_other_noise_less(of):
    score = measured(function("a", images), function("b", lambda noise: counterpart(images(noise), of)), of=of)
    assert (score.value, score.error) == (1.0, 0.0)
    assert score.details["other_noise"] < 0.9
    assert of in score.protocol
    assert "600 pairs" in score.protocol


def test_a_known_share_of_pixels():
    """B is right on 12 of 16 pixels and turned round on a row."""

    def second(noise):
        made = -images(noise)
        made[:, :, 0] = -made[:, :, 0]
        return made

    score = measured(function("a", images), function("b", second), of="negative")
    assert score.value == pytest.approx(0.75)
    assert score.details["other_noise"] == pytest.approx(0.5, abs=0.02)


def test_edges_are_a_dilation_without_the_image():
    image = -torch.ones(1, 1, 5, 5)
    image[0, 0, 2, 2] = 1
    expected = -torch.ones(5, 5)
    expected[1:4, 1:4] = 1
    expected[2, 2] = -1
    assert torch.equal(counterpart(image, "edges")[0, 0], expected)
    assert torch.equal(counterpart(image, "negative"), -image)


def test_what_cannot_be_measured():
    first, second = function("a", images), function("b", images)
    with pytest.raises(Unsupported, match="say -s pair-agreement.of=edges or negative"):
        measured(first, second)
    with pytest.raises(Unsupported, match="needs a graph that generates and gives b"):
        measured(first, function("c", images), of="edges")
    with pytest.raises(Unsupported, match="needs two graphs of one noise vector"):
        measured(first, function("b", images, (Latent(length=16, name="other"),)), of="edges")
    with pytest.raises(Unsupported, match="needs images of A and B of one shape"):
        measured(first, function("b", lambda noise: noise.view(-1, 1, 2, 8)), of="edges")
    with pytest.raises(UsageError, match="option pairs: 1 is below 2"):
        PairAgreement(pairs=1)
