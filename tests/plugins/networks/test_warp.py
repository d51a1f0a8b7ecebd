"""Warps by landmarks: a spline passes through its points, and no move is no warp."""

import pytest
import torch
from torch.nn.functional import interpolate

from gantk_plugins.networks.warp import _inverse, spline, warped

CORNERS = torch.tensor([[[-0.6, -0.5], [0.5, -0.6], [0.1, 0.7], [-0.4, 0.3], [0.6, 0.2]]])


def test_a_spline_passes_through_its_points():
    values = torch.randn(2, 5, 3)
    points = CORNERS.expand(2, -1, -1)
    torch.testing.assert_close(spline(points, points, values), values, atol=2e-3, rtol=1e-3)


def test_a_spline_of_a_plane_is_the_plane():
    def plane(at):
        return 0.3 - 0.5 * at[..., :1] + 2 * at[..., 1:]

    at = torch.rand(1, 20, 2) * 2 - 1
    torch.testing.assert_close(spline(at, CORNERS, plane(CORNERS)), plane(at), atol=1e-4, rtol=1e-4)


def test_a_bent_spline_is_the_solution_of_bookstein():
    """r^2 log r of the points, and a plane, by torch's own solver."""
    points, values = CORNERS[0].double(), torch.randn(5, 1, dtype=torch.float64)
    at = torch.rand(7, 2, dtype=torch.float64)

    def kernel(one, two):
        distance = torch.cdist(one, two)
        return torch.where(distance > 0, distance**2 * distance.clamp_min(1e-30).log(), 0)

    ones = torch.cat([torch.ones(5, 1), points], 1)
    system = torch.zeros(8, 8, dtype=torch.float64)
    system[:5, :5], system[:5, 5:], system[5:, :5] = kernel(points, points) + 1e-4 * torch.eye(5), ones, ones.T
    solved = torch.linalg.solve(system, torch.cat([values, torch.zeros(3, 1)]))
    expected = torch.cat([kernel(at, points), torch.ones(7, 1), at], 1) @ solved
    torch.testing.assert_close(spline(at[None], points[None], values[None])[0], expected)


def test_an_inverse():
    system = torch.randn(3, 20, 20) + 3 * torch.eye(20)
    torch.testing.assert_close(_inverse(system) @ system, torch.eye(20).expand(3, -1, -1), atol=1e-3, rtol=0)


def test_no_move_is_no_warp():
    images = torch.rand(2, 3, 9, 12)
    points = CORNERS.expand(2, -1, -1)
    torch.testing.assert_close(warped(images, points, points), images, atol=1e-5, rtol=0)


@pytest.mark.parametrize("move", [(0.25, 0.0), (0.0, -0.25)])
def test_what_is_at_a_landmark_comes_to_where_it_goes(move):
    """A bright square of 8 pixels around the middle moves by a quarter of half the image: 8 of 64 pixels."""
    images = torch.zeros(1, 1, 64, 64)
    images[:, :, 28:36, 28:36] = 1
    before = torch.tensor([[[x, y] for x in (-0.125, 0.125) for y in (-0.125, 0.125)]])
    after = before + torch.tensor(move)
    found = warped(images, before, after)
    right, down = (int(32 * part) for part in move)
    expected = images.roll((down, right), (2, 3))
    assert (found - expected).abs().mean() < 0.01
    assert found[0, 0, 32 + down, 32 + right] > 0.99


def test_a_warp_has_a_gradient_by_its_landmarks():
    images = interpolate(torch.rand(1, 1, 4, 4, dtype=torch.float64), size=(12, 12), mode="bicubic")
    before = CORNERS.double()
    after = (before + 0.013).requires_grad_()
    assert torch.autograd.gradcheck(lambda points: warped(images, before, points), after, eps=1e-7, atol=1e-3)
