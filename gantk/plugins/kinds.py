"""The kinds of parts that a plugin may bring: one row each, from which everything else about a kind follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, kw_only=True)
class PartKind:
    """A kind of part; its name is that of the hook which answers it.

    Attributes:
        title: what a list of them is headed with, and how one is named.
        takes: what its factory is called with, before its options.
        base: module and name of the class that it is derived from, by name since torch may lack; None: of none.
        prefix: what stands before the names of its options; `{role}` is a network's role, `{plugin}` the plugin's name.
        example: how one is used; `{name}` is its plugin, `{recipe}` a recipe.
        option: what the help of `gantk train` says of the option by which one is chosen; empty: none chooses it.
    """

    title: str
    takes: tuple[str, ...] = ()
    base: tuple[str, str] | None = None
    prefix: str
    example: str
    option: str = ""

    @property
    def is_network(self) -> bool:
        """Whether it is a network, which is made for a spec."""
        return "spec" in self.takes

    @property
    def by_role(self) -> bool:
        """Whether each network has one of its own, chosen by the network's role."""
        return "{role}" in self.prefix


KINDS: Mapping[str, PartKind] = MappingProxyType(
    {
        "recipe": PartKind(
            title="Recipes (gantk train --plugin NAME)",
            takes=("build",),
            base=("gantk.recipe.recipe", "Recipe"),
            prefix="",
            example="gantk train --plugin {name}",
        ),
        "generator": PartKind(
            title="Generators (--generator NAME)",
            takes=("spec", "build"),
            prefix="generator.",
            example="gantk train --plugin {recipe} --generator {name}",
            option="The plugin whose generator is used.",
        ),
        "discriminator": PartKind(
            title="Discriminators (--discriminator NAME)",
            takes=("spec", "build"),
            prefix="discriminator.",
            example="gantk train --plugin {recipe} --discriminator {name}",
            option="The plugin whose discriminator is used.",
        ),
        "loss": PartKind(
            title="Losses (--loss NAME)",
            base=("gantk.parts.losses", "AdversarialLoss"),
            prefix="loss.",
            example="gantk train --plugin {recipe} --loss {name}",
            option="The plugin whose adversarial game is played.",
        ),
        "normalization": PartKind(
            title="Normalizations (--normalization NAME)",
            base=("gantk.parts.normalization", "Normalization"),
            prefix="normalization.{role}.",
            example="gantk train --plugin {recipe} --normalization {name}",
            option="Normalization of all networks, or of one role's.",
        ),
        "augmentation": PartKind(
            title="Augmentations (--augmentation NAME)",
            base=("gantk.parts.augmentation", "Augmentation"),
            prefix="augmentation.",
            example="gantk train --plugin {recipe} --augmentation {name}",
            option="What images go through before a discriminator sees them, for little data.",
        ),
        "dataset": PartKind(
            title="Data sets (--data NAME)",
            takes=("argument",),
            prefix="data.",
            example="gantk train --plugin {recipe} --data {name}",
        ),
        "metric": PartKind(
            title="Metrics (gantk evaluate RUN --metric NAME)",
            base=("gantk.recipe.metric", "Metric"),
            prefix="{plugin}.",
            example="gantk evaluate runs/RUN --metric {name}",
        ),
    }
)
"""Every kind, by its hook, in the order in which they are listed."""

CHOSEN = tuple(kind for kind, row in KINDS.items() if row.option)
"""The kinds that fill slots of a recipe: the user's, or the recipe's own."""

NETWORKS = tuple(kind for kind, row in KINDS.items() if row.is_network)
"""The kinds that are networks: the usual roles of a recipe's networks, too."""
