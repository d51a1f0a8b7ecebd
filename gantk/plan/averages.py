"""Whose weights a run averages: what was said, by the names of its recipe's networks."""

from collections.abc import Mapping
from dataclasses import replace

from gantk.errors import UsageError
from gantk.parts.networks import Generator
from gantk.parts.scheduled import Scheduled
from gantk.plan.quick import ORIGIN
from gantk.plan.resolve import Resolved
from gantk.recipe.recipe import Recipe


def suited(resolved: Resolved, recipe: Recipe) -> Resolved:
    """Return a run whose averages are said by network: a single decay is that of all that make images.

    Left out are those that a quick scale states of networks which its recipe has not.
    """
    stated, networks = resolved.settings.ema, recipe.networks()
    scaled = resolved.origins["ema"].startswith(ORIGIN)
    if isinstance(stated, Mapping):
        kept = {name: decay for name, decay in stated.items() if name in networks}
        if kept == stated or not scaled:
            return resolved
    else:
        kept = {name: stated for name, network in networks.items() if isinstance(network, Generator)}
        if not kept:
            raise UsageError(
                f"setting ema: recipe {resolved.parts['recipe'].plugin} builds no generator: name the networks, "
                f'-s "ema={{{next(iter(networks), "NAME")}: 0.999}}"'
            )
    return replace(resolved, settings=replace(resolved.settings, ema=kept))


def averaged(resolved: Resolved) -> Mapping[str, Scheduled]:
    """Return the decays of a run that is suited to its recipe, by the networks' names."""
    assert isinstance(resolved.settings.ema, Mapping)
    return resolved.settings.ema
