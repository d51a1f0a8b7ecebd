"""What is evaluated: a run or a model, opened with the data that it is held against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from gantk.data.dataset import Dataset
from gantk.data.infos import ImageInfo, palettes_in
from gantk.data.kinds import Kind, scaled
from gantk.data.worn import Drawn, Worn
from gantk.errors import GantkError, UsageError
from gantk.evaluation.functions import ModelFunction, Pieces, RunFunction
from gantk.plan.device import choose_device
from gantk.plan.moved import Say, recalled, with_data
from gantk.plan.open_data import data_option_names, of_other_data, open_data
from gantk.plan.protocol import graphs_of
from gantk.plugins.manager import load_plugins
from gantk.plugins.option_names import owner_of
from gantk.recipe.metric import Score
from gantk.runs.config import Config
from gantk.runs.records import NAME
from gantk.runs.run import Run, open_run
from gantk.runtime.model_file import load
from gantk.runtime.ports import Port
from gantk.sizes import Sides, sides_of
from gantk.text import nearest
from gantk.training.trained import load_trained


@dataclass(frozen=True, kw_only=True)
class EvaluationRequest:
    """What a user asks for.

    Attributes:
        target: a run's folder, or a model.
        metrics: names or paths of plugins; empty: every metric there is that applies.
        data: names or paths; empty: the run's own.
        plugins: where plugin files of a run are now, where they have moved.
        graph: the only graph to measure; None: the first that a metric can measure.
        step: which checkpoint of a run; None: the newest.
        size: height and width in pixels, one number where they are equal; None: that of the run or the model.
        seed: what is drawn follows from it.
        device: where torch computes.
        options: of metrics and of the data, by dotted name ("kid.images", "data.hold_out").
        out: a file that records are appended to, besides the run's own.
    """

    target: Path
    metrics: Sequence[str] = ()
    data: Sequence[str] = ()
    plugins: Sequence[str] = ()
    graph: str | None = None
    step: int | None = None
    size: int | Sides | None = None
    seed: int = 0
    device: str = "auto"
    options: Mapping[str, str] = field(default_factory=dict)
    out: Path | None = None


@dataclass(frozen=True, kw_only=True)
class OpenedTarget:
    """A run or a model, ready to be measured.

    Attributes:
        functions: its graphs, by name.
        dataset: the data to hold them against.
        fingerprint: a hash of its contents.
        size: height and width in pixels, one number where they are equal.
        channels: of the images that the functions take and give, by batch key.
        device: where torch computes.
        scaled: the kind of batches of two sizes, as it was trained on.
        run: the run's folder; None for a model.
        step: the run's checkpoint.
        plugins: the plugins that a run was trained with.
        notes: what the user should hear, a line each.
        most: how many images of a share are read at most, spread evenly over it; None: all.
    """

    functions: Mapping[str, Pieces]
    dataset: Dataset
    fingerprint: str
    size: int | Sides
    channels: Mapping[str, int]
    device: torch.device
    scaled: Kind = field(default_factory=scaled)
    run: Run | None = None
    step: int | None = None
    plugins: Sequence[str] = ()
    notes: Sequence[str] = ()
    most: int | None = None

    def records(self, request: EvaluationRequest) -> list[Path]:
        """Return the files that records are appended to."""
        own = [self.run.own(NAME)] if self.run is not None else []
        return [*own, request.out] if request.out is not None else own

    def tell(self, scores: Sequence[Score]) -> None:
        """Tell the run's plugins what was measured."""
        if self.run is not None:
            load_plugins(self.plugins).hook.evaluated(run=self.run, step=self.step, scores=scores)


def open_target(request: EvaluationRequest, say: Say) -> OpenedTarget:
    """Open what is to be measured, and its data; `say` hears of plugin files that have changed. Raises GantkError."""
    opened = _open_run(request, say) if request.target.is_dir() else _open_model(request)
    if request.graph is None:
        return opened
    if request.graph not in opened.functions:
        known = nearest(request.graph, opened.functions)
        raise UsageError(f"{request.target} has no graph {request.graph!r}{known}")
    return replace(opened, functions={request.graph: opened.functions[request.graph]})


