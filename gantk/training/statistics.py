"""What batch norm reads once training is over: averages over the data, at weights that stand still."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gantk.data.palettes import Palette
from gantk.parts.networks import Generator, Network
from gantk.recipe.recipe import Batches, Mean, Recipe

SAMPLES, FEWEST, MOST = 256, 4, 16
"""Images that averages are taken over, and batches of them at least and at most."""

_AVERAGES = ("running_mean", "running_var")

APART = 0.15
"""Mean difference in [-1, 1] from which on what is shipped is said to part from what was trained."""

NO_PALETTES: Mapping[str, Palette] = MappingProxyType({})
"""Of batches without label maps."""


@dataclass(frozen=True)
class Settled:
    """What a checkpoint keeps of batch norm beside the weights.

    Attributes:
        averages: means and variances over the data, by their names in the recipe; empty: none are read.
        apart: mean difference in [-1, 1] of images as shipped and as trained; None: they cannot part.
    """

    averages: Mapping[str, Tensor] = field(default_factory=dict)
    apart: float | None = None

    @property
    def warning(self) -> str:
        """What the user should hear, or empty."""
        return warning(self.apart)


def warning(apart: float | None) -> str:
    """Return what the user should hear of a difference between shipped and trained outputs, or nothing."""
    if apart is None or apart < APART:
        return ""
    return (
        f"what is exported differs by {apart:.2f} on average, of a range of 2, from what networks give in training, "
        "where batch norm reads the batch: larger batches, or --normalization instance, bring them together"
    )


def batch_norms(module: nn.Module) -> dict[str, _BatchNorm]:
    """Return the layers that keep averages of what they normalize, by name."""
    return {
        name: layer
        for name, layer in module.named_modules()
        if isinstance(layer, _BatchNorm) and layer.running_mean is not None
    }


def settle(
    recipe: Recipe, batches: Batches, images: int, palettes: Mapping[str, Palette] = NO_PALETTES
) -> dict[str, Tensor]:
    """Give a copy's batch norms averages over the data in place of running ones; return them by their names.

    Running averages lag behind weights that move, and are those of other weights where averaged weights are shipped.
    These are taken of the passes that a step makes, `images` in each, and, for a network that a graph calls on images
    alone, of those images: in training it may read others besides, each kind in a batch of its own. What no graph
    holds, such as a discriminator that only judges, keeps what it has. `palettes` are those of label maps by batch key.
    """
    count = min(max(-(-SAMPLES // images), FEWEST), MOST)
    context, translated = recipe.context, _of_images(recipe)
    if others := _norms(recipe) - {layer for network in translated for layer in batch_norms(network).values()}:
        with _averaging(recipe, others):
            for number in range(count):
                # From the last turn of a round on, at which everybody moves.
                context.turn = (context.critic_steps - 1 - number) % context.critic_steps
                _passes(recipe, batches)
        context.turn = context.critic_steps - 1
    for network, keys in translated.items():
        with _averaging(recipe, batch_norms(network).values()), torch.no_grad():
            for _ in range(count):
                network(*_images(keys, batches, palettes))
    return {name: average.clone() for name, average in settled_averages(recipe).items()}


def settled_averages(recipe: Recipe) -> dict[str, Tensor]:
    """Return the averages that are taken over the data, as they stand, by their names in the recipe."""
    if not (layers := batch_norms(recipe)):
        return {}
    norms = _norms(recipe)
    state = recipe.state_dict()
    names = [name for name, layer in layers.items() if layer in norms]
    return {f"{name}.{kind}": state[f"{name}.{kind}"] for name in names for kind in _AVERAGES}


def _norms(recipe: Recipe) -> set[_BatchNorm]:
    """Return the layers of the networks that graphs hold."""
    return {layer for graph in recipe.graphs().values() for layer in batch_norms(graph.network).values()}


def distance(
    form: Recipe, plain: Recipe, batches: Batches, palettes: Mapping[str, Palette] = NO_PALETTES
) -> float | None:
    """Return how far images made in inference form are from those with the statistics of a training's batches.

    The largest mean difference of the networks that make images, on what a graph gives them or else a step; dropout
    is off. None where no network makes any.
    """
    shipped, translated = form.networks(), _of_images(plain)
    apart: dict[str, list[Tensor]] = {}

    def compare(name: str, inputs: tuple[Any, ...], made: Tensor) -> None:
        with torch.no_grad():
            apart.setdefault(name, []).append((shipped[name](*inputs) - made).abs().mean())

    hooks = [
        network.register_forward_hook(lambda _, inputs, made, name=name: compare(name, inputs, made))
        for name, network in plain.networks().items()
        if isinstance(network, Generator) and network not in translated
    ]
    with _averaging(plain, batch_norms(plain).values()):
        for _ in range(FEWEST):
            if hooks:
                _passes(plain, batches)
            for name, network in plain.networks().items():
                if isinstance(network, Generator) and network in translated:
                    inputs = _images(translated[network], batches, palettes)
                    compare(name, inputs, network(*inputs))
    for hook in hooks:
        hook.remove()
    return max((float(torch.stack(found).mean()) for found in apart.values()), default=None)


@contextmanager
def _averaging(recipe: Recipe, norms: Collection[_BatchNorm]) -> Iterator[None]:
    """Let batch norms read their batches, and average them all; the others read their averages, and dropout is off.

    Layers that are not called keep the averages that they had.
    """
    kept = [(layer.momentum, [buffer.clone() for buffer in layer.buffers()]) for layer in norms]
    recipe.eval()
    for layer in norms:
        layer.reset_running_stats()
        layer.momentum = None
        layer.train()
    yield
    recipe.eval()
    for layer, (momentum, buffers) in zip(norms, kept, strict=True):
        called = layer.num_batches_tracked is None or bool(layer.num_batches_tracked)
        layer.momentum = momentum
        for buffer, before in zip(layer.buffers(), buffers, strict=True):
            if not called:
                buffer.copy_(before)


def _passes(recipe: Recipe, batches: Batches) -> None:
    """Run a step whose moves are not made."""
    body, answer = recipe.step(batches), None
    while True:
        try:
            asked = body.send(answer)  # type: ignore[arg-type]
        except StopIteration:
            return
        answer = asked.value if isinstance(asked, Mean) else None


def _of_images(recipe: Recipe) -> dict[Network, list[str]]:
    """Return the networks that a graph calls on images alone, with the keys of these."""
    networks, found = set(recipe.networks().values()), {}
    for graph in recipe.graphs().values():
        alone = graph.scale == 1 and len(graph.images) == len(graph.inputs)
        if graph.network in networks and alone and batch_norms(graph.network):
            found[graph.network] = list(graph.images)
    return found


def _images(keys: Sequence[str], batches: Batches, palettes: Mapping[str, Palette]) -> tuple[Tensor, ...]:
    """Return what a graph gives its network of a batch: images, and label maps as one-hot numbers."""
    batch = next(batches)
    return tuple(palettes[key].one_hot(batch[key]) if key in palettes else batch[key] for key in keys)
