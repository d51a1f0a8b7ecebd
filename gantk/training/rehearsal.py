"""A rehearsal before step 1: every error of the protocol shows, and the time of a step is known."""

import time

import torch

from gantk.data.loading import TrainingBatches
from gantk.parts.context import Context
from gantk.training.conductor import Conductor


def rehearse(conductor: Conductor, batches: TrainingBatches, context: Context) -> float:
    """Run turns that move nobody and leave no trace; return the seconds that one took, without the optimizers.

    Runs one turn to warm up, then as many as make a round.
    """
    recipe = conductor.recipe
    buffers = {name: buffer.clone() for name, buffer in recipe.named_buffers()}
    started = 0.0
    with torch.random.fork_rng():
        for number in range(context.critic_steps + 1):
            if number == 1:
                started = _now(batches.device)
            # The last turn is the one at which everybody moves: it warms up all there is.
            context.take_turn(number + context.critic_steps - 1)
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
