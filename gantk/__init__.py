"""gantk: train image-translation networks and GANs, write new ones as plugins, run them as ONNX.

The names below are the public API; everything else may move. They are imported when first used, so that
`import gantk` needs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gantk.data.chosen import one_domain
    from gantk.data.dataset import ArrayImages, Dataset, Group, Images, Split
    from gantk.data.few_labels import few_labels, some_labels
    from gantk.data.kinds import Kind
    from gantk.data.palettes import LabelMaps, Palette
    from gantk.data.windows import from_window, to_window
    from gantk.errors import DataError, GantkError, PluginError, Unsupported, UsageError
    from gantk.hookspecs import hookimpl
    from gantk.parts.augmentation import Augmentation, Drawn
    from gantk.parts.build import Build
    from gantk.parts.context import Informed, StageProgress
    from gantk.parts.data_info import DataInfo
    from gantk.parts.discriminator import Discriminator
    from gantk.parts.initialization import initialize_he, initialize_normal
    from gantk.parts.iterated import Iterated
    from gantk.parts.losses import AdversarialLoss, Losses, Points, named
    from gantk.parts.networks import Critic, Network, Scores, single_scores
    from gantk.parts.normalization import Normalization
    from gantk.parts.scheduled import Scheduled, value_at
    from gantk.parts.schedules import Constant, Cosine, Exponential, HalfLife, Linear, Schedule, Stepwise, WarmUp
    from gantk.parts.settings import Settings
    from gantk.parts.slopes import score_gradients
    from gantk.parts.specs import DiscriminatorSpec, GeneratorSpec
    from gantk.parts.wrapper import Wrapper
    from gantk.recipe.graph import Graph, Inference
    from gantk.recipe.metric import Metric, Score, Subject
    from gantk.recipe.player import Player
    from gantk.recipe.ports import Caption, Category, Image, Latent, Scalar, Vector
    from gantk.recipe.recipe import Batch, Batches, Defaults, Mean, Move, Recipe, Step
    from gantk.recipe.stage import Stage
    from gantk.runtime.model import Model
    from gantk.runtime.model_file import load
    from gantk.steering.handle import Run, train

__version__ = "0.2.0"

HOOK_API = "1.0"
"""The version of what plugins are written against: see docs/hooks.md."""

_HOMES = {
    "gantk.data.dataset": ("ArrayImages", "Dataset", "Group", "Images", "Split"),
    "gantk.data.chosen": ("one_domain",),
    "gantk.data.few_labels": ("few_labels", "some_labels"),
    "gantk.data.kinds": ("Kind",),
    "gantk.data.palettes": ("LabelMaps", "Palette"),
    "gantk.data.windows": ("from_window", "to_window"),
    "gantk.errors": ("DataError", "GantkError", "PluginError", "Unsupported", "UsageError"),
    "gantk.hookspecs": ("hookimpl",),
    "gantk.parts.augmentation": ("Augmentation", "Drawn"),
    "gantk.parts.build": ("Build",),
    "gantk.parts.data_info": ("DataInfo",),
    "gantk.parts.context": ("Informed", "StageProgress"),
    "gantk.parts.initialization": ("initialize_he", "initialize_normal"),
    "gantk.parts.iterated": ("Iterated",),
    "gantk.parts.losses": ("AdversarialLoss", "Losses", "Points", "named"),
    "gantk.parts.discriminator": ("Discriminator",),
    "gantk.parts.networks": ("Critic", "Network", "Scores", "single_scores"),
    "gantk.parts.normalization": ("Normalization",),
    "gantk.parts.schedules": (
        "Constant",
        "Cosine",
        "Exponential",
        "HalfLife",
        "Linear",
        "Schedule",
        "Stepwise",
        "WarmUp",
    ),
    "gantk.parts.scheduled": ("Scheduled", "value_at"),
    "gantk.parts.settings": ("Settings",),
    "gantk.parts.slopes": ("score_gradients",),
    "gantk.parts.specs": ("DiscriminatorSpec", "GeneratorSpec"),
    "gantk.parts.wrapper": ("Wrapper",),
    "gantk.recipe.graph": ("Graph", "Inference"),
    "gantk.recipe.metric": ("Metric", "Score", "Subject"),
    "gantk.recipe.player": ("Player",),
    "gantk.recipe.ports": ("Caption", "Category", "Image", "Latent", "Scalar", "Vector"),
    "gantk.recipe.recipe": ("Batch", "Batches", "Defaults", "Mean", "Move", "Recipe", "Step"),
    "gantk.recipe.stage": ("Stage",),
    "gantk.runtime.model": ("Model",),
    "gantk.runtime.model_file": ("load",),
    "gantk.steering.handle": ("Run", "train"),
}

__all__ = [
    "HOOK_API",
    "AdversarialLoss",
    "ArrayImages",
    "Augmentation",
    "Batch",
    "Batches",
    "Build",
    "Caption",
    "Category",
    "Constant",
    "Cosine",
    "Critic",
    "DataError",
    "DataInfo",
    "Dataset",
    "Defaults",
    "Discriminator",
    "DiscriminatorSpec",
    "Drawn",
    "Exponential",
    "GantkError",
    "GeneratorSpec",
    "Graph",
    "Group",
    "HalfLife",
    "Image",
    "Images",
    "Inference",
    "Informed",
    "Iterated",
    "Kind",
    "LabelMaps",
    "Latent",
    "Linear",
    "Losses",
    "Mean",
    "Metric",
    "Model",
    "Move",
    "Network",
    "Normalization",
    "Palette",
    "Player",
    "PluginError",
    "Points",
    "Recipe",
    "Run",
    "Scalar",
    "Schedule",
    "Scheduled",
    "Score",
    "Scores",
    "Settings",
    "Split",
    "Stage",
    "StageProgress",
    "Step",
    "Stepwise",
    "Subject",
    "Unsupported",
    "UsageError",
    "Vector",
    "WarmUp",
    "Wrapper",
    "few_labels",
    "from_window",
    "hookimpl",
    "initialize_he",
    "initialize_normal",
    "load",
    "named",
    "one_domain",
    "score_gradients",
    "single_scores",
    "some_labels",
    "to_window",
    "train",
    "value_at",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'gantk' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
