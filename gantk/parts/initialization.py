"""Weight initializations that several papers share."""

from typing import TypeVar

from torch import nn

AnyModule = TypeVar("AnyModule", bound=nn.Module)


def initialize_normal(network: AnyModule, std: float = 0.02) -> AnyModule:
    """Draw a network's weights from N(0, std), its norms' scales from N(1, std); biases become zero.

    Source: Radford et al. 2015 (arXiv:1511.06434), section 4, as used by pix2pix and CycleGAN.
    """
    for module in network.modules():
        weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
        if isinstance(module, nn.modules.conv._ConvNd | nn.Linear):
            # A parametrized weight (spectral norm) keeps its own tensor under another name.
            parametrized = getattr(module, "parametrizations", None)
            nn.init.normal_(parametrized.weight.original if parametrized is not None else weight, 0.0, std)  # type: ignore[arg-type]
            if parametrized is not None:
                # Spectral norm learns the new weight's singular vectors a little at each computation in training.
                for _ in range(15):
                    parametrized.weight()
        elif isinstance(module, nn.modules.batchnorm._NormBase) and weight is not None:
            nn.init.normal_(weight, 1.0, std)
        else:
            continue
        if bias is not None:
            nn.init.zeros_(bias)
    return network
