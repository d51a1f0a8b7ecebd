"""The course of a run: its stages in steps, and what of its settings depends on where it is."""

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import cast

from gantk.errors import UsageError
from gantk.parts.context import Progress, Span, stage_number
from gantk.parts.scheduled import value_at
from gantk.plan.open_data import USER
from gantk.plan.protocol import stages_of
from gantk.plan.resolve import Resolved
from gantk.recipe.graph import Inference
from gantk.recipe.recipe import Recipe
from gantk.recipe.stage import WHOLE, Stage
from gantk.sizes import Sides

START = Progress(0, 1)


@dataclass(frozen=True)
class Course:
    """The stages of a run, of `total` steps.

    Raises UsageError where there are fewer steps than stages.
    """

    resolved: Resolved
    stages: tuple[Stage, ...]
    total: int

    def __post_init__(self) -> None:
        if self.total < len(self.stages):
            names = ", ".join(stage.name for stage in self.stages)
            raise UsageError(
                f"steps {self.total} are fewer than the {len(self.stages)} stages of recipe "
                f"{self.resolved.parts['recipe'].plugin} ({names}): say --steps {len(self.stages)} or more"
            )

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """The steps of each stage, at least one."""
        shares = list(accumulate(stage.share for stage in self.stages))
        ends = [0]
        for number, share in enumerate(shares, 1):
            later = len(shares) - number
            ends.append(min(max(round(self.total * share / shares[-1]), ends[-1] + 1), self.total - later))
        return tuple(
            Span(stage.name, begin, end) for stage, begin, end in zip(self.stages, ends, ends[1:], strict=False)
        )

    def number_at(self, step: int) -> int:
        """Return the number of the stage in which a step is trained; beyond the last step it is the last."""
        return stage_number(self.spans, step)

    def start_of(self, number: int) -> Progress:
        """Return the progress with which a stage begins."""
        return Progress(self.spans[number].begin, self.total)

    def trained_to(self, step: int, stage: int | None) -> Progress:
        """Return the progress of the last of so many steps, which was trained in that stage, where this is known."""
        last = max(step - 1, 0)
        if stage is not None and stage < len(self.spans):
            span = self.spans[stage]
            last = min(max(last, span.begin), span.end - 1)
        return Progress(last, self.total)

    def stage_at(self, progress: Progress) -> Stage:
        """Return the stage in which a step is trained."""
        return self.stages[self.number_at(progress.step)]

    def images_a_pass(self, progress: Progress) -> int:
        """Return how many images pass a network at a time, at a point of the run."""
        return images_a_pass(self.resolved, progress, self.stage_at(progress))

    def images_a_turn(self, stage: int, processes: int) -> int:
        """Return how many images a turn of the critics takes in all processes as a stage begins."""
        return self.images_a_pass(self.start_of(stage)) * self.resolved.settings.accumulate * processes

    def inference(self, progress: Progress) -> Inference:
        """Return how networks behave once trained up to a point of the run."""
        return inference_of(self.resolved, progress, self.stage_at(progress))


def course_of(resolved: Resolved, recipe: Recipe, samples: int, world: int = 1) -> Course:
    """Return the course of a run on so many samples, in so many processes, and tell the recipe of it."""
    stages = stages_of(recipe)
    return _told(recipe, Course(resolved, stages, total_steps(resolved, samples, world, stages)))


def recorded_course(resolved: Resolved, recipe: Recipe, step: int) -> Course:
    """Return the course of a run that stands at a step, and tell the recipe of it."""
    return _told(recipe, Course(resolved, stages_of(recipe), resolved.settings.steps or max(step, 1)))


def _told(recipe: Recipe, course: Course) -> Course:
    recipe.context.spans = course.spans
    recipe.context.progress = Progress(0, course.total)
    return course


def sides_in(resolved: Resolved, stage: Stage) -> Sides:
    """Return the height and width in pixels of the images of a stage."""
    return Sides(*(max(round(side * stage.scale), 1) for side in resolved.settings.sides))


def recipe_of(resolved: Resolved) -> type[Recipe]:
    """Return the leading plugin's recipe."""
    return cast(type[Recipe], resolved.parts["recipe"].factory)


def total_steps(resolved: Resolved, samples: int, world: int = 1, stages: tuple[Stage, ...] = WHOLE) -> int:
    """Return the run's length in steps: as stated, or from the passes over the data that are stated."""
    settings, origins = resolved.settings, resolved.origins
    if settings.steps is not None and (origins["steps"] == USER or origins["epochs"] != USER):
        return settings.steps
    shares = sum(stage.share for stage in stages)
    a_pass = sum(images_a_pass(resolved, START, stage) * stage.share for stage in stages) / shares
    per_turn = a_pass * settings.accumulate * world
    return max(1, int(settings.epochs * samples // (per_turn * settings.critic_steps)))


def images_a_pass(resolved: Resolved, progress: Progress, stage: Stage = WHOLE[0]) -> int:
    """Return how many images pass a network at a time, in one process and micro-batch, at a point of a stage."""
    return max(round(value_at(resolved.settings.batch_size, progress) * stage.batch), 1)


def inference_of(resolved: Resolved, progress: Progress, stage: Stage = WHOLE[0]) -> Inference:
    """Return how networks behave once trained up to a point of a stage: as is stated, else as they were trained."""
    stated = resolved.settings.statistics
    inference = Inference(stated) if stated is not None else recipe_of(resolved).inference
    return inference.after(images_a_pass(resolved, progress, stage))
