"""A training takes everything back from a checkpoint."""

from pathlib import Path

from gantk.training.optimizer_state import check_moved
from gantk.training.rehearsal import rehearse
from gantk.training.state import OPTIMIZERS
from gantk.training.training import Training


def resume(training: Training, folder: Path) -> None:
    """Go on from a checkpoint. Raises GantkError, naming another one from which the training could go on."""
    training.run.checkpoints().taken(folder, lambda checkpoint: _take(training, checkpoint))


def _take(training: Training, folder: Path) -> None:
    state = training.state(0)
    state.read(folder, training.world)
    training.start = state.step
    training.batches.load_state(state.positions)
    if not state.records_moves:
        _check_moved(training, folder)


def _check_moved(training: Training, folder: Path) -> None:
    """Rehearse, to know which parameters the losses reach. Raises GantkError where one of them never moved."""
    rehearsal = rehearse(training.runner, training.other_batches, training.context)
    if training.start * training.turns >= training.context.critic_steps:
        check_moved(training.movers, rehearsal.reached, folder / OPTIMIZERS)
