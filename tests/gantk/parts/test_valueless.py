"""Networks without values: what is not computed, and what is made all the same."""

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.overrides import TorchFunctionMode

from gantk.parts.initialization import initialize_normal
from gantk.parts.valueless import without_values


class Writes(TorchFunctionMode):
    """Counts calls whose result goes into a tensor that is there."""

    count = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.count += (kwargs or {}).get("out") is not None
        return func(*args, **(kwargs or {}))


class Calls(TorchFunctionMode):
    """Collects the names of what is called."""

    def __init__(self):
        super().__init__()
        self.names = set()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.names.add(func.__name__)
        return func(*args, **(kwargs or {}))


def test_shapes_are_those_of_networks_with_values():
    def made():
        return nn.Sequential(spectral_norm(nn.Conv2d(3, 8, 3)), nn.BatchNorm2d(8), nn.Linear(4, 2))

    with without_values():
        network = made()
    assert all(value.is_meta for value in network.state_dict().values())
    assert {name: value.shape for name, value in network.state_dict().items()} == {
        name: value.shape for name, value in made().state_dict().items()
    }


def test_no_power_iteration_of_a_spectral_norm_is_written():
    writes = Writes()
    with writes, without_values():
        spectral_norm(nn.Linear(64, 64))
    assert writes.count == 0


def test_nothing_of_a_spectral_norm_is_worked_out():
    """Torch would work out products without values in Python: seconds, for a network with many such layers."""
    calls = Calls()
    with calls, without_values():
        made = initialize_normal(nn.Sequential(spectral_norm(nn.Linear(64, 32)), nn.ReLU()))
        assert made(torch.ones(2, 64)).shape == (2, 32)
    assert "linear" in calls.names
    assert calls.names.isdisjoint({"mv", "vdot", "normalize"})
    assert made[0].parametrizations.weight[0]._v.shape == (64,)


def test_an_empty_tensor_takes_the_shape_of_what_is_written():
    with without_values():
        written = torch.empty(0)
        torch.add(torch.ones(2, 3), 1, out=written)
    assert written.shape == (2, 3)


def test_what_is_frozen_is_frozen():
    with without_values():
        layer = nn.Linear(4, 2).requires_grad_(False)
    assert not any(parameter.requires_grad for parameter in layer.parameters())
    assert layer.requires_grad_().weight.requires_grad
