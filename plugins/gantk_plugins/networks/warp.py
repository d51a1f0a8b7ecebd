"""Warps of images by landmarks, by thin-plate splines (Bookstein 1989); no plugin by itself.

The spline is the smoothest map of the plane that takes one set of points to another. Its coefficients solve a linear
system, which ONNX has no operator for: here the inverse is found by Newton's iteration (Schulz 1933), a chain of matrix
products whose error is squared at each.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, pad

ITERATIONS = 40
"""Enough where the largest and the smallest singular value of the system are in a proportion of up to 10^5."""

STIFFNESS = 1e-4
"""What is added to the system's diagonal: landmarks that nearly meet may be missed by a fraction of a pixel."""


def spline(at: Tensor, points: Tensor, values: Tensor) -> Tensor:
    """Return the thin-plate spline that has `values` at `points`, at other places.

    Args:
        at: places (N, M, 2).
        points: where the values are known (N, L, 2), coordinates of about [-1, 1].
        values: (N, L, D).

    Returns: values (N, M, D).
    """
    count = points.shape[1]
    near = _radial(points, points) + STIFFNESS * torch.eye(count, device=points.device, dtype=points.dtype)
    plane = _affine(points)
    system = torch.cat([torch.cat([near, plane], 2), pad(plane.transpose(1, 2), (0, 3))], 1)
    coefficients = _inverse(system) @ pad(values, (0, 0, 0, 3))
    return torch.cat([_radial(at, points), _affine(at)], 2) @ coefficients


def warped(images: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """Return images (N, C, H, W) warped so that what is at landmarks `before` comes to `after`, both (N, L, 2).

    The edges of the image, at -1 and 1, stay where they are.
    """
    height, width = images.shape[2:]
    y, x = (
        torch.linspace(-1 + 1 / side, 1 - 1 / side, side, device=images.device, dtype=images.dtype)
        for side in (height, width)
    )
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).reshape(1, -1, 2).expand(len(images), -1, -1)
    edge = torch.tensor([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if x or y], device=images.device).to(images)
    edges = edge.expand(len(images), -1, -1)
    # In single precision, what rounding leaves of the system's solution can be seen. Apple's devices have no other.
    exact = images.dtype if images.device.type == "mps" else torch.float64
    points, moves = torch.cat([after, edges], 1), pad(before - after, (0, 0, 0, len(edge)))
    moved = spline(grid.to(exact), points.to(exact), moves.to(exact))
    places = (grid + moved.to(images.dtype)).reshape(-1, height, width, 2)
    return grid_sample(images, places, mode="bilinear", padding_mode="border", align_corners=False)


def _radial(at: Tensor, points: Tensor) -> Tensor:
    """Return r^2 log r of each place's distance r to each point, (N, M, L)."""
    squared = (at[:, :, None] - points[:, None]).square().sum(3)
    # A sum with so small a number would be left out of an export as a sum with nothing.
    return 0.5 * squared * squared.clamp_min(1e-12).log()


def _affine(at: Tensor) -> Tensor:
    return torch.cat([torch.ones_like(at[:, :, :1]), at], 2)


def _inverse(system: Tensor) -> Tensor:
    """Return the inverses of square matrices (N, L, L)."""
    rows, columns = (system.abs().sum(axis).amax(1) for axis in (2, 1))
    found = system.transpose(1, 2) / (rows * columns).view(-1, 1, 1)
    twice = 2 * torch.eye(system.shape[1], device=system.device, dtype=system.dtype)
    for _ in range(ITERATIONS):
        found = found @ (twice - system @ found)
    return found