def _quietly(_said: str) -> None:
    """Say nothing: what there is to say of a run's files was said as it was opened."""


def _open_run(request: EvaluationRequest, say: Say) -> OpenedTarget:
    run = open_run(request.target)
    device = choose_device(request.device)
    trained = load_trained(request.target, request.step, request.plugins, say)
    config = run.config
    size = request.size or trained.sides.size
    own = (
        of_other_data(config, request.data)
        if request.data
        else with_data(run, recalled(run, request.plugins, _quietly), ())
    )
    dataset = _data(own, request)
    fingerprint = dataset.fingerprint()
    changed = not request.data and not run.manifest.data.is_of(fingerprint)
    note = [f"the images are not those that {request.target} was trained on"] if changed else []
    return OpenedTarget(
        functions={
            name: RunFunction(name, graph, sides_of(size), device, palettes_in(trained.images))
            for name, graph in graphs_of(trained.recipe, trained.images).items()
        },
        dataset=dataset,
        fingerprint=fingerprint,
        size=size,
        channels={key: info.channels for key, info in trained.images.items()},
        device=device,
        scaled=scaled_as(config, trained.images),
        run=run,
        step=trained.step,
        plugins=tuple(trained.config.plugins),
        notes=[*note, *trained.notes, *dataset.notes],
    )


def scaled_as(config: Config, images: Mapping[str, ImageInfo]) -> Kind:
    """Return the kind of batches of two sizes as a run's configuration makes them of these images."""
    return scaled(
        max((info.shrink for info in images.values()), default=1),
        config.set.get("shrink_by", "bicubic"),
        Worn(*(_drawn(config.set.get(f"shrink_{name}")) for name in ("blur", "noise", "jpeg"))),
    )


def _drawn(said: Any) -> Drawn | None:
    """Return what a run's configuration says of a number that may be drawn between two."""
    return (float(said[0]), float(said[1])) if isinstance(said, list | tuple) else said


def _open_model(request: EvaluationRequest) -> OpenedTarget:
    if request.step is not None:
        raise UsageError("--step names a checkpoint of a run; a model is one already")
    if request.plugins:
        raise UsageError("--plugin says where a plugin file of a run is; a model needs none")
    model = load(request.target)
    card = model.card
    ports = [port for port in (*card.inputs, *card.outputs) if isinstance(port, Port)]
    if not all(port.key for port in ports):
        raise GantkError(f"{request.target} does not say which images it takes and gives: export it again")
    if not request.data:
        raise UsageError(
            f"say what to measure {request.target} on: --data NAME or FOLDER; it was trained on {card.data}"
        )
    # What comes out larger is measured at its own size.
    own = card.sides and Sides(*(max(side, card.scaled(side)) for side in card.sides)).size
    if own is not None and request.size not in (None, own):
        sides = "{}x{}".format(*sides_of(own))
        raise UsageError(f"{request.target} is measured on images of {sides} px alone: leave --size out")
    size = request.size or own
    if size is None:
        raise UsageError(f"{request.target} takes images of any size: say --size, the pixels to measure at")
    dataset = _data(Config(data=list(request.data)), request)
    return OpenedTarget(
        functions={card.graph: ModelFunction(model, sides_of(size))},
        dataset=dataset,
        fingerprint=dataset.fingerprint(),
        size=size,
        channels={port.key: port.channels for port in ports},
        device=choose_device(request.device),
        notes=dataset.notes,
    )


def _data(config: Config, request: EvaluationRequest) -> Dataset:
    """Open the data with the options of it that the user says."""
    said = {name: value for name, value in request.options.items() if owner_of(name) == "data"}
    known = data_option_names(config)
    for name in said:
        if name not in known:
            raise UsageError(f"no option is called {name}{nearest(name, known)}")
    return open_data(config.model_copy(update={"set": {**config.set, **said}}))
