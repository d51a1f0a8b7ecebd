"""The further inputs of image files: the same for all, or an image of a folder that has the file's name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gantk.errors import DataError
from gantk.runtime.card import Card
from gantk.runtime.files import images_in
from gantk.runtime.given import Given


class Partners:
    """What is said of a model's inputs, for one image file after another.

    Args:
        card: what the model says of itself.
        said: values by input, as `Given` takes them; the path of a folder means the image in it whose name is the
            file's, the suffix apart.
        seed: what latents follow from that are not said.

    Raises what `Given` raises, and DataError where a folder holds no images, or two of one name.
    """

    def __init__(self, card: Card, said: Mapping[str, Any], seed: int = 0) -> None:
        self._card, self._said, self._seed = card, said, seed
        self._folders = {
            name: _by_stem(path) for name, path in said.items() if isinstance(path, Path) and path.is_dir()
        }
        firsts = {name: next(iter(images.values())) for name, images in self._folders.items()}
        # An input that is missing or wrong is said before the first image is read.
        self._first = Given(card, {**said, **firsts}, seed)

    def of(self, file: Path) -> Given:
        """Return the further inputs of an image file. Raises DataError where a folder has no image of its name."""
        if not self._folders:
            return self._first
        found = {}
        for name, images in self._folders.items():
            if file.stem not in images:
                raise DataError(f"{self._said[name]} has no image called {file.stem} to be its {name}")
            found[name] = images[file.stem]
        return Given(self._card, {**self._said, **found}, self._seed)


def _by_stem(folder: Path) -> dict[str, Path]:
    """Return the images of a folder by their names without suffixes. Raises DataError where that is not clear."""
    images: dict[str, Path] = {}
    for image in images_in(folder):
        if image.stem in images:
            raise DataError(f"{images[image.stem]} and {image} have one name, the suffix apart: rename one of them")
        images[image.stem] = image
    return images
