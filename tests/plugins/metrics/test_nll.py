"""The negative log-likelihood of held-out images, of functions whose own is known."""

import math

import pytest
import torch

from gantk import Latent, Scalar, Unsupported, UsageError, Vector
from gantk_plugins.metrics.nll import NegativeLogLikelihood

IMAGES = {"image": torch.rand(150, 1, 2, 2) * 2 - 1}


def measured(subject, made, **options):
    return NegativeLogLikelihood(**options).measure(subject(made, test=IMAGES))


def test_nats_become_bits_per_dimension(subject, graph):
    eight = graph("score", ("image",), (Vector(name="nats"),), lambda x: torch.full((len(x),), 4 * math.log(256)))
    nats, bits = measured(subject, eight)
    assert (nats.name, nats.unit, bits.name) == ("nll", "nats", "bits_per_dimension")
    assert nats.value == pytest.approx(4 * math.log(256))
    assert bits.value == pytest.approx(8)
    assert (nats.error, bits.error) == pytest.approx((0, 0), abs=1e-6)
    assert bits.protocol == "-log p of 150 held-out images; exact; nats over 4 numbers and ln 2"


def test_the_error_is_that_of_a_mean(subject, graph):
    held = graph("score", ("image",), (Vector(name="nats"),), lambda x: x[:, 0, 0, 0])
    nats, _ = measured(subject, held)
    first = IMAGES["image"][:, 0, 0, 0].double()
    assert nats.value == pytest.approx(first.mean().item())
    assert nats.error == pytest.approx(first.std().item() / math.sqrt(150))


def test_a_bound_says_what_it_draws(subject, graph):
    ports = (
        Latent(name="importance", shape=(7, 3)),
        Latent(name="dequantization", shape=(1, 2, 2), distribution="uniform"),
        Latent(name="binarization", shape=(1, 2, 2), distribution="uniform"),
        Latent(name="eps", length=1),
    )
    seen = []

    def bound(x, *drawn):
        seen.append(drawn)
        return torch.zeros(len(x)), torch.ones(len(x))

    outputs = (Vector(name="other"), Vector(name="nats_bound"))
    nats, _ = measured(subject, graph("score", ("image", *ports), outputs, bound), images=120)
    assert nats.value == 1
    assert nats.details["bound"] == "upper"
    for text in (
        "120 held-out",
        "7 importance samples",
        "256 levels",
        "pixels on or off",
        "eps drawn",
        "an upper bound",
    ):
        assert text in nats.protocol
    assert [len(drawn[0]) for drawn in seen] == [100, 20]
    assert torch.equal(torch.cat([drawn[0] for drawn in seen]), ports[0].fixed(120))


def test_what_states_no_likelihood_is_refused(subject, graph):
    with pytest.raises(Unsupported, match="needs a graph that scores and gives nats_bound"):
        measured(subject, graph("score", ("image",), (Vector(name="score"),), lambda x: x[:, 0, 0, 0]))
    asks = graph("score", ("image", Scalar(name="s", default=1)), (Vector(name="nats"),), lambda x, s: s)
    with pytest.raises(Unsupported, match="reads an image alone"):
        measured(subject, asks)


def test_too_few_images_have_no_error():
    with pytest.raises(UsageError, match=r"nll\.images must be at least 2, not 1"):
        NegativeLogLikelihood(images=1)
