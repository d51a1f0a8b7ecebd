"""What `gantk train` does: a new run, a resumed one, or a dry run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from gantk.data.columns import FULL
from gantk.data.held_out import held_out_rows
from gantk.data.infos import Contents, palettes_in
from gantk.errors import DataError
from gantk.parts.pretrained import Pretrained, pretrained_in
from gantk.plan.assemble import OpenedData, notes_on, open_training_data, refuse_idle_parts
from gantk.plan.changes import CHANGEABLE, changes_said
from gantk.plan.device import choose_device
from gantk.plan.moved import plugin_digest, recalled, with_data
from gantk.plan.open_data import data_options
from gantk.plan.proportion import check_size
from gantk.plan.resolve import Resolved, resolve
from gantk.runs.config import Config, check_config
from gantk.runs.folder import new_run, taken
from gantk.runs.manifest import Manifest, data_facts
from gantk.runs.run import Run, open_run
from gantk.training.company import NOBODY, Company
from gantk.training.dry_run import describe_run
from gantk.training.examiner import Examiner
from gantk.training.failures import told_plainly
from gantk.training.full_rehearsal import rehearse_run
from gantk.training.initial import puts_channels_last
from gantk.training.interrupts import undone_by_signals
from gantk.training.loop import train
from gantk.training.processes import World, joined_world
from gantk.training.resumption import resume
from gantk.training.training import Training

Say = Callable[[str], None]

UNSAID: Mapping[str, Any] = MappingProxyType({"rmsprop_decay": 0.99, "dequantize": False})
"""Settings that runs begun before there were these do not state, as they had them."""


def _quietly(_doing: str) -> None:
    """Say nothing of what is being done."""


@dataclass(frozen=True, kw_only=True)
class Again:
    """What a user says to a run that goes on.

    Attributes:
        changes: of its configuration, by name; `steps` is its last step.
        step: the checkpoint to go on from; None: the newest.
        data: where its data are now; empty: where they were.
        plugins: where plugin files of it are now.
        pretrained: where files of its pretrained networks are now, by their options.
    """

    changes: Mapping[str, Any] = field(default_factory=dict)
    step: int | None = None
    data: Sequence[str] = ()
    plugins: Sequence[str] = ()
    pretrained: Mapping[str, str] = field(default_factory=dict)


def launch(request: Config, out: Path | None, say: Say, begin: Say = _quietly, company: Company = NOBODY) -> Path:
    """Train a new run; return its folder. `begin` is told what is done before step 1. Raises GantkError."""
    begin("reading the data")
    device = choose_device(request.device)
    with undone_by_signals(), told_plainly(), joined_world(device) as world:
        resolved = resolve(request)
        resolved.plugins.listeners = company.listeners
        data = _opened(resolved, world, say)
        refuse_idle_parts(resolved, data.contents)
        init = open_run(Path(request.init)).checkpoints().chosen(None) if request.init else None
        with _shared_run(out, resolved, world) as run:
            begin("building the networks")
            training = Training(resolved, data, run, device, world, say)
            if init is not None:
                training.start_from(init)
            begin(_trying(training))
            expected = rehearse_run(training)
            measuring = _examiner(training, company, begin)
            if world.leads:
                run.start(_complete(training), _facts(training))
            world.wait()
            train(training, expected, measuring, shown=company.shown)
    return run.path


def relaunch(path: Path, again: Again, say: Say, begin: Say = _quietly, company: Company = NOBODY) -> None:
    """Go on with a run where it stopped, or from an earlier checkpoint. Raises GantkError."""
    begin("reading the data")
    run = open_run(path)
    device = choose_device(str(again.changes.get("device", run.config.device)))
    with told_plainly(), joined_world(device) as world, ExitStack() as held:
        world.tell(lambda: held.enter_context(taken(run)))
        told = say if world.leads else _silence
        config = with_data(run, recalled(run, again.plugins, told), again.data)
        resolved = resolve(_changed(config, again, str(path)), scaled_anew=False)
        resolved.plugins.listeners = company.listeners
        checkpoint = world.tell(lambda: run.checkpoints().chosen(again.step))
        if _is_done(run, int(checkpoint.name), resolved.settings.steps, "steps" in again.changes, told):
            return
        data = _opened(resolved, world, say)
        recorded = run.manifest
        data = _with_words(data, recorded.data.contents)
        _refuse_other_channels(run, recorded, data)
        check_size(resolved, data.contents, checkpoint)
        begin("building the networks")
        training = Training(resolved, data, run, device, world, say)
        resume(training, checkpoint)
        begin(_trying(training))
        expected = rehearse_run(training)
        measuring = _examiner(training, company, begin)
        if world.leads:
            facts = _facts(training)
            for network in pretrained_in(training.recipe):
                if recorded.pretrained.get(_known_as(network)) not in (None, network.digest):
                    say(f"note: {network.file}, a pretrained network, has changed since {path} was started")
            if not recorded.data.is_of(facts["data"]["fingerprint"]):
                say(
                    f"note: the images are not those that {path} was started on ({recorded.data.summary}): it goes on, "
                    "but not as it would have with those"
                )
            if later := run.checkpoints().set_aside(training.start):
                say(
                    f"note: what was saved after step {training.start} is kept as {', '.join(map(str, later))}, until "
                    "you delete it"
                )
            changed = list(changes_said(config.set, resolved.config.set, training.start))
            for line in changed:
                say(f"note: {line}: the run no longer is what it would have been, and goes on so")
            told_before = list((recorded.model_extra or {}).get("changed", ()))
            history = {"changed": [*told_before, *changed]} if told_before or changed else {}
            run.start(_complete(training), recorded.model_dump(exclude_unset=True) | facts | history)
        world.wait()
        train(training, expected, measuring, shown=company.shown)


def _examiner(training: Training, company: Company, begin: Say) -> Examiner | None:
    """Return what measures a training that shall be measured, after it has measured a few images. Raises GantkError."""
    if company.examiner is None or training.resolved.config.evaluate_every is None:
        return None
    measuring = company.examiner(training)
    begin("measuring a few images")
    training.world.tell(measuring.rehearse)
    return measuring


def _complete(training: Training) -> Config:
    """Return the configuration that says everything of a training."""
    return training.resolved.complete(_found(training)).model_copy(update=_computed(training))


def _trying(training: Training) -> str:
    if training.resolved.config.compile:
        return "compiling the networks, which takes minutes, and trying one step"
    return "trying one step"


def _silence(_said: str) -> None:
    """Say nothing: the first process speaks for all."""


def _changed(config: Config, again: Again, where: str) -> Config:
    """Return a run's configuration with what the user says anew, of which `steps` and some others are settings."""
    anew = dict(again.changes)
    steps = {name: anew.pop(name) for name in ("steps", *CHANGEABLE) if name in anew}
    before: dict[str, Any] = {} if "steps_are" in config.model_fields_set else {"steps_are": "turns"}
    if config.channels_last is None:
        # Unsaid by runs that were started when only bf16 laid networks out so.
        before["channels_last"] = config.precision == "bf16"
    options = {**UNSAID, **config.set, **steps, **again.pretrained}
    return check_config(config.model_dump() | before | anew | {"set": options}, where)


