"""A trained run, opened for export and measurement."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from gantk.data.dataset import Dataset, Split
from gantk.data.infos import ImageInfo
from gantk.data.kinds import KINDS, NUMBERS, kind_called
from gantk.errors import DataError
from gantk.parts.context import Context, Progress
from gantk.plan.assemble import build_recipe, inference_of, prepare
from gantk.plan.moved import recalled
from gantk.plan.proportion import check_size
from gantk.plan.resolve import resolve
from gantk.recipe.recipe import Recipe
from gantk.runs.config import Config
from gantk.runs.manifest import DataFacts
from gantk.runs.run import open_run
from gantk.training.inference import inference_form
from gantk.training.state import load_own_state, load_settled, load_weights
from gantk.training.statistics import Settled, warning


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
        classes: names of the labels.
        size: height and width of its images in pixels.
        config: what it was trained with, its plugin files where they are now.
        apart: mean difference in [-1, 1] of its images from those of the training; None: unknown, or there can be none.
    """

    run: Path
    plugin: str
    step: int
    recipe: Recipe
    images: Mapping[str, ImageInfo]
    data: str
    licence: str
    classes: tuple[str, ...]
    size: int
    config: Config
    apart: float | None = None

    @property
    def notes(self) -> list[str]:
        """What the user should hear, a line each."""
        return [line for line in (warning(self.apart),) if line]


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
    facts = opened.manifest.data
    images = facts.image_infos
    dataset = RecordedData(facts)
    config = recalled(opened, plugins, say)
    resolved = resolve(config, dataset)
    check_size(resolved, images, checkpoint)
    recipe = build_recipe(resolved, images, Context(), trains=False)
    size = resolved.settings.size
    prepare(recipe, BlankBatches(images, size, resolved.kind))

    def take(folder: Path) -> Settled:
        load_weights(recipe, folder, averaged=True)
        load_own_state(recipe, folder)
        return load_settled(recipe, folder)

    settled = opened.checkpoints().taken(checkpoint, take)
    number = int(checkpoint.name)
    last = Progress(max(number - 1, 0), resolved.settings.steps or number)
    return Trained(
        run=run,
        plugin=resolved.plugins.leading,
        step=number,
        recipe=inference_form(recipe, inference_of(resolved, last)),
        images=images,
        data=dataset.name,
        licence=dataset.licence,
        classes=dataset.classes if resolved.kind.keys("classes") else (),
        size=size,
        config=config,
        apart=settled.apart,
    )


class BlankBatches(Iterator[dict[str, Any]]):
    """Black images of the right shape, for what a recipe makes from the shape of its data.

    Besides, a batch has what any kind of the core holds, and the kind that is named.
    """

    def __init__(self, images: Mapping[str, ImageInfo], size: int, kind: str = "") -> None:
        self.batch: dict[str, Any] = {
            key: torch.full((1, info.channels, size // info.shrink, size // info.shrink), -1.0)
            for key, info in images.items()
        }
        maps = {key: (1, size, size) for key, info in images.items() if info.palette}
        self.batch |= {key: torch.zeros(shape, dtype=torch.int64) for key, shape in maps.items()}
        known = (*KINDS.values(), kind_called(kind))
        self.batch |= {key: torch.zeros(1, dtype=torch.int64) for each in known for key in each.keys(*NUMBERS)}
        self.batch |= {key: [""] for each in known for key in each.keys("texts")}

    def __next__(self) -> dict[str, Any]:
        return dict(self.batch)

    def of(self, kind: str) -> "BlankBatches":
        """Return the same for every kind."""
        return self


class RecordedData(Dataset):
    """What a run's folder says of its data, for when the images are not needed."""

    def __init__(self, facts: DataFacts) -> None:
        self.name = facts.name
        self.kinds = (facts.of_kind,)
        self.licence = facts.licence
        self.summary = facts.summary
        self.classes = tuple(facts.classes)
        self.domains = tuple(facts.domains)
        self._fingerprint = facts.fingerprint

    def split(self, kind: str, test: bool, load: int | None) -> Split:
        raise DataError(f"the images of {self.name} were not opened")

    def fingerprint(self) -> str:
        return self._fingerprint
