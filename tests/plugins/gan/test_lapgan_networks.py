"""LAPGAN's pyramid: what is taken apart comes together, and the sizes of the authors' networks."""

import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate

from gantk import DiscriminatorSpec, Network, Unsupported, UsageError
from gantk_plugins.gan.lapgan_networks import (
    CoarsestGenerator,
    DetailGenerator,
    LabelPlane,
    Pyramid,
    doubled,
    halved,
    parted,
    sides_of,
)


def test_a_coarse_image_and_what_it_lacks_are_the_image():
    image = torch.rand(2, 3, 12, 12, dtype=torch.float64) * 2 - 1
    coarse, details = parted(image)
    torch.testing.assert_close(coarse + details, image, rtol=0, atol=1e-15)
    torch.testing.assert_close(coarse, doubled(halved(image)))


def test_an_image_of_one_colour_lacks_nothing():
    coarse, details = parted(torch.full((1, 3, 8, 8), 0.25))
    assert torch.equal(coarse, torch.full((1, 3, 8, 8), 0.25))
    assert details.abs().max() == 0


def test_pixels_are_halved_by_means_and_doubled_between_neighbours():
    image = torch.tensor([[[[0.0, 2, 4, 4], [2, 4, 4, 4]]]])
    assert torch.equal(halved(image), torch.tensor([[[[2.0, 4]]]]))
    assert torch.equal(doubled(torch.tensor([[[[0.0, 4]]]])), torch.tensor([[[[0.0, 1, 3, 4]] * 2]]))


@pytest.mark.parametrize(
    ("size", "least", "sides"),
    [(32, 7, [8, 16, 32]), (28, 7, [7, 14, 28]), (64, 16, [16, 32, 64]), (30, 7, [15, 30]), (27, 7, [27])],
)
def test_levels(size, least, sides):
    assert sides_of(size, least) == sides


def still(network):
    for parameter in network.layers[-1].parameters():
        nn.init.zeros_(parameter)
    return network


@pytest.mark.parametrize("labelled", [False, True])
def test_generators_that_add_nothing_enlarge_again_and_again(labelled):
    classes = 3 if labelled else None
    label = (torch.tensor([0, 2]),) if labelled else ()
    levels = [CoarsestGenerator(5, 2, 4, 6, classes), *(still(DetailGenerator(2, s, 4, classes)) for s in (8, 16))]
    noise = [torch.randn(2, 5), torch.randn(2, 1, 8, 8), torch.randn(2, 1, 16, 16)]
    image = Pyramid([Network(level, "generator") for level in levels])(*noise, *label)
    torch.testing.assert_close(image, doubled(doubled(levels[0](noise[0], *label))))


def test_a_pyramid_adds_details_to_what_it_enlarges():
    torch.manual_seed(0)
    coarsest, finer = CoarsestGenerator(5, 1, 4, 6, None), DetailGenerator(1, 8, 4, None)
    noise, plane = torch.randn(2, 5), torch.randn(2, 1, 8, 8)
    coarse = doubled(coarsest(noise))
    expected = (coarse + finer(plane, coarse)).clamp(-1, 1)
    assert torch.equal(Pyramid([Network(coarsest, "g"), Network(finer, "g")])(noise, plane), expected)
    assert not torch.allclose(expected, coarse)
    loud = Pyramid([Network(Coarse(3.0), "g")])
    assert torch.equal(loud(noise), torch.ones(2, 1, 2, 2))


class Coarse(nn.Module):
    """Gives images of one value."""

    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, noise):
        return torch.full((len(noise), 1, 2, 2), self.value)


def layers_of(network, kind):
    return [tuple(layer.weight.shape) for layer in network.modules() if isinstance(layer, kind)]


def test_the_authors_networks_for_cifar(factory, make_build):
    """Five planes go in: noise, the label, and the three channels of the coarse image."""
    fine = DetailGenerator(3, 32, 64, 10)
    assert layers_of(fine, nn.Conv2d) == [(64, 5, 7, 7), (64, 64, 7, 7), (3, 64, 5, 5)]
    assert layers_of(fine, nn.Linear) == [(1024, 10)]
    coarsest = CoarsestGenerator(100, 3, 8, 1200, 10)
    assert layers_of(coarsest, nn.Linear) == [(1200, 110), (1200, 1200), (192, 1200)]
    build, made = make_build(normalization=("none", "none")), factory("lapgan", "discriminator")
    judge = made(DiscriminatorSpec(channels=3, condition_channels=3, classes=10, size=32), build)
    assert layers_of(judge, nn.Conv2d) == [(64, 4, 5, 5), (64, 64, 5, 5)]
    assert layers_of(judge, nn.Linear) == [(1024, 10), (1, 64 * 16 * 16)]
    assert [layer.p for layer in judge.modules() if isinstance(layer, nn.Dropout)] == [0.5]
    dense = made(DiscriminatorSpec(channels=3, classes=10, size=8), build)
    assert layers_of(dense, nn.Linear) == [(600, 202), (600, 600), (1, 600)]


def test_a_discriminator_judges_the_sum(factory, make_build):
    spec = DiscriminatorSpec(channels=2, condition_channels=2, size=6)
    network = factory("lapgan", "discriminator")(spec, make_build(normalization=("none", "none")), filters=4).eval()
    details, coarse = torch.randn(3, 2, 6, 6), torch.randn(3, 2, 6, 6)
    assert network(details, coarse).shape == (3, 1)
    torch.testing.assert_close(network(details, coarse), network(details + coarse, torch.zeros_like(coarse)))


def test_a_label_is_a_plane_that_is_never_negative():
    plane = LabelPlane(3, 4)
    seen = plane(torch.tensor([0, 2]))
    assert seen.shape == (2, 1, 4, 4)
    expected = (plane.layer.weight[:, [0, 2]].T + plane.layer.bias).clamp(min=0).reshape(2, 1, 4, 4)
    torch.testing.assert_close(seen, expected)


@pytest.mark.parametrize(
    ("spec", "options", "reason"),
    [
        (DiscriminatorSpec(channels=3, condition_channels=1, size=8), {}, "both need the same channels"),
        (DiscriminatorSpec(channels=3, vector=2, size=8), {}, "under vectors"),
        (DiscriminatorSpec(channels=3, size=8), {"dropout": 1.0}, "dropout < 1, not 64, 600, 1.0"),
    ],
)
def test_what_cannot_be_is_said(spec, options, reason, factory, make_build):
    with pytest.raises((Unsupported, UsageError), match=reason):
        factory("lapgan", "discriminator")(spec, make_build(normalization=("none", "none")), **options)


def test_enlarging_keeps_edges():
    image = torch.rand(1, 1, 5, 5)
    torch.testing.assert_close(
        doubled(image), interpolate(image, size=(10, 10), mode="bilinear", align_corners=False, antialias=False)
    )
