"""What a plugin's own recipe asks of the plugin's own networks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from torch import nn

from gantk.errors import GantkError
from gantk.parts.build import Build
from gantk.parts.context import Context
from gantk.parts.specs import DiscriminatorSpec, GeneratorSpec
from gantk.parts.valueless import without_values
from gantk.plan.assemble import build_recipe, open_training_data
from gantk.plan.resolve import resolve
from gantk.plugins.selection import Part
from gantk.testing.checked import CheckedPlugin
from gantk.testing.report import Failure
from gantk.testing.smallest import smallest

Spec = GeneratorSpec | DiscriminatorSpec

KINDS: dict[str, type[Spec]] = {"generator": GeneratorSpec, "discriminator": DiscriminatorSpec}


def own_specs(checked: CheckedPlugin, role: str) -> list[Spec]:
    """Return the specs of a role that the recipe hands to the plugin's own part; none where it cannot be built."""
    if "recipe" not in checked.factories:
        return []
    kept = checked.folder / "own_specs.json"
    if not kept.exists():
        kept.write_text(json.dumps(_recorded(checked)), "utf-8")
    return [KINDS[role](**fields) for fields in json.loads(kept.read_text("utf-8"))[role]]


def _recorded(checked: CheckedPlugin) -> dict[str, list[dict[str, Any]]]:
    """Build the recipe without values, and return the fields of each spec that its parts were asked for."""
    asked: dict[str, list[dict[str, Any]]] = {role: [] for role in KINDS}
    try:
        resolved = resolve(smallest(checked, [checked.plugin], dict))
        parts = dict(resolved.parts)
        for role, specs in asked.items():
            if role in parts and parts[role].plugin == checked.name:
                parts[role] = _noted(parts[role], specs)
        with without_values():
            build_recipe(replace(resolved, parts=parts), open_training_data(resolved).contents, Context())
    except (GantkError, Failure):
        pass  # the training tells it, and where
    return asked


def _noted(part: Part, specs: list[dict[str, Any]]) -> Part:
    """Return a part that notes what it is asked for, at whatever size."""
    make: Callable[..., nn.Module] = part.factory

    def noted(spec: Spec, build: Build, **options: Any) -> nn.Module:
        specs.append(asdict(spec) | {"size": 0, "features": False})
        return make(spec, build, **options)

    return replace(part, factory=noted)
