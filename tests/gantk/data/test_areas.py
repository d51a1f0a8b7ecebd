"""Label maps of any ids are told from grey pictures."""

import numpy as np
import pytest

from gantk.data.areas import are_ids, values_in_areas

ROWS, COLUMNS = np.mgrid[:64, :64]


def maps(classes: int, ignored: bool) -> list[np.ndarray]:
    """Label maps of stripes and blocks; in all of them together each class is there."""
    made = []
    for number in range(max(classes // 8, 3)):
        ids = (number * 8 + ROWS // 24 * 3 + COLUMNS // 24) % classes
        if ignored:
            ids[:6] = 255
        made.append(ids.astype(np.uint8)[..., None])
    return made


def enlarged(image: np.ndarray) -> np.ndarray:
    return image.repeat(4, axis=0).repeat(4, axis=1)


SMOOTH = [(127 + 127 * np.sin(ROWS / 20 + n) * np.cos(COLUMNS / 15)).astype(np.uint8)[..., None] for n in range(4)]
NOISE = [np.random.default_rng(n).integers(0, 256, (64, 64, 1)).astype(np.uint8) for n in range(3)]


@pytest.mark.parametrize(("classes", "ignored"), [(151, False), (182, True), (19, True), (2, True), (200, False)])
def test_label_maps_are_told_by_their_areas(classes: int, ignored: bool) -> None:
    assert are_ids([values_in_areas(image) for image in maps(classes, ignored)])


@pytest.mark.parametrize(
    "images",
    [
        SMOOTH,
        NOISE,
        [enlarged(image) for image in SMOOTH + NOISE],
        [(ROWS * 4).astype(np.uint8)[..., None]] * 3,
        [(COLUMNS * 4).astype(np.uint8)[..., None]] * 3,
        # A photograph at night, and one that is cut out.
        [np.where(image > 200, image, 0) for image in SMOOTH],
        [np.where((ROWS - 32) ** 2 + (COLUMNS - 32) ** 2 < 200, image[..., 0], 255)[..., None] for image in SMOOTH],
        # Black and white, with a few greys, and one map among pictures.
        [(image > 127).astype(np.uint8) * 255 for image in SMOOTH],
        [image // 64 * 85 for image in SMOOTH],
        [*maps(151, False), SMOOTH[0]],
        [np.repeat(image, 3, axis=2) for image in maps(151, False)],
        [image.astype(np.float32) for image in maps(151, False)],
        [],
    ],
)
def test_pictures_are_not_taken_for_label_maps(images: list[np.ndarray]) -> None:
    assert not are_ids([values_in_areas(image) for image in images])
