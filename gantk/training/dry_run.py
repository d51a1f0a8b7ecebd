"""`gantk train --dry-run`: everything that was resolved, and where it came from."""

from collections.abc import Iterable
from dataclasses import replace

import torch

from gantk.data.classes import classes_in_words
from gantk.data.infos import palettes_in
from gantk.data.words import some_of
from gantk.parts.context import Context, Progress
from gantk.parts.losses import AdversarialLoss
from gantk.parts.pretrained import found_file, pretrained_in
from gantk.parts.scheduled import shown
from gantk.parts.valueless import without_values
from gantk.plan.assemble import OpenedData, allows_bf16, build_recipe, notes_on
from gantk.plan.averages import suited
from gantk.plan.course import Course, course_of, sides_in
from gantk.plan.device import choose_precision
from gantk.plan.open_data import USER, data_values
from gantk.plan.protocol import players_of
from gantk.plan.resolve import Resolved
from gantk.recipe.recipe import Recipe
from gantk.training.console import magnitude, moves_in_words
from gantk.training.statistics import batch_norms


def describe_run(resolved: Resolved, data: OpenedData, device: torch.device) -> str:
    """Return the resolved run as text: parts, options, settings, data, networks, computation.

    Raises GantkError where it cannot be built, or where a pretrained network is not there.
    """
    with without_values():
        recipe = build_recipe(resolved, data.contents, Context())
    resolved = suited(resolved, recipe)
    autocast = choose_precision(resolved.settings.precision, device, allows_bf16(resolved))
    course = course_of(resolved, recipe, len(data.split))
    steps = course.total
    turns = resolved.settings.critic_steps if resolved.config.steps_are == "rounds" else 1
    moves = moves_in_words(players_of(recipe), turns)
    notes = [("note", note, "") for note in notes_on(resolved, data)]
    counts = {name: sum(p.numel() for p in network.parameters()) for name, network in recipe.networks().items()}
    images = ", ".join(
        f"{key}: {info.channels} channels of {info.dtype}, {info.window[0]:g} .. {info.window[1]:g}"
        for key, info in data.images.items()
    )
    passes = {} if resolved.settings.steps == steps else {"steps": f"{resolved.settings.epochs} epochs"}
    settings, origins = replace(resolved.settings, steps=steps).said(), {**resolved.origins, **passes}
    # It stands where it says what the networks compute in.
    settings.pop("precision")
    sections = {
        "parts": [(slot, part.plugin, part.origin) for slot, part in resolved.parts.items()],
        "options": [(name, shown(option.value), option.origin) for name, option in resolved.options.items()]
        + [(name, shown(value), origin) for name, (value, origin) in data_values(resolved.config).items()],
        "settings": [(name, shown(value), origins[name]) for name, value in settings.items()]
        + ([("in each step", moves, "")] if moves else []),
        "stages": _stages(course, recipe) if len(course.stages) > 1 else [],
        "data": [
            ("found", resolved.dataset.summary, ""),
            ("batches", resolved.kind, ""),
            ("images", images, ""),
            *((f"{key} classes", classes_in_words(found), "") for key, found in palettes_in(data.images).items()),
            *((f"{key} words", some_of(words), "") for key, words in data.contents.words.items()),
            *notes,
        ],
        "networks": [(name, f"{count:,} parameters ({magnitude(count)})", "") for name, count in counts.items()]
        + [("pretrained", str(found_file(each.file, each.option)), each.option) for each in pretrained_in(recipe)],
        "computation": [
            ("device", str(device), "default" if resolved.config.device == "auto" else USER),
            ("precision", _precision(recipe, autocast), _why(resolved)),
        ],
        "once trained": [("batch norm", _STATISTICS[course.inference(Progress(steps, steps)).statistics], "")]
        if batch_norms(recipe)
        else [],
    }
    return "\n\n".join(f"{title}\n{_table(rows)}" for title, rows in sections.items() if rows)


def _stages(course: Course, recipe: Recipe) -> list[tuple[str, str, str]]:
    """Return what each stage trains on, who moves in it, and when."""
    rows = []
    for number, (stage, span) in enumerate(zip(course.stages, course.spans, strict=True)):
        recipe.context.progress = course.start_of(number)
        sides, batch = sides_in(course.resolved, stage), course.images_a_turn(number, 1)
        players = " and ".join(players_of(recipe))
        rows.append(
            (stage.name, f"{sides} px, batch {batch}, steps {span.begin + 1} to {span.end}", f"move: {players}")
        )
    return rows


_STATISTICS = {"image": "each image's own statistics", "running": "averages over the data"}


def _precision(recipe: Recipe, autocast: torch.dtype | None) -> str:
    """Return what networks compute in, and that penalties, which differentiate a gradient again, do not."""
    if autocast is None:
        return "fp32"
    games = [module for module in recipe.modules() if isinstance(module, AdversarialLoss)]
    penalized = any(type(game).penalty is not AdversarialLoss.penalty or game.r1 or game.r2 for game in games)
    return "bf16, gradient penalties fp32" if penalized else "bf16"


def _why(resolved: Resolved) -> str:
    """Return who said the precision, or that it follows from the device."""
    origin = resolved.origins["precision"]
    if resolved.settings.precision != "auto":
        return origin
    return f"{origin}: auto, {'what the device computes in' if allows_bf16(resolved) else 'bf16 is too coarse'}"


def _table(rows: Iterable[tuple[str, str, str]]) -> str:
    rows = list(rows)
    first, second = max(len(row[0]) for row in rows), min(max(len(row[1]) for row in rows), 48)
    return "\n".join(f"  {name:<{first}}  {value:<{second}}  {origin}".rstrip() for name, value, origin in rows)
