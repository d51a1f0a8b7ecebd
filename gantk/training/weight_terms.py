"""What is added to a player's losses for its weights alone: its gradient follows from them, and from no batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvTransposeNd
from torch.nn.utils import parametrize

from gantk.parts.networks import Generator


@dataclass
class HistoricalAverage:
    """weight * ||theta - (1/t) sum of theta[i]||^2, i from 1 to t (Salimans et al. 2016, arXiv:1606.03498, sec. 3.3).

    theta[i] is what a player's parameters were before its i-th move, the present ones the last of them. The mean is
    updated at each move; of a parameter that a move's losses do not reach, nothing changes.

    Attributes:
        means: the mean of each parameter that has moved.
        moves: over how many moves it is one.
    """

    weight: float
    means: dict[nn.Parameter, Tensor] = field(default_factory=dict)
    moves: dict[nn.Parameter, int] = field(default_factory=dict)

    def add(self, parameters: Sequence[nn.Parameter]) -> Tensor:
        """Add the term's gradient to those that parameters have; return its value."""
        value = torch.zeros((), device=parameters[0].device)
        for parameter in parameters:
            if parameter.grad is None:
                continue
            self.moves[parameter] = self.moves.get(parameter, 0) + 1
            mean = self.means.setdefault(parameter, parameter.detach().clone())
            mean += (parameter - mean) / self.moves[parameter]
            away = parameter - mean
            parameter.grad.add_(away, alpha=2 * self.weight)
            value += self.weight * away.square().sum()
        return value


@dataclass(frozen=True)
class Orthogonal:
    """weight * ||W W^T o (1 - I)||_F^2 of each weight W (Brock et al. 2018, arXiv:1809.11096, equation 3).

    The rows of W are a layer's filters, which shall be orthogonal, of any length; the paper has them as columns, W^T W.
    The gradient is the whole one, 4 (W W^T o (1 - I)) W. Embeddings are left out, and biases and gains.

    Attributes:
        weights: the weights of generators among the player's networks, and whether each is a transposed convolution's,
            whose filters stand on the second axis.
    """

    weight: float
    weights: tuple[tuple[nn.Parameter, bool], ...]

    def add(self, parameters: Sequence[nn.Parameter]) -> Tensor:
        """Add the term's gradient to those that parameters have; return its value."""
        value = torch.zeros((), device=parameters[0].device)
        for parameter, transposed in self.weights:
            if parameter.grad is None:
                continue
            turned = parameter.transpose(0, 1) if transposed else parameter
            w = turned.flatten(1)
            lengths = w.square().sum(1)
            # Of the two products of W and itself the smaller one serves.
            gram = w @ w.T if len(w) <= w.shape[1] else w.T @ w
            value += self.weight * (gram.square().sum() - lengths.square().sum())
            projected = gram @ w if len(w) <= w.shape[1] else w @ gram
            gradient = (projected - lengths[:, None] * w).reshape(turned.shape)
            parameter.grad.add_(gradient.transpose(0, 1) if transposed else gradient, alpha=4 * self.weight)
        return value


WeightTerm = HistoricalAverage | Orthogonal


def generators_weights(networks: Sequence[nn.Module]) -> tuple[tuple[nn.Parameter, bool], ...]:
    """Return the weights of the generators among networks, and whether each is a transposed convolution's."""
    found: dict[nn.Parameter, bool] = {}
    for network in networks:
        for generator in network.modules():
            if isinstance(generator, Generator):
                found.update(_weights(generator))
    return tuple(found.items())


def _weights(network: nn.Module) -> Iterator[tuple[nn.Parameter, bool]]:
    for module in network.modules():
        if isinstance(module, nn.Embedding | nn.EmbeddingBag | parametrize.ParametrizationList):
            continue
        own: list[Any] = list(module.parameters(recurse=False))
        if parametrize.is_parametrized(module):
            own += [parametrization.original for parametrization in module.parametrizations.children()]  # type: ignore[union-attr]
        for parameter in own:
            if isinstance(parameter, nn.Parameter) and parameter.dim() > 1 and parameter.requires_grad:
                yield parameter, isinstance(module, _ConvTransposeNd)
