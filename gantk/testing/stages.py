"""The steps that are trained of a recipe that has stages: some of each."""

from collections.abc import Iterator

from gantk.errors import GantkError
from gantk.parts.context import Context
from gantk.parts.valueless import without_values
from gantk.plan.assemble import build_recipe, open_training_data
from gantk.plan.course import course_of, recipe_of
from gantk.plan.protocol import stages_of
from gantk.plan.resolve import resolve
from gantk.recipe.recipe import Recipe
from gantk.runs.config import Config
from gantk.training.training import Training

A_STAGE = 2
"""Steps of a stage on average."""


def in_stages(wanted: Config) -> Config:
    """Return a training with steps for each stage of its recipe, all of whose checkpoints are kept."""
    resolved = resolve(wanted)
    if recipe_of(resolved).stages is Recipe.stages:
        return wanted
    try:
        with without_values():
            recipe = build_recipe(resolved, open_training_data(resolved).contents, Context())
            count = len(stages_of(recipe))
    except GantkError:
        return wanted  # the training tells it, and where
    steps = max(int(wanted.set["steps"]), A_STAGE * count)
    return wanted.model_copy(update={"set": wanted.set | {"steps": steps}, "checkpoint_every": 1, "keep": steps})


def stops(config: Config) -> list[int]:
    """Return the steps after which a run is stopped to see it go on: half-way, or about the borders of its stages."""
    steps = int(config.set["steps"])
    if config.checkpoint_every > 1:
        return [steps // 2]
    resolved = resolve(config)
    data = open_training_data(resolved)
    with without_values():
        spans = course_of(resolved, build_recipe(resolved, data.contents, Context()), len(data.split)).spans
    borders = [span.end for span in spans[:-1]]
    return sorted({max(borders[0] - 1, 1), *borders})


def steps_of(ready: Training, each: int) -> Iterator[int]:
    """Yield the first steps of each stage, so many where it has as many."""
    for span in ready.course.spans:
        yield from range(span.begin, min(span.begin + each, span.end))
