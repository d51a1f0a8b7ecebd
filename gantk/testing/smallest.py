"""The smallest training in which a plugin can be tried: its images as small, its networks as narrow as they can be."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from gantk.data.infos import Contents
from gantk.errors import DataError, GantkError, Unsupported
from gantk.parts.context import Context
from gantk.parts.valueless import without_values
from gantk.plan.assemble import build_recipe, open_training_data
from gantk.plan.resolve import Resolved, resolve
from gantk.runs.config import Config
from gantk.testing.checked import CheckedPlugin
from gantk.testing.report import Failure
from gantk.testing.stages import in_stages
from gantk.testing.widths import narrowed

STEPS = 4

KEPT = "config.json"
"""The file in which the training that was found is kept."""

SIZES = (32, 16, 64, 28, 8, 128, 256)
"""Heights and widths in pixels that are tried, the first one first."""


def smallest(
    checked: CheckedPlugin,
    plugins: list[str],
    options: Callable[[], Mapping[str, str]],
    normalization: Mapping[str, str] | None = None,
) -> Config:
    """Return the training of these plugins, which is found once and kept; `options` says what they need to be told.

    `normalization` names those of roles that not the last plugin shall bring.

    Raises Failure where the data cannot serve the recipe, or no size of images suits its parts.
    """
    kept = checked.folder / KEPT
    if kept.exists():
        return Config.model_validate(json.loads(kept.read_text("utf-8")))
    plain = Config(
        plugins=plugins,
        data=list(checked.data),
        normalization=dict(normalization or {}),
        set={"batch_size": 2, "steps": STEPS, "jitter": 1.0, "flip": False} | dict(options()),
        device="cpu",
        precision="fp32",
        seed=1,
        workers=0,
        log_every=1,
        preview_every=STEPS,
        checkpoint_every=STEPS // 2,
    )
    found = in_stages(_sized(plain.model_copy(update={"set": plain.set | dict(checked.options)})))
    kept.write_text(found.model_dump_json(), "utf-8")
    return found


def buildable(wanted: Config, resolved: Resolved, contents: Contents) -> tuple[Config, GantkError | None]:
    """Return a training with small widths if it can be built so, else as it is, and why that cannot be built."""
    options = {name: option.value for name, option in resolved.options.items() if name not in wanted.set}
    refused: GantkError | None = None
    for small in (narrowed(options), {}):
        tried = wanted.model_copy(update={"set": wanted.set | small})
        try:
            with without_values():
                build_recipe(resolve(tried, resolved.dataset), contents, Context())
        except GantkError as error:
            refused = error
            continue
        return tried, None
    return wanted, refused


def _sized(wanted: Config) -> Config:
    """Return a training at the first size that its parts can do, critics moving twice for others' once at most."""
    sizes = [int(wanted.set["size"])] if "size" in wanted.set else SIZES
    refusal = ""
    for size in sizes:
        found = wanted.model_copy(update={"set": wanted.set | {"size": size}})
        try:
            resolved = resolve(found)
            data = open_training_data(resolved)
        except DataError as error:
            raise Failure(f"nothing was trained: the default images do not serve: {error}; say --data") from error
        tried, refused = buildable(found, resolved, data.contents)
        if isinstance(refused, Unsupported):
            refusal = str(refused)
            continue
        # What else is wrong with it, the training tells, and where.
        steps = {"critic_steps": min(2, resolved.settings.critic_steps)}
        return tried.model_copy(update={"set": steps | tried.set})
    raise Failure(f"can be trained at none of the sizes {', '.join(map(str, sizes))}; it said last: {refusal}")
