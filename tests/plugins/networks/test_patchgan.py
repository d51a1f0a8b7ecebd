"""The PatchGAN discriminator: the reference's size, its receptive field, and what it refuses."""

import pytest
import torch
from torch import nn

from gantk import DiscriminatorSpec, Unsupported, UsageError


def spec(size=32, **asked):
    return DiscriminatorSpec(**{"channels": 3, "size": size} | asked)


@pytest.mark.parametrize(("condition", "norm", "parameters"), [(0, "instance", 2_764_737), (3, "batch", 2_768_705)])
def test_size_of_the_reference(condition, norm, parameters, make_build):
    with torch.device("meta"):
        network = make_build(normalization=("none", norm)).discriminator(spec(256, condition_channels=condition))
    assert sum(p.numel() for p in network.parameters()) == parameters


@pytest.mark.parametrize(
    ("options", "field"),
    [({}, 70), ({"layers": 1}, 16), ({"layers": 2}, 34), ({"layers": 4}, 142), ({"kind": "pixel"}, 1)],
)
def test_receptive_field(options, field, factory, make_build, averaging):
    build = make_build(normalization=("none", "none"))
    network = averaging(factory("patchgan", "discriminator")(spec(256), build, filters=1, **options))
    image = torch.ones(1, 3, 256, 256, dtype=torch.float64, requires_grad=True)
    scores = network(image)
    middle = scores.shape[2] // 2
    scores[0, 0, middle, middle].backward()
    seen = image.grad[0].sum(0).nonzero()
    assert (seen.max(0).values - seen.min(0).values + 1).tolist() == [field, field]


@pytest.mark.parametrize(("size", "scores"), [(24, 1), (32, 2), (33, 2), (70, 6), (256, 30)])
def test_number_of_scores(size, scores, make_build):
    network = make_build(discriminator_options={"filters": 2}).discriminator(spec(size))
    with torch.no_grad():
        assert network(torch.rand(1, 3, size, size)).shape == (1, 1, scores, scores)


def test_images_of_other_sizes_are_scored_where_that_is_asked(factory, make_build):
    network = make_build(discriminator_options={"filters": 2}).discriminator(spec(32, any_size=True))
    assert [network(torch.rand(1, 3, size, size)).shape[2] for size in (32, 64)] == [2, 6]
    with pytest.raises(Unsupported, match="scores images of one size"):
        factory("dcgan", "discriminator")(spec(16, any_size=True), make_build())


def test_the_pixel_kind_scores_every_pixel_of_any_size(factory, make_build):
    network = factory("patchgan", "discriminator")(spec(5), make_build(), filters=2, kind="pixel")
    assert network(torch.rand(2, 3, 5, 7)).shape == (2, 1, 5, 7)


@pytest.mark.parametrize("kind", ["condition_channels", "layout"])
def test_conditions_are_joined_to_the_image(factory, make_build, kind):
    network = factory("patchgan", "discriminator")(spec(**{kind: 2}), make_build(), filters=2)
    image, condition = torch.rand(2, 3, 32, 32), torch.rand(2, 2, 32, 32)
    assert network.stages[0][0].in_channels == 5
    assert not torch.equal(network(image, condition), network(image, 1 - condition))
    assert torch.equal(network(image, condition), network(torch.cat([condition, image], 1)))


def test_features_are_the_inner_activations(factory, make_build):
    network = factory("patchgan", "discriminator")(spec(features=True), make_build(), filters=2)
    image = torch.rand(1, 3, 32, 32)
    features = network.features(image)
    assert [tuple(feature.shape[1:]) for feature in features] == [(2, 16, 16), (4, 8, 8), (8, 4, 4), (16, 3, 3)]
    assert torch.equal(network.scores(features[-1]), network(image))


def test_the_first_and_last_layers_have_no_norm(factory, make_build):
    network = factory("patchgan", "discriminator")(spec(), make_build(normalization=("none", "batch")), filters=2)
    normed = [any(isinstance(layer, nn.BatchNorm2d) for layer in stage) for stage in network.stages]
    assert normed == [False, True, True, True]
    assert isinstance(network.scores, nn.Conv2d)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"classes": 10}, "under class labels"),
        ({"joint_latent": 8}, "latent vectors"),
        ({"output": "energies"}, "not energies"),
        ({"size": 23}, "at least 24 pixels to give a score, not 23"),
    ],
)
def test_what_it_cannot_do(asked, reason, make_build):
    with pytest.raises(Unsupported, match=reason):
        make_build().discriminator(spec(**asked))


@pytest.mark.parametrize("options", [{"filters": 0}, {"layers": -1}])
def test_wrong_options(options, factory, make_build):
    with pytest.raises(UsageError, match=r"filters >= 1 and layers >= 0"):
        factory("patchgan", "discriminator")(spec(), make_build(), **options)
