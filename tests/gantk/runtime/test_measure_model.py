"""`model.encode` and `model.score`, and translation at the one size that a model takes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gantk
from gantk.errors import DataError
from gantk.runtime.fitted import fitted

MakeModel = Callable[..., Path]


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def means(*images: np.ndarray) -> np.ndarray:
    return np.stack([image.mean((0, 1), dtype=np.float64) for image in images])


def test_an_image_of_any_form_becomes_a_vector(make_encoder: MakeModel, tmp_path: Path) -> None:
    model = gantk.load(make_encoder())
    image = noise(5, 8)
    Image.fromarray(image).save(tmp_path / "a.png")
    np.save(tmp_path / "a.npy", image)
    for given in (image, Image.fromarray(image), tmp_path / "a.png", str(tmp_path / "a.npy")):
        vector = model.encode(given)
        assert vector.dtype == np.float32
        assert vector == pytest.approx(means(image)[0], rel=1e-6)


def test_several_images_become_rows_in_their_order(make_encoder: MakeModel, tmp_path: Path) -> None:
    model = gantk.load(make_encoder())
    images = [noise(5, 8, 1), noise(5, 8, 2), noise(3, 3, 3), noise(5, 8, 4)]
    Image.fromarray(images[0]).save(tmp_path / "a.png")
    for batch_size in (1, 2, 16):
        several = model.encode([tmp_path / "a.png", *images[1:]], batch_size=batch_size)
        assert several == pytest.approx(means(*images), rel=1e-6)
    assert model.encode(np.stack(images[:2])) == pytest.approx(means(*images[:2]), rel=1e-6)
    assert model.encode([images[0]]).shape == model.encode(images[0][None]).shape == (1, 3)
    assert model.encode([np.stack(images[:2]), images[2]]).shape == (3, 3)


def test_several_vectors_come_by_their_names(make_encoder: MakeModel) -> None:
    model = gantk.load(make_encoder("latent", "c1"))
    image = noise(4, 4)
    vectors = model.encode(image)
    assert list(vectors) == ["latent", "c1"]
    assert vectors["c1"] == pytest.approx(means(image)[0] - 128, rel=1e-5)
    assert model.encode([image, image])["c1"].shape == (2, 3)


def test_scores_are_numbers(make_encoder: MakeModel) -> None:
    model = gantk.load(make_encoder("energy"))
    images = [noise(5, 8, 1), noise(6, 4, 2)]
    assert isinstance(model.score(images[0]), float)
    assert model.score(images[0]) == pytest.approx(images[0].mean())
    assert model.score(images) == pytest.approx([image.mean() for image in images])
    assert model.score(np.stack([images[0]] * 2)).shape == (2,)


def test_pictures_are_brought_to_the_size_of_an_encoder(make_encoder: MakeModel) -> None:
    model = gantk.load(make_encoder(size=4))
    image = noise(12, 9)
    seen = fitted(image, (4, 4))
    assert model.encode(Image.fromarray(image)) == pytest.approx(means(seen)[0], rel=1e-6)
    assert model.encode(seen) == pytest.approx(means(seen)[0], rel=1e-6)
    with pytest.raises(DataError, match="takes 4x4 pixels, and an array as it is, not 12x9"):
        model.encode(image)
    with pytest.raises(DataError, match="not 12x9"):
        model.encode(image[None])


def test_a_translation_has_the_size_of_its_model(make_model: MakeModel) -> None:
    model = gantk.load(make_model(size=6))
    image, alpha = noise(12, 15), noise(12, 15, 1)[..., :1]
    answer = model(Image.fromarray(image))
    assert answer.size == (6, 6)
    assert np.array_equal(np.asarray(answer), 255 - fitted(image, (6, 6)))
    clear = np.asarray(model(Image.fromarray(np.concatenate([image, alpha], axis=-1))))
    assert np.array_equal(clear[..., 3:], fitted(alpha, (6, 6)))
    assert np.array_equal(model(fitted(image, (6, 6))), 255 - fitted(image, (6, 6)))
    with pytest.raises(DataError, match="takes 6x6 pixels"):
        model(image)


def test_nothing_is_no_image(make_encoder: MakeModel) -> None:
    model = gantk.load(make_encoder())
    with pytest.raises(DataError, match="no images"):
        model.encode([])
    with pytest.raises(DataError, match="not list"):
        model.encode([[1, 2]])
