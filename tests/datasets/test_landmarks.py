"""Images with landmarks beside them: where the squares lie, and what is said where a landmark is missing."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gantk import DataError, UsageError
from gantk_datasets.landmarks import landmarks, squares_around, within

POINTS = [(10, 20), (30, 20), (20, 40)]


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder of two sides of two images, whose landmarks are dark."""
    monkeypatch.setenv("GANTK_CACHE", str(tmp_path / "cache"))
    for side in ("photos", "caricatures"):
        (tmp_path / side).mkdir()
        for number in range(2):
            image = np.full((60, 50, 3), 200 + number, np.uint8)
            for x, y in POINTS:
                image[y - 1 : y + 2, x - 1 : x + 2] = 0
            Image.fromarray(image).save(tmp_path / side / f"{number}.png")
            (tmp_path / side / f"{number}.txt").write_text("\n".join(f"{x}, {y}" for x, y in POINTS))
    return tmp_path


def test_a_square_lies_around_the_landmarks():
    points = np.array([POINTS], float)
    (square,) = squares_around(points, 1.5)
    assert square.tolist() == [5, 15, 30]
    expected = 2 * (points[0] - [5, 15]) / 30 - 1
    np.testing.assert_allclose(within(points, square[None])[0], expected, rtol=1e-6)


def test_images_show_their_landmarks_whatever_their_size(folder):
    data = landmarks(str(folder))
    assert "1 + 1 images with 3 landmarks to train, 1 + 1 held out" in data.summary
    for load in (28, 56):
        columns = data.split("landmarked", False, load).columns
        image = columns["a"][0]
        assert (image.shape, columns["a_points"].shape) == ((load, load, 3), (1, 3, 2))
        for x, y in (columns["a_points"][0] + 1) * load / 2:
            assert image[int(y), int(x)].max() < 80
    assert data.fingerprint() == landmarks(str(folder)).fingerprint()
    (folder / "photos" / "0.txt").write_text("10 20\n30 20\n21 40")
    assert data.fingerprint() != landmarks(str(folder)).fingerprint()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, r"photos/1.png has no landmarks: write a line `x y` for each, in pixels, to .*photos/1.txt"),
        ("1 2\n3 4", "1.txt has 2 landmarks: there are 3 at least, a line `x y` for each, in pixels"),
        ("1 2\n\n3 4\n5 nose", "1.txt, line 4: wanted two numbers, x and y in pixels, not '5 nose'"),
        ("1 2\n3 4 5\n6 7", "1.txt, line 2: wanted two numbers, x and y in pixels, not '3 4 5'"),
        ("1 2\n3 inf\n6 7", "1.txt, line 2: wanted two numbers"),
        (b"\xff\xfe\x00", "1.txt cannot be read as text: "),
        ("1 2\n3 4\n5 6\n7 8", r"1.txt has 4 landmarks, and .*0.txt 3: give every image as many"),
    ],
)
def test_a_missing_or_wrong_landmark_is_one_line(text, reason, folder):
    file = folder / "photos" / "1.txt"
    file.unlink() if text is None else file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError, match=reason) as raised:
        landmarks(str(folder))
    assert "\n" not in str(raised.value)


def test_what_is_wrong_with_the_folder_is_said(folder, tmp_path):
    with pytest.raises(UsageError, match="data landmarks names a folder: --data landmarks:FOLDER"):
        landmarks(None)
    with pytest.raises(UsageError, match="data.margin 0.5: wanted 1 to 10"):
        landmarks(str(folder), margin=0.5)
    with pytest.raises(DataError, match="has no folder photos or a"):
        landmarks(str(tmp_path / "cache"))
    for number in range(2):
        (folder / "caricatures" / f"{number}.txt").write_text("1 2\n3 4\n5 6\n7 8")
    with pytest.raises(DataError, match=r"0.png has 3 landmarks, and .*0.png 4: give every image as many"):
        landmarks(str(folder))
