"""Layers that can be inverted, and how they stretch space; no plugin by itself.

Each makes of a map (N, C, H, W) another of the same shape, and says log |det| of its Jacobian for each sample, (N,);
`reverse` leads back. They are those of Glow (Kingma and Dhariwal 2018, arXiv:1807.03039, table 1).
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

Coupled = Literal["affine", "additive"]
Mixed = Literal["lu", "shuffle", "reverse"]

FACTOR = 3.0
"""Logarithms of scales are learned as so many times the weight, the authors' way to learn them faster."""


class ActNorm(nn.Module):
    """A scale and a shift a channel, which begin so that the first batch has mean 0 and deviation 1 (section 3.1)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.scale = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.begins = False

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if self.begins:
            with torch.no_grad():
                deviation, mean = torch.std_mean(x, (0, 2, 3), keepdim=True, unbiased=False)
                self.shift.copy_(-mean)
                self.scale.copy_(-(deviation + 1e-6).log() / FACTOR)
        return (x + self.shift) * (FACTOR * self.scale).exp(), self.stretch(x)

    def reverse(self, x: Tensor) -> Tensor:
        """Return what becomes x."""
        return x * (-FACTOR * self.scale).exp() - self.shift

    def stretch(self, x: Tensor) -> Tensor:
        """Return log |det|: the sum over channels, at each pixel."""
        return (x.shape[2] * x.shape[3] * FACTOR * self.scale.sum()).expand(x.shape[0])


def unit_inverse(below: Tensor, *, upper: bool) -> Tensor:
    """Return the inverse of 1 + n, of a strictly lower or upper triangular matrix n (C, C).

    An exported graph holds products alone: with m = -n, all powers of which from C on are zero, it is
    (1 + m)(1 + m^2)(1 + m^4) ..., in float64.
    """
    one = torch.eye(len(below), dtype=below.dtype, device=below.device)
    if not torch.compiler.is_exporting():
        solved: Tensor = torch.linalg.solve_triangular(one + below, one, upper=upper, unitriangular=True)
        return solved
    power, one = -below.double(), one.double()
    inverse, exponent = one + power, 2
    while exponent < len(below):
        power = power @ power
        inverse, exponent = inverse @ (one + power), 2 * exponent
    return inverse.to(below.dtype)


class Mixing(nn.Module):
    """A 1x1 convolution, W = P L (U + diag(s)), which begins as a random rotation (section 3.2, equation 10)."""

    permutation: Tensor
    sign: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        rotation = torch.linalg.qr(torch.randn(channels, channels, dtype=torch.float64))[0]
        permutation, lower, upper = torch.linalg.lu(rotation)
        scale = upper.diagonal()
        self.register_buffer("permutation", permutation.float())
        self.register_buffer("sign", scale.sign().float())
        self.scale = nn.Parameter(scale.abs().log().float())
        self.lower = nn.Parameter(lower.tril(-1).float())
        self.upper = nn.Parameter(upper.triu(1).float())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        lower = self.lower.tril(-1) + torch.eye(len(self.lower), dtype=x.dtype, device=x.device)
        weight = self.permutation @ lower @ (self.upper.triu(1) + torch.diag(self.diagonal))
        stretch = (x.shape[2] * x.shape[3] * self.scale.sum()).expand(x.shape[0])
        return nn.functional.conv2d(x, weight[:, :, None, None]), stretch

    def reverse(self, x: Tensor) -> Tensor:
        """Return what becomes x."""
        inside = unit_inverse(self.upper.triu(1) / self.diagonal[:, None], upper=True) / self.diagonal[None]
        weight = inside @ unit_inverse(self.lower.tril(-1), upper=False) @ self.permutation.T
        return nn.functional.conv2d(x, weight[:, :, None, None])

    @property
    def diagonal(self) -> Tensor:
        """The s of the equation, (C,)."""
        return self.sign * self.scale.exp()


class Order(nn.Module):
    """Channels in another order, which stretches nothing: what the 1x1 convolution is held against (section 3.2)."""

    order: Tensor
    back: Tensor

    def __init__(self, order: Tensor) -> None:
        super().__init__()
        self.register_buffer("order", order)
        self.register_buffer("back", order.argsort())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x.index_select(1, self.order), torch.zeros_like(x[:, 0, 0, 0])

    def reverse(self, x: Tensor) -> Tensor:
        """Return what becomes x."""
        return x.index_select(1, self.back)


def mixing(kind: Mixed, channels: int) -> Mixing | Order:
    """Return what mixes channels before a coupling."""
    if kind == "lu":
        return Mixing(channels)
    return Order(torch.randperm(channels) if kind == "shuffle" else torch.arange(channels).flip(0))


class ZeroConv(nn.Conv2d):
    """A 3x3 convolution that begins at zero, whose outputs have a learned scale (section 3.3)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1)
        self.scale = nn.Parameter(torch.zeros(1, outputs, 1, 1))
        nn.init.zeros_(self.weight)
        assert self.bias is not None
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * (FACTOR * self.scale).exp()


class Hidden(nn.Module):
    """A convolution without bias, N(0, 0.05) at first, an ActNorm and ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        nn.init.normal_(self.layer.weight, std=0.05)
        self.norm = ActNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        answer: Tensor = self.norm(self.layer(x))[0].relu()
        return answer


class Coupling(nn.Module):
    """Changes one half of the channels by what the other half says (section 3.3).

    An affine one gives (x + shift) * sigmoid(scale + 2), as the authors' code has it; an additive one x + shift.
    """

    def __init__(self, channels: int, width: int, kind: Coupled) -> None:
        super().__init__()
        self.kind = kind
        told = channels if kind == "affine" else channels // 2
        self.told = nn.Sequential(Hidden(channels // 2, width, 3), Hidden(width, width, 1), ZeroConv(width, told))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        left, right = x.chunk(2, 1)
        shift, scale = self.change(left)
        return torch.cat([left, (right + shift) * scale.exp()], 1), scale.flatten(1).sum(1)

    def reverse(self, x: Tensor) -> Tensor:
        """Return what becomes x."""
        left, right = x.chunk(2, 1)
        shift, scale = self.change(left)
        return torch.cat([left, right * (-scale).exp() - shift], 1)

    def change(self, left: Tensor) -> tuple[Tensor, Tensor]:
        """Return the shift of the other half, and the logarithm of its scale."""
        told = self.told(left)
        if self.kind == "additive":
            return told, torch.zeros_like(told)
        return told[:, 0::2], nn.functional.logsigmoid(told[:, 1::2] + 2)


class FlowStep(nn.Module):
    """An ActNorm, a mixture of channels, and a coupling (figure 2a)."""

    def __init__(self, channels: int, width: int, coupled: Coupled, mixed: Mixed) -> None:
        super().__init__()
        self.layers = nn.ModuleList([ActNorm(channels), mixing(mixed, channels), Coupling(channels, width, coupled)])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        total = torch.zeros_like(x[:, 0, 0, 0])
        for layer in self.layers:
            x, stretch = layer(x)
            total = total + stretch
        return x, total

    def reverse(self, x: Tensor) -> Tensor:
        """Return what becomes x."""
        for layer in reversed(self.layers):
            x = layer.reverse(x)  # type: ignore[operator]
        return x
