"""Every check there is: what it is called, what it shows, and which plugins it is for."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from gantk.plugins.entrypoints import InstalledPlugin
from gantk.plugins.hooks import hook_arguments
from gantk.plugins.kinds import CHOSEN, KINDS

if TYPE_CHECKING:
    from gantk.testing.checked import CheckedPlugin


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        name: what it is called; the function that makes it bears this name, with `_` for `-`.
        shows: what holds where it passes, in a sentence.
        home: the module of `gantk.testing` in which its function stands.
        hooks: it is for plugins that answer one of these; empty: for all.
        needs: the check without which this one shows nothing.
        fresh: whether it must be made in a process that has imported no more than what the plugin may.
    """

    name: str
    shows: str
    home: str
    hooks: tuple[str, ...] = ()
    needs: str = ""
    fresh: bool = False

    def applies(self, plugin: InstalledPlugin) -> bool:
        """Return whether the check is for a plugin, by what its source answers."""
        return not self.hooks or any(hook in plugin.hooks for hook in self.hooks)

    @property
    def trains(self) -> bool:
        """Whether it needs more than reading the plugin: what trainings import, which takes seconds."""
        return self.home not in ("hooks", "options")

    @property
    def function(self) -> "Callable[[CheckedPlugin], str]":
        """The function that makes the check: returns what it saw, or raises Failure or Skip."""
        function: Callable[[CheckedPlugin], str] = getattr(
            import_module(f"gantk.testing.{self.home}"), self.name.replace("-", "_")
        )
        return function


PARTS = tuple(KINDS)
NETWORKED = tuple(kind for kind, row in KINDS.items() if row.is_network or row.by_role)
CITED = tuple(hook for hook in PARTS if hook != "dataset")
HEARD = tuple(hook for hook in hook_arguments() if hook not in (*PARTS, "exported", "evaluated"))
TRAINED = ("recipe", *CHOSEN, *HEARD)
BUILT = ("recipe", *NETWORKED, *HEARD)
EXPORTED = ("recipe", "generator", "normalization", "network_built", "exported")

CHECKS = (
    Check("hooks", "its hooks and their arguments are gantk's, and each returns what makes its part", "hooks"),
    Check("paper", "its docstring cites a paper, or says that it is unpublished", "hooks", CITED),
    Check(
        "option-kinds", "options are keyword-only, with a default and a type that the default is of", "options", PARTS
    ),
    Check("option-names", "no option of a recipe bears the name of a setting", "options", ("recipe",)),
    Check("option-help", "the docstring says of each option what it is", "options", PARTS),
    Check("imports", "importing it imports no package that need not be", "imports", fresh=True),
    Check("import-effects", "importing it writes, starts, connects and prints nothing", "imports", fresh=True),
    Check("import-state", "importing it changes no global state", "imports", fresh=True),
    Check(
        "finite", "networks give finite numbers of the right shape and range for several batches", "networks", NETWORKED
    ),
    Check(
        "responds", "what a network gives changes with each of its inputs, alone as in a batch", "networks", NETWORKED
    ),
    Check("gradients", "a gradient reaches every parameter, and what a discriminator scores", "networks", NETWORKED),
    Check("features", "inner activations are those that the answer is made of", "networks", NETWORKED),
    Check("repeats", "the same seed gives the same network and the same answer", "networks", NETWORKED),
    Check("autocast", "networks compute under bfloat16 autocast, forwards and backwards", "networks", NETWORKED),
    Check(
        "declares",
        "a normalization is what it says of itself, and mixes samples only if so",
        "norms",
        ("normalization",),
    ),
    Check(
        "conditions", "a normalization heeds a conditioning vector or map, or refuses it", "norms", ("normalization",)
    ),
    Check("scalars", "both sides of a game are finite scalars, means over scores of any shape", "losses", ("loss",)),
    Check("sides", "a game's two sides pull fake scores in opposite directions", "losses", ("loss",)),
    Check("falls", "both sides of a game fall when points, or a critic, are moved down them", "critics", ("loss",)),
    Check("detached", "the discriminator's losses leave the fake images' maker alone", "critics", ("loss",)),
    Check(
        "differentiable",
        "an augmentation keeps the shape of images, and gradients pass through it twice",
        "augmentations",
        ("augmentation",),
    ),
    Check("maps", "an augmentation moves label maps without mixing classes", "augmentations", ("augmentation",)),
    Check("trains", "four steps train in float32, with finite losses, previews and checkpoints", "recipes", TRAINED),
    Check("moves", "every player's networks move at its moves, and no other", "moves", TRAINED),
    Check("reaches", "each player's losses reach every parameter that it moves", "moves", ("recipe",)),
    Check("bf16", "two steps train in bfloat16", "recipes", BUILT, needs="trains"),
    Check("resume", "two steps, a stop and two steps are four steps, bit for bit", "recipes", TRAINED, needs="trains"),
    Check("processes", "two processes make the same moves, and hold the same weights", "ranks", BUILT, needs="trains"),
    Check("state", "building and training change no global state", "recipes", TRAINED, needs="trains"),
    Check("seeding", "building and training leave torch's seed alone", "recipes", TRAINED, needs="trains"),
    Check(
        "partners",
        "two steps train with parts of others in the recipe's slots",
        "partners",
        ("recipe",),
        needs="trains",
    ),
    Check("export", "each graph's ONNX model agrees with torch", "recipes", EXPORTED, needs="trains"),
    Check("opens", "a data set opens, and says what it is", "datasets", ("dataset",)),
    Check(
        "batches",
        "each kind of batches has its keys, images of one window, and labels in range",
        "datasets",
        ("dataset",),
        needs="opens",
    ),
    Check(
        "same-twice",
        "the same row is the same image, read again, pickled, or opened anew",
        "datasets",
        ("dataset",),
        needs="opens",
    ),
    Check("held-out", "what is held out is not trained on", "datasets", ("dataset",), needs="opens"),
    Check(
        "measures", "a metric gives finite scores with a protocol, the same for the same seed", "metrics", ("metric",)
    ),
)
"""In the order in which they are made: what reads the source first, what trains last."""
