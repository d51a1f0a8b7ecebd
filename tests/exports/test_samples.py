"""What models are tried with."""

import numpy as np

from gantk.data.infos import ImageInfo
from gantk.plan.tensors import numbers, port
from gantk.recipe.ports import Category, Latent, Vector
from gantk.runtime.random import draw
from gantk.runtime.samples import samples, shape

LATENT = numbers(Latent(name="noise", length=6, distribution="uniform"), ())
LABEL = numbers(Category(count=3), ())
DEEP = ImageInfo(1, "uint16", (100.0, 60100.0))


def test_each_input_gets_what_suits_it() -> None:
    noise, label, pixels, values = samples(
        (LATENT, LABEL, port("image", "a", DEEP, "uint8"), port("image", "a", DEEP, "float")), 7, 5, 4
    )
    assert np.array_equal(noise, draw("noise", "uniform", 7, 6, seed=7))
    assert (label.tolist(), label.dtype) == ([0, 1, 2, 0, 1, 2, 0], np.int64)
    assert (pixels.shape, pixels.dtype, values.shape, values.dtype) == (
        (7, 5, 4, 1),
        np.uint16,
        (7, 1, 5, 4),
        np.float32,
    )
    assert 100 <= pixels.min() < 5000 < 55000 < pixels.max() <= 60100
    assert -1 <= values.min() < -0.9 < 0.9 < values.max() <= 1


def test_samples_are_alike_each_time_and_differ_by_batch() -> None:
    image = port("image", "a", DEEP, "float")
    (first,), (again,), (other,) = samples((image,), 1, 4, 4), samples((image,), 1, 4, 4), samples((image,), 2, 4, 4)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other[:1])


def test_shapes_are_the_cards() -> None:
    assert shape(port("image", "a", DEEP, "uint8"), 2, 5, 4) == (2, 5, 4, 1)
    assert shape(port("image", "a", DEEP, "float"), 2, 5, 4) == (2, 1, 5, 4)
    assert shape(LATENT, 2, 5, 4) == (2, 6)
    assert shape(LABEL, 2, 5, 4) == (2,)
    assert shape(numbers(Vector(name="score"), ()), 2, 5, 4) == (2,)
    assert shape(numbers(Vector(name="c2", length=1), ()), 2, 5, 4) == (2, 1)


def test_only_a_label_that_fits_has_the_names_of_the_classes() -> None:
    classes = ("cat", "dog", "cow")
    assert numbers(Category(count=3), classes).names == classes
    assert numbers(Category(count=4), classes).names == ()
    assert numbers(Category(name="c1", count=3), classes).names == ()
    assert numbers(Category(count=3, names=("x", "y", "z")), classes).names == ("x", "y", "z")
