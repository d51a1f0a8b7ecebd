"""The normalizations against hand computation."""

import pytest
import torch
from torch import nn

from gantk import Unsupported, initialize_normal

X = torch.rand(3, 4, 5, 6, dtype=torch.float64)


def standardized(x, dims):
    variance, mean = torch.var_mean(x, dims, correction=0, keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt()


@pytest.mark.parametrize(("name", "dims"), [("instance", (2, 3)), ("batch", (0, 2, 3)), ("layer", (1, 2, 3))])
def test_activation(name, dims, factory):
    norm = factory(name, "normalization")().activation(4).double()
    assert torch.allclose(norm(X), standardized(X, dims))


@pytest.mark.parametrize("name", ["batch", "layer"])
def test_each_channel_has_a_learned_scale_and_shift(name, factory):
    norm = factory(name, "normalization")().activation(4).double()
    plain = norm(X)
    nn.init.constant_(norm.weight, 2.0)
    with torch.no_grad():
        norm.bias.copy_(torch.arange(4))
    assert torch.allclose(norm(X), 2 * plain + torch.arange(4.0, dtype=torch.float64).view(1, 4, 1, 1))
    assert sum(p.numel() for p in norm.parameters()) == 8


def test_instance_learns_nothing_and_keeps_no_running_statistics(factory):
    assert not factory("instance", "normalization")().activation(4).state_dict()


@pytest.mark.parametrize(
    ("name", "shifts", "mixes"),
    [
        ("instance", False, False),
        ("batch", True, True),
        ("layer", True, False),
        ("spectral", False, False),
        ("none", False, False),
    ],
)
def test_what_each_says_of_itself(name, shifts, mixes, factory):
    normalization = factory(name, "normalization")()
    assert (normalization.shifts, normalization.mixes_samples) == (shifts, mixes)
    norm = normalization.activation(4)
    assert (getattr(norm, "bias", None) is not None) is shifts
    alone, together = norm(X.float()[:1]), norm(X.float())[:1]
    assert torch.allclose(alone, together, atol=1e-6) is not mixes


@pytest.mark.parametrize("name", ["instance", "layer", "spectral", "none"])
def test_a_conditioning_vector_is_refused(name, factory):
    with pytest.raises(Unsupported, match="no conditioning vector"):
        factory(name, "normalization")().activation(4, condition=10)


def test_a_condition_scales_and_shifts_batch_norm(factory):
    norm = factory("batch", "normalization")().activation(2, condition=3).double()
    x, condition = torch.rand(4, 2, 3, 3, dtype=torch.float64), torch.eye(3, dtype=torch.float64)[[0, 2, 1, 0]]
    plain = nn.BatchNorm2d(2, affine=False).double()(x)
    assert torch.equal(norm(x, condition), plain)
    changes = torch.rand(4, 3, dtype=torch.float64)  # of each class: two scales, then two shifts
    with torch.no_grad():
        norm.changes.weight.copy_(changes)
    for sample, label in enumerate([0, 2, 1, 0]):
        scale, shift = changes[:2, label].view(2, 1, 1), changes[2:, label].view(2, 1, 1)
        torch.testing.assert_close(norm(x, condition)[sample], plain[sample] * (1 + scale) + shift)


@pytest.mark.parametrize("layer", [nn.Conv2d(3, 8, 3), nn.ConvTranspose2d(8, 3, 4), nn.Linear(6, 5)])
def test_spectral_weight_has_norm_one(layer, factory):
    plain = layer.weight.detach().clone()
    normalized = factory("spectral", "normalization")().weight(layer)
    for _ in range(100):
        normalized.weight  # noqa: B018 (each reading in training is a power iteration)
    matrix = plain.transpose(0, 1) if isinstance(layer, nn.ConvTranspose2d) else plain
    largest = torch.linalg.matrix_norm(matrix.flatten(1), 2)
    assert torch.allclose(normalized.weight, plain / largest, rtol=1e-3)


def test_spectral_weight_survives_initialization(factory):
    layer = initialize_normal(factory("spectral", "normalization")().weight(nn.Conv2d(16, 32, 4))).eval()
    assert 0.9 < torch.linalg.matrix_norm(layer.weight.flatten(1), 2) < 1.2


@pytest.mark.parametrize("name", ["instance", "batch", "layer", "none"])
def test_the_others_leave_weights_alone(name, factory):
    layer = nn.Conv2d(3, 8, 3)
    assert factory(name, "normalization")().weight(layer) is layer
    assert not hasattr(layer, "parametrizations")


@pytest.mark.parametrize("name", ["spectral", "none"])
def test_activations_left_alone(name, factory):
    assert factory(name, "normalization")().activation(4)(X) is X


@pytest.mark.parametrize("count", [1, 3])
def test_instance_keeps_channels_last_with_the_values_and_slopes_of_torchs_own(count, factory):
    slopes = torch.rand(count, 4, 5, 6, dtype=torch.float64)
    found = []
    for norm, layout in (
        (nn.InstanceNorm2d(4), torch.contiguous_format),
        (factory("instance", "normalization")().activation(4), torch.channels_last),
    ):
        x = X[:count].contiguous(memory_format=layout).requires_grad_()
        made = norm(x)
        assert made.is_contiguous(memory_format=layout)
        (slope,) = torch.autograd.grad((made * slopes).sum(), x, create_graph=True)
        (second,) = torch.autograd.grad(slope.pow(2).sum(), x)
        found.append((made, slope, second))
    for wanted, got in zip(*found, strict=True):
        assert torch.allclose(got, wanted)
