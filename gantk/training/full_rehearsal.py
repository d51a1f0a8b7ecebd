"""The rehearsal of a whole run before step 1: each stage that is left, its preview, its graphs, and its time."""

from gantk.data.workers import check_room
from gantk.training.announcing import announced
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
            batches.close()
            notes += Exhibits(training).rehearse()
    expected = Expected(tuple(seconds), tuple(span.end for span in spans))
    for line in (*dict.fromkeys(notes), *announced(training, expected.left(training.start))):
        training.say(line)
    return expected
