"""The rehearsal of a whole run before step 1: each stage that is left, its preview, its graphs, and its time."""

from gantk.data.workers import check_room
from gantk.training.announcement import announced
from gantk.training.exhibits import Exhibits
from gantk.training.pace import Expected
from gantk.training.rehearsal import rehearse
from gantk.training.training import Training


def rehearse_run(training: Training) -> Expected:
    """Rehearse all stages that are left, which moves nobody, and say what will be trained and how long it takes.

    Return the time that it takes. Raises PluginError.
    """
    spans, left = training.course.spans, training.course.number_at(training.start)
    seconds, notes = [0.0] * left, list[str]()
    for number in range(left, len(spans)):
        with training.visiting(number):
            batches = training.other_batches
            seconds.append(rehearse(training.runner, batches, training.context).seconds * training.turns)
            check_room(batches.batch_bytes, training.batches.workers)
            notes += _lost_places(training, spans[number].begin, batches.kinds)
            batches.close()
            notes += Exhibits(training).rehearse()
    expected = Expected(tuple(seconds), tuple(span.end for span in spans))
    for line in (*dict.fromkeys(notes), *announced(training, expected.left(training.start))):
        training.say(line)
    return expected


def _lost_places(training: Training, begin: int, kinds: list[str]) -> list[str]:
    """Return a warning where a run goes on in a stage, from batches whose positions its checkpoint does not say."""
    known = training.batches.state()
    lost = [kind for kind in kinds if training.start > begin and not known.get(kind)]
    return [
        f"warning: the checkpoint of step {training.start} does not say how far the data had been read ({kind}): it is "
        "read from its beginning, so the run goes on otherwise than it would have"
        for kind in lost
    ]
