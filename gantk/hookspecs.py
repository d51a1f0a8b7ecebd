"""Everything that a plugin may answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from torch import Tensor, nn

    from gantk.data.dataset import Dataset
    from gantk.parts.augmentation import Augmentation
    from gantk.parts.build import Build
    from gantk.parts.losses import AdversarialLoss
    from gantk.parts.normalization import Normalization
    from gantk.recipe.metric import Metric, Score
    from gantk.recipe.recipe import Recipe
    from gantk.runs.run import Run

hookspec = pluggy.HookspecMarker("gantk")
hookimpl = pluggy.HookimplMarker("gantk")


@hookspec(firstresult=True)
def recipe() -> type[Recipe] | None:
    """Return the training algorithm."""


@hookspec(firstresult=True)
def generator() -> Callable[..., nn.Module] | None:
    """Return what builds a network that makes images: `(spec, build, *, options) -> nn.Module`."""


@hookspec(firstresult=True)
def discriminator() -> Callable[..., nn.Module] | None:
    """Return what builds a network that scores images: `(spec, build, *, options) -> nn.Module`."""


@hookspec(firstresult=True)
def loss() -> type[AdversarialLoss] | None:
    """Return the adversarial game's two losses."""


@hookspec(firstresult=True)
def normalization() -> type[Normalization] | None:
    """Return how activations or weights are normalized."""


@hookspec(firstresult=True)
def augmentation() -> type[Augmentation] | None:
    """Return what images go through before a discriminator sees them."""


@hookspec(firstresult=True)
def dataset() -> Callable[..., Dataset] | None:
    """Return what opens the images to train on: `(argument, *, options) -> Dataset`."""


@hookspec(firstresult=True)
def metric() -> type[Metric] | None:
    """Return a measure of what was trained."""


@hookspec
def network_built(network: nn.Module, role: str, build: Build) -> nn.Module | None:
    """Replace or wrap a network after it is built."""


@hookspec
def run_started(run: Run) -> None:
    """Act before the first step."""


@hookspec
def step_ended(run: Run, step: int, losses: Mapping[str, Tensor]) -> None:
    """Act after a step; the losses are still on the device."""


@hookspec
def previewed(run: Run, step: int, images: Path) -> None:
    """Act on a preview grid that was written."""


@hookspec
def checkpoint_saved(run: Run, path: Path) -> None:
    """Act on a checkpoint that was written."""


@hookspec
def evaluated(run: Run, step: int, scores: Sequence[Score]) -> None:
    """Act on scores that were measured."""


@hookspec
def exported(run: Run, model: Path) -> None:
    """Act on a verified model that was written."""


@hookspec
def run_ended(run: Run, error: BaseException | None) -> None:
    """Act after the last step, or after what ended the run."""
