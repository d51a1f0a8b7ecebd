"""A training that waits for its data."""

from gantk.training.doctor.detector import Logged
from gantk.training.doctor.pace import LOGS, Pace


def found(shares, workers=0):
    detector = Pace()
    return [
        one
        for step, share in enumerate(shares)
        for one in detector.logged(Logged(step, 9, waiting=share, workers=workers))
    ]


def test_much_waiting_in_a_row_is_said_with_the_number_of_workers_to_try():
    (one,) = found([0.5] * LOGS, workers=3)
    assert "50% of the time was spent on waiting for images, read by 3 processes" in one.evidence
    assert one.advice.startswith("--workers 6 ")
    assert "the training itself" in found([0.5] * LOGS)[0].evidence


def test_little_waiting_a_single_log_or_an_unknown_share_is_not():
    assert found([0.1] * 9) == found([0.9, 0.1, 0.9, 0.1, 0.9]) == found([None] * 9) == []
