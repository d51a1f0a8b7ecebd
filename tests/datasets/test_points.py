"""The toy distributions: where their points lie, from which streams, and as what they are served."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from gantk import DataError, UsageError
from gantk.data.batches import Crops, TrainingBatches
from gantk.data.held_out import held_out_batch
from gantk.data.kinds import served
from gantk_datasets.points import points

CPU = torch.device("cpu")


def drawn(data, test=False):
    column = data.split("points", test, None).columns["point"]
    assert column.array.shape[1:] == (1, 1, 2)
    assert (column.array.dtype, column.window, column.channels) == (np.float32, (-1.0, 1.0), 2)
    return column.array.reshape(-1, 2).astype(np.float64)


@pytest.mark.parametrize(("shape", "count", "std"), [("ring", 8, 0.01), ("grid", 25, 0.05)])
@pytest.mark.parametrize("test", [False, True])
def test_points_are_gaussian_around_their_modes(shape, count, std, test):
    data = points(shape, count=40_000)
    assert (data.modes.shape, data.modes.dtype, data.std) == ((count, 2), np.float64, std)
    found = drawn(data, test)
    offsets = found[:, None] - data.modes
    nearest = (offsets**2).sum(2).argmin(1)
    near = offsets[np.arange(len(found)), nearest]
    share = np.bincount(nearest, minlength=count) / len(found)
    assert np.abs(share - 1 / count).max() < 5 * np.sqrt(1 / count / len(found))
    np.testing.assert_allclose(near.std(0), std, rtol=0.05)
    assert np.abs(near.mean(0)).max() < 5 * std / np.sqrt(len(found))
    assert abs(np.corrcoef(near.T)[0, 1]) < 5 / np.sqrt(len(found))
    # Of a two-dimensional Gaussian, 1 - exp(-9 / 2) lies within three standard deviations.
    within = ((near**2).sum(1) < 9 * std**2).mean()
    assert within == pytest.approx(1 - np.exp(-4.5), abs=5 * np.sqrt(0.011 / len(found)))


def test_modes_lie_where_the_papers_code_has_them():
    ring, grid = points("ring").modes, points("grid").modes
    np.testing.assert_allclose(np.hypot(*ring.T), 1)
    np.testing.assert_allclose(ring[[0, 2, 4, 6]], [[1, 0], [0, 1], [-1, 0], [0, -1]], atol=1e-12)
    assert {tuple(mode) for mode in grid.tolist()} == {(x, y) for x in range(-4, 5, 2) for y in range(-4, 5, 2)}


def test_the_swiss_roll_follows_its_spiral():
    data = points("swiss-roll", count=20_000)
    assert (data.modes.shape, data.std) == ((0, 2), None)
    found = drawn(data)
    t = np.linspace(1.5 * np.pi, 4.5 * np.pi, 4000)
    spiral = np.stack([t * np.cos(t), t * np.sin(t)], 1) / 7.5
    distance = np.sqrt(((found[:2000, None] - spiral) ** 2).sum(2).min(1))
    # Across the curve the noise is one Gaussian of 0.25 / 7.5, the mean of whose size is sqrt(2 / pi) of that.
    assert distance.mean() == pytest.approx(np.sqrt(2 / np.pi) * 0.25 / 7.5, rel=0.1)
    radius = np.hypot(*found.T) * 7.5
    assert radius.mean() == pytest.approx(3 * np.pi, rel=0.01)
    assert np.abs(found).max() < 2.1


def test_a_seed_says_which_points_and_shares_share_none():
    data = points(None, count=1000)
    assert data.name == "points-ring"
    assert np.array_equal(drawn(data), drawn(points("ring", count=1000)))
    other = points("ring", count=1000, seed=1)
    shares = (drawn(data), drawn(data, True), drawn(other))
    train, test, another = ({tuple(point) for point in found} for found in shares)
    assert [len(found) for found in (train, test, another)] == [1000, 100, 1000]
    assert not train & test
    assert not train & another
    assert data.fingerprint() != other.fingerprint()
    assert data.fingerprint() == points("ring", count=1000).fingerprint()
    assert len(drawn(points("ring", count=3), True)) == 1


def test_batches_hold_coordinates_as_images_of_one_pixel():
    data = points("grid", count=500)
    assert served(data.kinds) == ("points", "images")
    batches = TrainingBatches(
        dataset=data, kind="images", crops=Crops(size=1), seed=0, device=CPU, batch_size=lambda: 500
    )
    image = next(batches)["image"]
    assert (image.shape, image.dtype) == ((500, 2, 1, 1), torch.float32)
    np.testing.assert_allclose(np.sort(image.flatten(1).numpy(), 0), np.sort(drawn(data), 0), atol=1e-6)
    assert next(batches.of("points"))["point"].shape == (500, 2, 1, 1)
    assert held_out_batch(data, "images", Crops(size=1), 2000, CPU)["image"].shape == (50, 2, 1, 1)


def test_other_sizes_kinds_names_and_numbers_are_refused():
    with pytest.raises(DataError, match="points-ring holds points, which are images of one pixel: train with --size 1"):
        points("ring").split("points", False, 32)
    with pytest.raises(DataError, match="serves points batches, not labelled"):
        points("ring").split("labelled", False, None)
    with pytest.raises(UsageError, match="points:circle: name one of ring, grid, swiss-roll"):
        points("circle")
    for wrong in ({"count": 0}, {"count": 10**8}, {"seed": -1}):
        with pytest.raises(UsageError, match="wanted 1 to 10,000,000 points, and a seed of at least 0"):
            points("ring", **wrong)


def test_summary_licence_and_quick_scale():
    data = points("swiss-roll", count=1234, seed=7)
    assert data.summary == "points:swiss-roll: a Swiss roll, drawn from seed 7, 1,234 points to train, 123 held out"
    assert "8 Gaussians of standard deviation 0.01, drawn from seed 0, 100,000 points" in points("ring").summary
    assert data.licence == "CC0-1.0"
    assert data.quick("images").items() >= {"size": 1, "batch_size": 100, "generator.output": "linear"}.items()


def test_opening_needs_no_torch():
    code = (
        "import sys; from gantk_datasets.points import points; points(None).fingerprint(); "
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
