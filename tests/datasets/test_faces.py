"""Drawn faces: what is exaggerated is known, and images show their landmarks."""

import numpy as np
import pytest

from gantk import DataError, UsageError
from gantk_datasets.faces import LOOKS, NUMBERS, faces, landmarks_of


def test_line_drawings_are_as_many_times_as_far_from_the_mean_face():
    mean = landmarks_of(np.zeros(NUMBERS)).reshape(-1)
    away = {
        factor: faces(None, factor=factor, count=200).split("landmarked", False, 8).columns for factor in (1.0, 1.7)
    }
    spread = [
        np.linalg.norm(columns[key].reshape(200, -1) - mean, axis=1).mean()
        for columns, key in ((away[1.7], "a_points"), (away[1.7], "b_points"))
    ]
    assert spread[1] / spread[0] == pytest.approx(1.7, rel=0.12)


def test_there_are_63_landmarks_within_the_image_and_the_mouth_is_red():
    columns = faces(None, count=20, looks=1).split("landmarked", False, 64).columns
    points, images = columns["b_points"], columns["b"].array
    assert (points.shape, points.dtype, images.shape) == ((20, 63, 2), np.float32, (20, 64, 64, 3))
    assert np.abs(points).max() < 1
    x, y = ((points[:, -12:].mean(1) + 1) * 32).astype(int).T
    red, green, _ = images[np.arange(20), y, x].astype(int).T
    assert np.median(red - green) > 80


def test_drawings_have_other_looks_than_photographs_and_the_same_shapes_in_whichever():
    columns = faces(None, count=40).split("landmarked", False, 32).columns
    corners = {tuple(image[0, 0].tolist()) for image in columns["b"].array}
    assert corners == {look.ground for look in LOOKS}
    assert {tuple(image[0, 0].tolist()) for image in columns["a"].array} == {(255, 255, 255)}
    ink = faces(None, count=40, looks=1).split("landmarked", False, 32).columns
    assert np.array_equal(ink["b_points"], columns["b_points"])
    assert (ink["b"].array[:, 0, 0] == 255).all()
    # Light falls off over a photograph's cheek; a drawing's has one colour.
    for side, shades in (("a", True), ("b", False)):
        assert (len(np.unique(ink[side].array[0, 18, 10:13, 0])) > 1) is shades
    assert "in 4 looks" in faces(None).summary
    assert "looks" not in faces(None, looks=1).summary
    assert faces(None, looks=1).fingerprint() != faces(None).fingerprint()


def test_shares_differ_and_follow_from_the_seed():
    one, two = faces(None, count=10), faces(None, count=10, seed=1)
    train, test, other = (
        data.split("landmarked", held, 8).columns["a_points"]
        for data, held in ((one, False), (one, True), (two, False))
    )
    assert (len(train), len(test)) == (10, 1)
    assert not np.array_equal(train[:1], test)
    assert not np.array_equal(train, other)
    assert one.fingerprint() != two.fingerprint()
    assert np.array_equal(faces(None, count=10).split("landmarked", False, 8).columns["a_points"], train)


def test_what_is_wrong_is_said():
    with pytest.raises(UsageError, match=r"faces take no argument; of images of your own: landmarks:FOLDER"):
        faces("smiling")
    for wrong in ({"factor": 0.0}, {"count": 0}, {"seed": -1}, {"looks": 5}):
        with pytest.raises(UsageError, match=f"data.{next(iter(wrong))}={next(iter(wrong.values())):g}"):
            faces(None, **wrong)
    with pytest.raises(DataError, match="serves landmarked batches, not images ones"):
        faces(None).split("images", False, 8)
