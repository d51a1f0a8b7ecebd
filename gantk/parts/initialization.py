"""First weights that papers share."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from torch import Tensor, nn

AnyModule = TypeVar("AnyModule", bound=nn.Module)


def initialize_normal(network: AnyModule, std: float = 0.02) -> AnyModule:
    """Draw a network's weights from N(0, std), its norms' scales from N(1, std); biases become zero.

    Layers that `initialize_he` has drawn stay as they are.

    Source: Radford et al. 2015 (arXiv:1511.06434), section 4, as used by pix2pix and CycleGAN.
    """
    for module in _undrawn(network):
        if isinstance(module, nn.modules.batchnorm._NormBase):
            nn.init.normal_(module.weight, 1.0, std)
        else:
            _draw(module, lambda weight: nn.init.normal_(weight, 0.0, std))
        if isinstance(module.bias, Tensor):
            nn.init.zeros_(module.bias)
    return network


def initialize_he(network: AnyModule) -> AnyModule:
    """Draw a network's weights from N(0, sqrt(2 / n)), n being the inputs of a unit; biases become zero.

    This suits ReLUs between layers without norms, which weights of one size for all layers do not: what a part draws
    so, a recipe's `initialize_normal` leaves as it is.

    Source: He et al. 2015 (arXiv:1502.01852), equation 10.
    """
    for module in _undrawn(network):
        if not isinstance(module, nn.modules.batchnorm._NormBase):
            _draw(module, lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"))
            if isinstance(module.bias, Tensor):
                nn.init.zeros_(module.bias)
            module.drawn_by_he = True  # type: ignore[assignment]
    return network


def _undrawn(network: nn.Module) -> Iterator[nn.Module]:
    """Yield the convolutions, linear layers and norms with weights that are drawn by nobody."""
    for module in network.modules():
        norm = isinstance(module, nn.modules.batchnorm._NormBase) and module.weight is not None
        layer = isinstance(module, nn.modules.conv._ConvNd | nn.Linear)
        if (norm or layer) and not getattr(module, "drawn_by_he", False):
            yield module


def _draw(layer: nn.Module, weights: Callable[[Tensor], Tensor]) -> None:
    # A parametrized weight (spectral norm) keeps its own tensor under another name.
    parametrized = getattr(layer, "parametrizations", None)
    weight: Tensor = parametrized.weight.original if parametrized is not None else layer.weight  # type: ignore[assignment]
    weights(weight)
    if parametrized is not None and not weight.is_meta:
        # Spectral norm learns the new weight's singular vectors a little at each computation in training.
        for _ in range(15):
            parametrized.weight()
