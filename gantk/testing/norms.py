"""Checks of a normalization by itself; in networks it is tried with these."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import torch
from torch import Tensor, nn

from gantk.errors import Unsupported, one_line
from gantk.parts.normalization import Normalization
from gantk.testing.checked import CheckedPlugin
from gantk.testing.report import Failure, Skip

CHANNELS, CONDITION = 4, 3


def declares(checked: CheckedPlugin) -> str:
    """Compare a sample's activations alone with those in a batch, and look for the bias that `shifts` promises."""
    normalization: Normalization = checked.part("normalization")()
    x = torch.randn(6, CHANNELS, 5, 6) * 3 + torch.arange(6.0).view(-1, 1, 1, 1)
    plain = normalization.activation(CHANNELS)
    mixing = ["activation"] if _mixes(plain, x) else []
    conditioned, _ = _conditioned(normalization)
    for name, activation, condition in conditioned:
        # What else is wrong with one, `conditions` tells.
        with suppress(Failure):
            _check_heeds(name, activation, condition)
            mixing += [name] if _mixes(activation, x, condition) else []
    if bool(mixing) is not normalization.mixes_samples:
        seen = (
            f"change with the rest of the batch in {mixing[0]}()"
            if mixing
            else "do not change with the rest of the batch"
        )
        raise Failure(f"mixes_samples is {normalization.mixes_samples}, but a sample's activations {seen}")
    if normalization.shifts:
        _check_shifts(plain, x)
    for layer in (nn.Conv2d(CHANNELS, 8, 3), nn.ConvTranspose2d(CHANNELS, 8, 4), nn.Linear(6, 8)):
        _check_layer(normalization, layer, x)
    return f"mixes_samples = {normalization.mixes_samples}, shifts = {normalization.shifts}, as it says"


def conditions(checked: CheckedPlugin) -> str:
    """Ask for norms under a vector and under a map, and change these; weights, which may begin at zero, move first."""
    made, refused = _conditioned(checked.part("normalization")())
    if not made:
        raise Skip(f"refuses one: {refused[0]}")
    for name, activation, condition in made:
        _check_heeds(name, activation, condition)
    heeded = ["vector" if condition.ndim == 2 else "map" for _, _, condition in made]
    return f"a conditioning {' or '.join(heeded)} changes the activations"


def _conditioned(normalization: Normalization) -> tuple[list[tuple[str, nn.Module, Tensor]], list[str]]:
    """Return the norms under a condition, each with its method's name and conditions of 6 samples, and refusals."""
    asked: tuple[tuple[str, Callable[[int, int], nn.Module], Tensor], ...] = (
        ("activation", normalization.activation, torch.randn(6, CONDITION)),
        ("mapped_activation", normalization.mapped_activation, torch.randn(6, CONDITION, 10, 3)),
    )
    made, refused = [], []
    for name, make, condition in asked:
        try:
            made.append((name, make(CHANNELS, CONDITION), condition))
        except Unsupported as refusal:
            refused.append(str(refusal))
    return made, refused


def _mixes(activation: nn.Module, *inputs: Tensor) -> bool:
    """Return whether the activations of the first sample change with the rest of the batch."""
    torch.manual_seed(0)
    x = inputs[0]
    together, alone = activation(*inputs)[:1], activation(*(one[:1] for one in inputs))
    if together.shape != (1, *x.shape[1:]):
        raise Failure(
            f"activation({CHANNELS}) gives {tuple(together.shape)} for {(1, *x.shape[1:])}: the same is needed"
        )
    return not torch.allclose(together, alone, atol=1e-5)


def _check_shifts(activation: nn.Module, x: Tensor) -> None:
    """Require a bias that is learned, unless the norm takes away any that the layer before it would have."""
    if any(parameter.requires_grad for parameter in activation.parameters()):
        return
    bias = torch.arange(1.0, 1 + CHANNELS).view(-1, 1, 1)
    if not torch.allclose(activation(x), activation(x + bias), atol=1e-4):
        raise Failure(
            "shifts is True, but activation() learns nothing: the layer before it would be left without a bias"
        )


def _check_heeds(name: str, activation: nn.Module, condition: Tensor) -> None:
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in activation.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.1)
    x = torch.randn(len(condition), CHANNELS, 5, 6)
    try:
        made, other = activation(x, condition), activation(x, -condition)
    except (RuntimeError, TypeError) as error:
        shapes = f"{tuple(x.shape)} under {tuple(condition.shape)}"
        raise Failure(f"{name}(channels, condition) cannot be called on {shapes}: {one_line(error)}") from error
    if made.shape != x.shape:
        raise Failure(f"{name}(channels, condition) gives {tuple(made.shape)} for {tuple(x.shape)}: the same is needed")
    if torch.equal(made, other):
        raise Failure(f"{name}(channels, condition) gives the same for other conditions: use it, or raise Unsupported")


def _check_layer(normalization: Normalization, layer: nn.Module, x: Tensor) -> None:
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
