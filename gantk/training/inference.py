"""The form in which trained networks are run: what differs from training is made explicit."""

import copy
from typing import TypeVar

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own name for it)
from torch import Tensor, nn
from torch.nn.utils import parametrize

from gantk.parts.networks import Network
from gantk.recipe.graph import Inference

AnyModule = TypeVar("AnyModule", bound=nn.Module)


class ImageNorm(nn.Module):
    """Batch norm that reads each image's own statistics: at one image a batch, what it does in training.

    Takes and gives (N, C, H, W), where H * W must be more than 1; `weight` and `bias` (C,) are the trained layer's.
    """

    def __init__(self, layer: nn.BatchNorm2d) -> None:
        super().__init__()
        self.eps = layer.eps
        self.weight = layer.weight
        self.bias = layer.bias

    def forward(self, x: Tensor) -> Tensor:
        return F.instance_norm(x, weight=self.weight, bias=self.bias, use_input_stats=True, eps=self.eps)


def inference_form(module: AnyModule, inference: Inference) -> AnyModule:
    """Return a copy of a trained module that computes as it is meant to once trained.

    It is in evaluation mode and float32, not compiled, without autocast, gradients or parametrizations (a spectrally
    normalized weight is a plain one). Batch norm keeps its running averages or, with `statistics="image"` and wherever
    it keeps none, becomes `ImageNorm`.
    """
    form = plain_copy(module).eval()
    for part in form.modules():
        _without_parametrizations(part)
    return _with_image_statistics(form, inference)


def plain_copy(module: AnyModule) -> AnyModule:
    """Return a copy that computes in float32, not compiled, without gradients, and else as the module does."""
    copied = copy.deepcopy(module).float().requires_grad_(False)
    for part in copied.modules():
        if isinstance(part, Network):
            part.autocast = None
    return copied


def _without_parametrizations(part: nn.Module) -> None:
    if not parametrize.is_parametrized(part):
        return
    # A copy has the trained module's class, from which torch would delete the property that computes its weight.
    own = type(part)
    part.__class__ = type(own.__name__, own.__bases__, dict(own.__dict__))
    with torch.no_grad():
        for name in list(part.parametrizations):  # type: ignore[arg-type]
            parametrize.remove_parametrizations(part, name, leave_parametrized=True)
    part.requires_grad_(False)


def _with_image_statistics(form: AnyModule, inference: Inference) -> AnyModule:
    norms: dict[nn.Module, nn.Module] = {
        layer: ImageNorm(layer).eval()
        for layer in form.modules()
        if isinstance(layer, nn.BatchNorm2d) and (inference.statistics == "image" or layer.running_mean is None)
    }
    for part in list(form.modules()):
        for name, child in list(part._modules.items()):
            if child in norms:
                setattr(part, name, norms[child])
    return norms.get(form, form)  # type: ignore[return-value]
