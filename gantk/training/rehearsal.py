"""A rehearsal before step 1: every error of the protocol shows, and the time of a step is known."""

import time
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import torch
from torch import nn

from gantk.data.batches import TrainingBatches
from gantk.parts.context import Context
from gantk.training.losslog import LossLog
from gantk.training.observer import Observer
from gantk.training.step_runner import StepRunner


@dataclass(frozen=True)
class Rehearsal:
    """What a rehearsal found.

    Attributes:
        seconds: how long a turn takes, without the optimizers.
        reached: the players' parameters that had a gradient.
    """

    seconds: float
    reached: AbstractSet[nn.Parameter]


def rehearse(runner: StepRunner, batches: TrainingBatches, context: Context) -> Rehearsal:
    """Run turns as a runner would, but move nobody and leave no trace.

    Runs one turn to warm up, then as many as make a round. Raises PluginError; warns the author of a recipe.
    """
    recipe, movers, observer = runner.recipe, runner.movers, Observer(runner.movers)
    observed = StepRunner(recipe, movers, LossLog(context), accumulate=runner.accumulate, observer=observer)
    buffers = {name: buffer.clone() for name, buffer in recipe.named_buffers()}
    started = 0.0
    with torch.random.fork_rng():
        for number in range(context.critic_steps + 1):
            if number == 1:
                started = _now(batches.device)
            # The last turn is the one at which everybody moves: it warms up all there is.
            context.take_turn(number + context.critic_steps - 1)
            observed.run(batches)
    observer.warn_of_the_idle(recipe)
    seconds = (_now(batches.device) - started) / context.critic_steps
    with torch.no_grad():
        for name, buffer in recipe.named_buffers():
            buffer.copy_(buffers[name])
    context.notes.clear()
    return Rehearsal(seconds, observer.reached)


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
