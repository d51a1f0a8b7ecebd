"""The check of a recipe with parts of others, so many that each of its slots is filled by one."""

from __future__ import annotations

from random import Random

from gantk.errors import UsageError, blamed_line, one_line
from gantk.plan.assemble import open_training_data, refuse_idle_parts
from gantk.plan.open_data import data_option_names
from gantk.plan.resolve import resolve
from gantk.plugins.entrypoints import bringing
from gantk.plugins.slots import as_fields, kind_of, named_in
from gantk.runs.config import Config
from gantk.testing.checked import CheckedPlugin
from gantk.testing.report import Failure, Skip
from gantk.testing.runs import config, finite, training
from gantk.testing.smallest import buildable
from gantk.testing.stages import steps_of
from gantk.training.full_rehearsal import rehearse_run

STEPS = 2


def partners(checked: CheckedPlugin) -> str:
    """Fill slot after slot with a part of others that is not refused, drawn by the plugin's name, and train."""
    found, chosen = _filled(checked)
    if not chosen:
        raise Skip("the recipe takes no parts of others that are installed")
    parts = ", ".join(f"{slot} {name}" for slot, name in chosen.items())
    try:
        done = training(checked, checked.folder / "partners", set=found.set, **as_fields(named_in(found)))
        rehearse_run(done)
        for step in steps_of(done, STEPS):
            done.step(step)
        finite(done)
    except Exception as error:
        raise Failure(
            f"with {parts}: {blamed_line(error)}{one_line(error)}: use of a part what its kind promises, or refuse it "
            "by Unsupported when the recipe is built"
        ) from error
    return f"{STEPS} steps with {parts}"


def _filled(checked: CheckedPlugin) -> tuple[Config, dict[str, str]]:
    """Return the training with parts of others, and whose they are, by slot."""
    found, chosen, draw = config(checked), dict[str, str](), Random(checked.name)  # noqa: S311 (a sample)
    own = resolve(found)
    contents = open_training_data(own).contents
    for slot in own.parts:
        names = [name for name in bringing(kind_of(slot)) if slot != "recipe" and name != own.parts[slot].plugin]
        for name in draw.sample(names, len(names)):
            tried = _with(found, slot, name)
            resolved = resolve(tried, own.dataset)
            try:
                refuse_idle_parts(resolved, contents)
            except UsageError:
                break
            takes = {*resolved.options, *data_option_names(tried)}
            kept = {said: value for said, value in tried.set.items() if "." not in said or said in takes}
            tried, refused = buildable(tried.model_copy(update={"set": kept}), resolved, contents)
            if refused is None:
                found, chosen = tried, chosen | {slot: name}
                break
    return found, chosen


def _with(said: Config, slot: str, name: str) -> Config:
    return said.model_copy(update=as_fields(named_in(said) | {slot: name}))
