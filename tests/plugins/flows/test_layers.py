"""Layers of flows: each is inverted exactly, and stretches space as autograd's Jacobian says."""

import pytest
import torch

from gantk_plugins.flows import layers
from gantk_plugins.flows.layers import (
    ActNorm,
    Coupling,
    FlowStep,
    Hidden,
    Mixing,
    Order,
    ZeroConv,
    mixing,
    unit_inverse,
)

LAYERS = {
    "actnorm": lambda: ActNorm(4),
    "lu": lambda: Mixing(4),
    "shuffle": lambda: mixing("shuffle", 4),
    "reverse": lambda: mixing("reverse", 4),
    "affine": lambda: Coupling(4, 6, "affine"),
    "additive": lambda: Coupling(4, 6, "additive"),
    "step": lambda: FlowStep(4, 6, "affine", "lu"),
}


@pytest.fixture(params=LAYERS)
def layer(request):
    """Return a layer of random weights."""
    made = LAYERS[request.param]()
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(0.2 * torch.randn_like(weight))
    return made


@pytest.mark.parametrize(("dtype", "exact"), [(torch.float32, 1e-5), (torch.float64, 1e-10)])
def test_each_is_inverted(layer, dtype, exact):
    x = torch.randn(3, 4, 5, 6, dtype=dtype)
    layer = layer.to(dtype)
    made, _ = layer(x)
    assert (layer.reverse(made) - x).abs().max() < exact


def test_each_stretches_as_the_jacobian_says(layer):
    layer, x = layer.double(), torch.randn(2, 4, 2, 3, dtype=torch.float64)
    _, stretch = layer(x)
    for row in range(2):
        jacobian = torch.autograd.functional.jacobian(lambda one: layer(one)[0], x[row : row + 1]).reshape(24, 24)
        torch.testing.assert_close(stretch[row], torch.linalg.slogdet(jacobian).logabsdet)


def test_actnorm_begins_by_the_first_batch():
    norm, x = ActNorm(3), torch.randn(8, 3, 4, 4) * torch.tensor([1.0, 5, 0.1])[:, None, None] + 2
    norm.begins = True
    made, _ = norm(x)
    torch.testing.assert_close(made.mean((0, 2, 3)), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(made.std((0, 2, 3), unbiased=False), torch.ones(3), atol=1e-4, rtol=0)
    norm.begins = False
    torch.testing.assert_close(norm(x + 1)[0], made + (-3 * -norm.scale).exp(), atol=1e-4, rtol=1e-4)


def test_the_mixture_begins_as_a_rotation():
    layer = Mixing(6)
    columns = layer(torch.eye(6)[:, :, None, None])[0][:, :, 0, 0]
    torch.testing.assert_close(columns @ columns.T, torch.eye(6), atol=1e-5, rtol=0)
    assert layer(torch.randn(1, 6, 3, 3))[1].item() == pytest.approx(0, abs=1e-4)


def test_orders_are_channels_turned_or_shuffled():
    x = torch.randn(1, 5, 1, 1)
    assert torch.equal(mixing("reverse", 5)(x)[0], x.flip(1))
    assert isinstance(mixing("shuffle", 5), Order)


def test_an_affine_coupling_begins_by_halving_a_little():
    x = torch.randn(2, 4, 3, 3)
    made, stretch = Coupling(4, 6, "affine")(x)
    torch.testing.assert_close(made[:, :2], x[:, :2])
    torch.testing.assert_close(made[:, 2:], x[:, 2:] * torch.tensor(2.0).sigmoid())
    torch.testing.assert_close(stretch, torch.full((2,), -0.12693 * 18), atol=1e-3, rtol=0)
    assert torch.equal(Coupling(4, 6, "additive")(x)[0], x)


@pytest.mark.parametrize("upper", [False, True])
def test_the_exported_inverse_is_the_solved_one(upper, monkeypatch):
    below = torch.randn(13, 13, dtype=torch.float64)
    below = 0.5 * (below.triu(1) if upper else below.tril(-1))
    solved = unit_inverse(below, upper=upper)
    monkeypatch.setattr(layers.torch.compiler, "is_exporting", lambda: True)
    torch.testing.assert_close(unit_inverse(below, upper=upper), solved)


def test_the_last_convolution_of_a_coupling_begins_at_zero_and_others_are_normal():
    assert not ZeroConv(3, 4)(torch.randn(1, 3, 4, 4)).any()
    assert Hidden(16, 64, 3).layer.weight.std().item() == pytest.approx(0.05, rel=0.1)
