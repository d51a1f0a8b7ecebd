"""Checks of a normalization by itself; in networks it is tried with these."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from gantk.errors import Unsupported, one_line
from gantk.parts.normalization import Normalization
from gantk.testing.checked import CheckedPlugin
from gantk.testing.report import Failure, Skip

CHANNELS, CONDITION = 4, 3


def declares(checked: CheckedPlugin) -> str:
    """Compare a sample's activations alone with those in a batch, and look for the bias that `shifts` promises."""
    normalization: Normalization = checked.part("normalization")()
    torch.manual_seed(0)
    activation = normalization.activation(CHANNELS)
    x = torch.randn(6, CHANNELS, 5, 6) * 3 + torch.arange(6.0).view(-1, 1, 1, 1)
    together, alone = activation(x)[:1], activation(x[:1])
    if together.shape != (1, *x.shape[1:]):
        raise Failure(
            f"activation({CHANNELS}) gives {tuple(together.shape)} for {(1, *x.shape[1:])}: the same is needed"
        )
    mixes = not torch.allclose(together, alone, atol=1e-5)
    if mixes is not normalization.mixes_samples:
        seen = "change" if mixes else "do not change"
        raise Failure(
            f"mixes_samples is {normalization.mixes_samples}, "
            f"but a sample's activations {seen} with the rest of the batch"
        )
    if normalization.shifts and not any(parameter.requires_grad for parameter in activation.parameters()):
        raise Failure(
            "shifts is True, but activation() learns nothing: the layer before it would be left without a bias"
        )
    for layer in (nn.Conv2d(CHANNELS, 8, 3), nn.ConvTranspose2d(CHANNELS, 8, 4), nn.Linear(6, 8)):
        _check_layer(normalization, layer, x)
    return f"mixes_samples = {mixes}, shifts = {normalization.shifts}, as it says"


def conditions(checked: CheckedPlugin) -> str:
    """Ask for norms under a vector and under a map, and change these; weights, which may begin at zero, move first."""
    normalization: Normalization = checked.part("normalization")()
    vector, maps = torch.randn(3, CONDITION), torch.randn(3, CONDITION, 10, 3)
    asked: tuple[tuple[str, Callable[[int, int], nn.Module], torch.Tensor], ...] = (
        ("activation", normalization.activation, vector),
        ("mapped_activation", normalization.mapped_activation, maps),
    )
    heeded, refused = [], []
    for name, make, condition in asked:
        try:
            activation = make(CHANNELS, CONDITION)
        except Unsupported as refusal:
            refused.append(str(refusal))
            continue
        _check_heeds(name, activation, condition)
        heeded.append("vector" if condition is vector else "map")
    if not heeded:
        raise Skip(f"refuses one: {refused[0]}")
    return f"a conditioning {' or '.join(heeded)} changes the activations"


def _check_heeds(name: str, activation: nn.Module, condition: torch.Tensor) -> None:
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in activation.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.1)
    x = torch.randn(3, CHANNELS, 5, 6)
    try:
        made, other = activation(x, condition), activation(x, -condition)
    except RuntimeError as error:
        shapes = f"{tuple(x.shape)} under {tuple(condition.shape)}"
        raise Failure(f"{name}(channels, condition) cannot be called on {shapes}: {one_line(error)}") from error
    if made.shape != x.shape:
        raise Failure(f"{name}(channels, condition) gives {tuple(made.shape)} for {tuple(x.shape)}: the same is needed")
    if torch.equal(made, other):
        raise Failure(f"{name}(channels, condition) gives the same for other conditions: use it, or raise Unsupported")


def _check_layer(normalization: Normalization, layer: nn.Module, x: torch.Tensor) -> None:
    x = x if not isinstance(layer, nn.Linear) else x.mean(1)
    expected = layer(x).shape
    normalized = normalization.weight(layer)
    if not isinstance(normalized, nn.Module):
        raise Failure(f"weight() returned a {type(normalized).__name__} for a {type(layer).__name__}: return the layer")
    answer = normalized(x)
    if answer.shape != expected or not answer.isfinite().all():
        raise Failure(
            f"weight() of a {type(layer).__name__} makes a layer that gives {tuple(answer.shape)}, or no numbers"
        )
