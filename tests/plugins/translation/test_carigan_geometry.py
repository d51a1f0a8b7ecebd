"""CariGeoGAN's characteristic loss, in closed form, and the geometry as a training by itself."""

import pytest
import torch

from gantk.recipe.recipe import Recipe
from gantk_plugins.translation.carigan import CariGAN
from gantk_plugins.translation.carigan_geometry import Geometry, characteristic


@pytest.mark.parametrize(("factor", "expected"), [(0.5, 0.0), (3.0, 0.0), (-2.0, 2.0)])
def test_a_face_should_differ_as_the_photograph_does_however_far(factor, expected):
    mean, other = torch.randn(2, 6)
    given = mean + torch.randn(5, 6)
    made = other + factor * (given - mean)
    assert characteristic(given, made, mean, other).item() == pytest.approx(expected, abs=1e-5)


def test_at_right_angles_the_loss_is_one():
    given, made = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 0.3]])
    assert characteristic(given, made, torch.zeros(2), torch.zeros(2)).item() == pytest.approx(1)


def test_the_characteristic_loss_can_be_differentiated():
    given, made = torch.randn(2, 3, 4, dtype=torch.float64)
    mean = torch.zeros(4, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda one: characteristic(given, one, mean, mean + 0.1), made.requires_grad_())


def test_the_whole_recipe_is_the_geometry_and_a_stage_of_drawing():
    assert issubclass(CariGAN, Geometry)
    assert Geometry.stages is Recipe.stages
    assert CariGAN.stages is not Recipe.stages
