"""A resumed training, which takes everything back from a checkpoint."""

from pathlib import Path

from gantk.errors import UsageError
from gantk.training.optimizer_state import check_moved
from gantk.training.rehearsal import rehearse
from gantk.training.state import OPTIMIZERS, read_facts
from gantk.training.training import Training


def resume(training: Training, folder: Path) -> None:
    """Go on from a checkpoint. Raises GantkError, naming another one from which the training could go on."""
    training.run.checkpoints().taken(folder, lambda checkpoint: _take(training, checkpoint))
    _refuse_going_back(training)


def _take(training: Training, folder: Path) -> None:
    facts, course = read_facts(folder), training.course
    training.enter(course.number_at(course.trained_to(facts.step, facts.stage).step))
    state = training.state(0)
    state.read(folder, training.world)
    training.start = state.step
    training.batches.load_state(state.positions)
    if not state.records_moves:
        _check_moved(training, folder)


def _refuse_going_back(training: Training) -> None:
    """Raise UsageError where a run of another length would go on in an earlier stage than it stands in."""
    course, start = training.course, training.start
    if course.number_at(start) < training.stage:
        span = course.spans[training.stage]
        raise UsageError(
            f"step {start} is in stage {span.name}, which would begin at step {span.begin} of {course.total} only: say "
            "--steps with a smaller number"
        )


def _check_moved(training: Training, folder: Path) -> None:
    """Rehearse, to know which parameters the losses reach. Raises GantkError where one of them never moved."""
    rehearsal = rehearse(training.runner, training.other_batches, training.context)
    if training.start * training.turns >= training.context.critic_steps:
        check_moved(training.movers, rehearsal.reached, folder / OPTIMIZERS)
