"""Crops and flips by albumentations: the same geometry for all images of a sample."""

import os
from collections.abc import Mapping
from functools import cached_property
from math import lcm
from typing import Any

import numpy as np

from gantk.data.dataset import Array
from gantk.sizes import sides_of


class Cropping:
    """Random (training) or central (test) crops of `size`, mirrored at random if `flip`."""

    def __init__(self, size: int | tuple[int, int], *, random: bool, flip: bool) -> None:
        self.sides = sides_of(size)
        self.random = random
        self.flip = flip

    def changes(self, shape: tuple[int, ...]) -> bool:
        """Return whether images of this height and width are cut or mirrored."""
        return (self.flip and self.random) or shape != self.sides

    def __call__(self, images: dict[str, Array], seed: tuple[int, ...]) -> dict[str, Array]:
        """Return images (H, W, C) in their own dtype; the seed alone decides the geometry."""
        if not any(self.changes(image.shape[:2]) for image in images.values()):
            return images
        transform = self._transform(tuple(images))
        if self.random:
            transform.set_random_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
        first, *others = images
        changed = transform(image=images[first], **{key: images[key] for key in others})
        return {first: changed["image"], **{key: changed[key] for key in others}}

    def aligned(self, images: dict[str, Array], shrinks: Mapping[str, int], seed: tuple[int, ...]) -> dict[str, Array]:
        """Return images of several sizes, each as high and wide as `size` / its shrink, that show the same crop.

        `shrinks` says how many times smaller each is than the largest; the crop begins at a pixel of them all.
        """
        step = lcm(*shrinks.values())
        shown = [min(image.shape[axis] * shrinks[key] for key, image in images.items()) for axis in (0, 1)]
        room = [(length - side) // step for length, side in zip(shown, self.sides, strict=True)]
        draw = np.random.default_rng(np.random.SeedSequence(seed)) if self.random else None
        top, left = (step * (int(draw.integers(most + 1)) if draw is not None else most // 2) for most in room)
        turned = draw is not None and self.flip and bool(draw.integers(2))
        cut = {}
        for key, image in images.items():
            first, second, height, width = (length // shrinks[key] for length in (top, left, *self.sides))
            crop = image[first : first + height, second : second + width]
            cut[key] = np.ascontiguousarray(crop[:, ::-1] if turned else crop)
        return cut

    def _transform(self, keys: tuple[str, ...]) -> Any:
        if keys not in self._transforms:
            self._transforms[keys] = self._compose(keys[1:])
        return self._transforms[keys]

    @cached_property
    def _transforms(self) -> dict[tuple[str, ...], Any]:
        return {}

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "_transforms"}

    def _compose(self, others: tuple[str, ...]) -> Any:
        # albumentations looks for updates over the network when it is imported, unless it is told not to.
        os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
        import albumentations

        crop = albumentations.RandomCrop if self.random else albumentations.CenterCrop
        steps = [crop(*self.sides)]
        if self.flip and self.random:
            steps.append(albumentations.HorizontalFlip(p=0.5))
        return albumentations.Compose(steps, additional_targets=dict.fromkeys(others, "image"))