def _is_done(run: Run, step: int, total: int | None, anew: bool, say: Say) -> bool:
    """Return whether a run stands at its last step or beyond, and say so; `anew` where the user says the last one."""
    if total is None or step < total:
        return False
    done = f"step {step} already" if anew else f"step {step}"
    say(f"{run.path} stands at {done}; say --steps with a number above {step} to go on")
    return True


def _with_words(data: OpenedData, recorded: Contents) -> OpenedData:
    """Return the data with the words that a run knows, whose numbers captions of other data must not shift."""
    return replace(data, contents=replace(data.contents, words={**data.contents.words, **recorded.words}))


def _refuse_other_channels(run: Run, recorded: Manifest, data: OpenedData) -> None:
    for key, info in recorded.data.contents.images.items():
        found = data.images.get(key)
        if found is not None and found.channels != info.channels:
            raise DataError(
                f"the images have {found.channels} channels ({key}), where {run.path} was trained on {info.channels}: "
                "say --data with images like those"
            )


def describe(request: Config) -> str:
    """Return everything that would be trained, as text. Raises GantkError where it could not be."""
    with told_plainly():
        resolved = resolve(request)
        data = open_training_data(resolved)
        refuse_idle_parts(resolved, data.contents)
        if request.preview_images:
            held_out_rows(resolved.dataset, resolved.kind, data.crops, request.preview_images)
        return describe_run(resolved, data, choose_device(request.device))


def _opened(resolved: Resolved, world: World, say: Say) -> OpenedData:
    """Open the training data; the first process decodes images for all."""
    if not world.leads:
        world.wait()
    data = open_training_data(resolved)
    if world.leads:
        for note in notes_on(resolved, data, world.size):
            say(note)
        world.wait()
    return data


def _found(training: Training) -> dict[str, Any]:
    """Return what a run's configuration states beyond what was said: its length, windows, classes, whole paths."""
    known = data_options(training.resolved.config)
    images = [info for info in training.data.images.values() if info.palette is None]
    palettes = palettes_in(training.data.images)
    measured = zip(("window", "window_b"), images if not palettes else (), strict=False)
    windows = {
        f"data.{name}": list(info.window)
        for name, info in measured
        if name in known and info.window != FULL.get(info.dtype)
    }
    named = [list(palette.entries) for palette in palettes.values() if "classes" in known]
    classes = {"data.classes": named[0]} if named else {}
    files = {network.option: str(network.file) for network in pretrained_in(training.recipe) if network.option}
    return {"steps": training.total, **windows, **classes, **files}


def _computed(training: Training) -> dict[str, Any]:
    """Return how the run is computed, for a resume to compute alike."""
    laid_out = puts_channels_last(training.resolved.config, training.autocast, training.device)
    return {"precision": "bf16" if training.autocast is not None else "fp32", "channels_last": laid_out}


def _facts(training: Training) -> dict[str, Any]:
    """Return what a run's manifest says of its data and its device."""
    device = training.device
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else str(device),
        "precision": "bf16" if training.autocast is not None else "fp32",
        "plugins": {
            name: plugin_digest(plugin.path)
            for name, plugin in training.resolved.plugins.found.items()
            if plugin.path is not None
        },
        "pretrained": {_known_as(network): network.digest for network in pretrained_in(training.recipe)},
        "processes": training.world.size,
        "data": data_facts(training.resolved.dataset, training.resolved.kind, training.data.contents).model_dump(),
    }


def _known_as(network: Pretrained) -> str:
    """Return what a manifest calls a pretrained network: its option, or else its file's name."""
    return network.option or network.file.name


@contextmanager
def _shared_run(out: Path | None, resolved: Resolved, world: World) -> Iterator[Run]:
    """Give the run's folder, the same in every process: the first one chooses, and holds it."""
    # Backslashes, which stand for bytes of a name that are not UTF-8, would be a hassle in a folder's.
    name = f"{Path(resolved.plugins.leading).stem}-{Path(resolved.dataset.name).name}".replace("\\", "_")
    with ExitStack() as held:
        yield Run(world.tell(lambda: held.enter_context(new_run(out, name)).path))
