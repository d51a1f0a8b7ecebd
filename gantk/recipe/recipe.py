"""The recipe: the training algorithm of one paper."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

from torch import Tensor, nn

from gantk.parts.context import Informed
from gantk.parts.losses import Losses
from gantk.parts.networks import Network
from gantk.parts.settings import Settings
from gantk.recipe.graph import Graph, Inference
from gantk.recipe.player import Player
from gantk.recipe.stage import WHOLE, Stage

Batch = Mapping[str, Any]
"""One batch by key: images are float32 (N, C, H, W) in [-1, 1]; labels and domains int64 (N,)."""


class Batches(Iterator[Batch], Protocol):
    """The stream of batches that a step reads."""

    def of(self, kind: str) -> Iterator[Batch]:
        """Return another stream of the same data, with a position of its own."""


@dataclass(frozen=True)
class Mean:
    """A request to the engine, made by `Recipe.everywhere`."""

    value: Tensor


Move = tuple[str, Losses] | Mapping[str, Losses]
"""A player's name and its losses, or several players' losses, who then move at once."""

Step = Generator[Move | Mean, Tensor, None]
"""What `Recipe.step` returns: it yields moves, and is sent the mean that it asked for."""


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """The parts that a paper uses, by the names of the plugins that bring them; None: the recipe's own plugin."""

    generator: str | None = None
    discriminator: str | None = None
    loss: str | None = None
    normalization: Mapping[str, str | None] = field(default_factory=dict)
    augmentation: str | None = None


class Recipe(Informed, nn.Module, ABC):
    """The training algorithm of one paper: networks, players, and the losses of a step.

    A subclass takes `build` and its options as keyword-only parameters, makes its networks with `build`, and states the
    members below. State is kept in buffers; random draws come from torch only.

    Attributes:
        kind: the kind of batches that it needs (`images`, `paired`, `unpaired`, ...), or several, of which the first
            that the data serves is taken; `build.data.kind` is the one.
        defaults: the parts that the paper uses.
        settings: the training settings that the paper states.
        inference: how its networks behave once trained.
        allows_bf16: whether its networks may compute in bfloat16.
        refers: whether it gives its generator a reference batch in `prepare`, where the norm wants one: see
            `Normalization.refers`.
    """

    kind: ClassVar[str | tuple[str, ...]]
    defaults: ClassVar[Defaults] = Defaults()
    settings: ClassVar[Settings] = Settings()
    inference: ClassVar[Inference] = Inference()
    allows_bf16: ClassVar[bool] = True
    refers: ClassVar[bool] = False
    _critics: Mapping[tuple[int, str], bool] = MappingProxyType({})

    def prepare(self, batches: Batches) -> None:
        """Make whatever takes its shape from data; called once, before optimizers exist and before a resume loads."""

    def stages(self) -> Sequence[Stage]:
        """Return the stages of a run, in their order; asked once, before the first."""
        return WHOLE

    def begin(self) -> None:
        """Change weights as the present stage begins, such as to those of the stage before; nothing by default.

        Called once a stage, before its first step; gradients are off.
        """

    @abstractmethod
    def players(self) -> Mapping[str, Player]:
        """Return who moves in the present stage, by name; asked at the beginning of each."""

    @abstractmethod
    def step(self, batches: Batches) -> Step:
        """Run the paper's algorithm for one turn of the critics: take batches, compute, yield moves."""

    @abstractmethod
    def preview(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return the columns of the preview grid, left to right: images (N, C, H, W) in [-1, 1]."""

    @abstractmethod
    def graphs(self) -> Mapping[str, Graph]:
        """Return what can be exported, by name."""

    def networks(self) -> dict[str, Network]:
        """Return its networks by name: an attribute's, or `generators.0` in a list."""
        return {name: module for name, module in self.named_modules() if isinstance(module, Network)}

    def due(self, player: str) -> bool:
        """Return whether a player moves at this turn; a move that is not due is skipped by the engine anyway."""
        key = self.stage.number, player
        if key not in self._critics:
            self._critics = {(key[0], name): each.critic for name, each in self.players().items()}
        return self.context.is_due(self._critics[key])

    def everywhere(self, value: Tensor) -> Mean:
        """Ask for the mean of a value over processes and micro-batches: `mean = yield self.everywhere(value)`."""
        return Mean(value.detach())
