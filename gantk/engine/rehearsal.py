"""A rehearsal before step 1: every error of the protocol shows, and the time of a step is known."""

import time

import torch

from gantk.data.loading import TrainingBatches
from gantk.engine.conductor import Conductor
from gantk.parts.context import Context, Progress


def rehearse(conductor: Conductor, batches: TrainingBatches, context: Context) -> float:
    """Run steps that move nobody and leave no trace; return the seconds that one took, without the optimizers.

    Runs one step to warm up, then as many as make one round of critic steps.
    """
    recipe = conductor.recipe
    total = context.progress.total
    buffers = {name: buffer.clone() for name, buffer in recipe.named_buffers()}
    started = 0.0
    with torch.random.fork_rng():
        for number in range(context.critic_steps + 1):
            if number == 1:
                started = _now(batches.device)
            # The last critic step is the one at which everybody moves: it warms up all there is.
            context.progress = Progress((number - 1) % context.critic_steps, total)
            conductor.step(batches)
    conductor.warn_of_the_idle()
    seconds = (_now(batches.device) - started) / context.critic_steps
    with torch.no_grad():
        for name, buffer in recipe.named_buffers():
            buffer.copy_(buffers[name])
    context.notes.clear()
    return seconds


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
