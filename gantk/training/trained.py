"""A trained run, opened for export and measurement."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gantk.data.infos import ImageInfo
from gantk.parts.context import Context
from gantk.plan.assemble import build_recipe, prepare
from gantk.plan.course import recorded_course, sides_in
from gantk.plan.moved import recalled
from gantk.plan.proportion import check_size
from gantk.plan.resolve import resolve
from gantk.recipe.recipe import Recipe
from gantk.runs.config import Config
from gantk.runs.recorded_data import RecordedData
from gantk.runs.run import open_run
from gantk.sizes import Sides
from gantk.training.blank_batches import BlankBatches
from gantk.training.inference import inference_form
from gantk.training.state import StateFacts, load_own_state, load_settled, load_weights, read_facts
from gantk.training.statistics import Settled, settled_averages, warning


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A run's recipe with its trained weights.

    Attributes:
        run: the run's folder.
        plugin: the leading plugin.
        step: the checkpoint's step.
        recipe: on the CPU, float32, in inference mode, with averaged weights where it keeps them.
        images: what each image key of its batches held ("a", "source", ...).
        data: name of the data.
        licence: SPDX identifier of the data, or empty.
        credits: who made its images, where their licences ask to name them; a line each.
        classes: names of the labels.
        sides: height and width of its images in pixels, in the stage that the checkpoint is of.
        config: what it was trained with, its plugin files where they are now.
        apart: mean difference in [-1, 1] of its images from those of the training; None: unknown, or there can be none.
        lags: whether batch norm reads averages that were kept while weights moved, as version 0.2 kept them.
    """

    run: Path
    plugin: str
    step: int
    recipe: Recipe
    images: Mapping[str, ImageInfo]
    data: str
    licence: str
    classes: tuple[str, ...]
    sides: Sides
    config: Config
    credits: tuple[str, ...] = ()
    apart: float | None = None
    lags: bool = False

    @property
    def notes(self) -> list[str]:
        """What the user should hear, a line each."""
        lagging = (
            "version 0.2 kept the averages that batch norm reads while it trained, so they lag behind the weights; "
            f"`statistics: image` under `set:` in {self.run / 'config.yaml'} reads each image's, as 0.2 did for some"
        )
        return [line for line in (warning(self.apart), lagging if self.lags else "") if line]


def load_trained(
    run: Path, step: int | None = None, plugins: Sequence[str] = (), say: Callable[[str], object] = lambda _: None
) -> Trained:
    """Open a run's checkpoint of that step, or its newest. What a recipe needs of the data stands in the run's folder.

    `plugins` says where its plugin files are now, where they have moved; `say` hears of one that has changed. Raises
    UsageError where the folder is no run, or where there is no such checkpoint, GantkError where it has none at all or
    cannot be read.
    """
    opened = open_run(run)
    checkpoint = opened.checkpoints().chosen(step)
    contents = opened.manifest.data.contents
    dataset = RecordedData(opened.manifest.data)
    config = recalled(opened, plugins, say)
    resolved = resolve(config, dataset, scaled_anew=False)
    check_size(resolved, contents, checkpoint)
    recipe = build_recipe(resolved, contents, Context(), trains=False)
    number = int(checkpoint.name)
    course = recorded_course(resolved, recipe, number)
    prepare(recipe, BlankBatches(contents.images, resolved.settings.sides, resolved.kind))

    def take(folder: Path) -> tuple[StateFacts, Settled]:
        load_weights(recipe, folder, averaged=True)
        load_own_state(recipe, folder)
        facts = read_facts(folder)
        recipe.context.progress = course.trained_to(number, facts.stage)
        return facts, load_settled(recipe, folder)

    facts, settled = opened.checkpoints().taken(checkpoint, take)
    last = recipe.progress
    inference = course.inference(last)
    return Trained(
        run=run,
        plugin=resolved.plugins.leading,
        step=number,
        recipe=inference_form(recipe, inference),
        images=contents.images,
        data=dataset.name,
        licence=dataset.licence,
        classes=dataset.classes if resolved.kind.keys("classes") else (),
        sides=sides_in(resolved, course.stage_at(last)),
        config=config,
        credits=tuple(dataset.credits),
        apart=settled.apart,
        lags=facts.settled is None and inference.statistics == "running" and bool(settled_averages(recipe)),
    )
