"""What the plugins' tests share: parts chosen by their installed names, small recipes, a loop that performs moves."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from importlib.metadata import entry_points
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from gantk import AdversarialLoss, Build, DataInfo, Mean, Recipe
from gantk.parts.context import Context, Informed, Progress, Span


@dataclass
class Choice:
    """A chosen part, as the engine hands it to `Build`."""

    plugin: str
    factory: Callable[..., Any]
    options: dict[str, Any] = field(default_factory=dict)

    def __call__(self, *arguments: Any) -> Any:
        return self.factory(*arguments, **self.options)


class Stream:
    """The same batch again and again, counted."""

    def __init__(self, batch: dict[str, Tensor]) -> None:
        self.batch, self.taken = batch, 0

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        return self

    def __next__(self) -> dict[str, Tensor]:
        self.taken += 1
        return self.batch

    def of(self, kind: str) -> Iterator[dict[str, Tensor]]:
        return Stream(self.batch)


@cache
def brought(plugin: str, hook: str) -> Any:
    """Return the factory that an installed plugin brings for a hook."""
    (entry,) = entry_points(group="gantk", name=plugin)
    return getattr(entry.load(), hook)()


def perform(recipe: Recipe, batches: Stream, *, steps: int = 1, critic_steps: int = 1) -> list[dict[str, Any]]:
    """Run turns as the engine would, with plain Adam; return each step's losses by player.

    Moves that are not due are left out, and every game constrains a critic that has moved.
    """
    recipe.train()
    recipe.prepare(batches)
    context = Context(critic_steps=critic_steps)
    for module in recipe.modules():
        if isinstance(module, Informed):
            module.context = context
    players = recipe.players()
    parameters = {name: [p for net in player.networks for p in net.parameters()] for name, player in players.items()}
    optimizers = {name: torch.optim.Adam(group, 2e-4, (0.5, 0.999)) for name, group in parameters.items()}
    games = [module for module in recipe.modules() if isinstance(module, AdversarialLoss)]
    log = []
    for step in range(steps):
        context.progress = Progress(step, steps)
        context.take_turn(step)
        log.append(_run_body(recipe, batches, parameters, optimizers, games))
    return log


def _run_body(recipe: Recipe, batches: Stream, parameters: Any, optimizers: Any, games: Any) -> dict[str, Any]:
    moved: dict[str, Any] = {}
    players = recipe.players()
    body, answer = recipe.step(batches), None
    while True:
        try:
            asked = body.send(answer)
        except StopIteration:
            return moved
        answer = asked.value if isinstance(asked, Mean) else None
        if isinstance(asked, Mean):
            continue
        moves = {asked[0]: asked[1]} if isinstance(asked, tuple) else asked
        moves = {name: losses for name, losses in moves.items() if recipe.due(name)}
        for number, (player, losses) in enumerate(moves.items()):
            optimizers[player].zero_grad()
            more = number + 1 < len(moves)
            torch.autograd.backward(sum(losses.values()), inputs=parameters[player], retain_graph=more)
            moved[player] = {name: loss.detach() for name, loss in losses.items()}
        for player in moves:
            optimizers[player].step()
            torch.autograd.graph.increment_version(parameters[player])
            if players[player].critic:
                with torch.no_grad():
                    _constrain(games, players[player].networks)


def _constrain(games: Any, networks: Any) -> None:
    for game in games:
        for network in networks:
            game.constrain(network)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture
def factory() -> Callable[[str, str], Any]:
    """Return what an installed plugin brings for a hook."""
    return brought


@pytest.fixture
def make_build() -> Callable[..., Build]:
    """Return a function that makes a Build of installed plugins, or of factories given in their place.

    A latent recipe's is `make_build(kind="images", channels={"image": 3}, generator="dcgan", ...)`; of labelled images
    it also says `classes=("cat", "dog")`.
    """

    def make(
        *,
        kind: str = "unpaired",
        size: int = 32,
        channels: dict[str, int] | None = None,
        classes: tuple[str, ...] = (),
        generator: Any = "resnet",
        discriminator: Any = "patchgan",
        loss: Any = "lsgan",
        normalization: tuple[Any, Any] = ("instance", "instance"),
        generator_options: dict[str, Any] | None = None,
        discriminator_options: dict[str, Any] | None = None,
        loss_options: dict[str, Any] | None = None,
    ) -> Build:
        parts = {}
        options = {"generator": generator_options, "discriminator": discriminator_options, "loss": loss_options}
        for slot, plugin in {"generator": generator, "discriminator": discriminator, "loss": loss}.items():
            brings = brought(plugin, slot) if isinstance(plugin, str) else plugin
            parts[slot] = Choice(str(plugin), brings, options.get(slot) or {})
        for role, plugin in zip(("generator", "discriminator"), normalization, strict=True):
            brings = brought(plugin, "normalization") if isinstance(plugin, str) else plugin
            parts[f"normalization.{role}"] = Choice(str(plugin), brings)
        data = DataInfo(
            kind=kind,
            size=size,
            channels=channels or dict.fromkeys(("a", "b", "source", "target", "image"), 3),
            classes=classes,
        )
        return Build(data=data, parts=parts)

    return make


@pytest.fixture
def run_steps() -> Callable[..., list[dict[str, Any]]]:
    """Return the loop that performs a recipe's moves."""
    return perform


@pytest.fixture
def stream() -> Callable[[dict[str, Tensor]], Stream]:
    """Return what repeats a batch."""
    return Stream


@pytest.fixture
def at() -> Callable[..., int]:
    """Return a function that brings a recipe to a stage, of a hundred steps, and gives the height of its images."""

    def bring(recipe: Any, number: int, fraction: float = 0.0) -> int:
        stages = recipe.stages()
        spans = tuple(Span(stage.name, 100 * place, 100 * (place + 1)) for place, stage in enumerate(stages))
        context = Context(progress=Progress(100 * number + round(100 * fraction), 100 * len(stages)), spans=spans)
        for module in recipe.modules():
            if isinstance(module, Informed):
                module.context = context
        return round(stages[number].scale * recipe.size)

    return bring


@pytest.fixture
def averaging() -> Callable[[nn.Module], nn.Module]:
    """Return a function that makes every layer of a network a positive average, in float64.

    Each pixel that an output pixel reads then has a gradient above zero.
    """

    def average(network: nn.Module) -> nn.Module:
        for module in network.double().modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.constant_(module.weight, 1 / module.weight[0].numel())
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        return network

    return average


@pytest.fixture
def reach(averaging: Callable[[nn.Module], nn.Module]) -> Callable[[nn.Module, int], int]:
    """Return a function that measures how many pixels on each side an output pixel of an enlarging network reads."""

    def measured(network: nn.Module, scale: int) -> int:
        network, middle, found = averaging(network).train(), 24, 0
        for row in (middle * scale, (middle + 1) * scale - 1):
            image = torch.ones(1, 1, 2 * middle + 1, 5, dtype=torch.float64, requires_grad=True)
            network(image)[0, 0, row, 2 * scale].backward()
            assert image.grad is not None
            rows = image.grad[0, 0].sum(1).nonzero()
            found = max(found, middle - int(rows.min()), int(rows.max()) - middle)
        return found

    return measured


@pytest.fixture(scope="session")
def pictures() -> Callable[[str, int], Tensor]:
    """Return a function that gives held-out emoji (N, 3, 32, 32) in [-1, 1], drawn "flat" or in "3d"."""
    split = brought("emoji", "dataset")("flat,3d").split("paired", test=True, load=32)
    drawn = {"flat": split.columns["source"], "3d": split.columns["target"]}

    def take(kind: str, count: int) -> Tensor:
        images = torch.stack([torch.from_numpy(drawn[kind][index]) for index in range(count)])
        return images.permute(0, 3, 1, 2).float() / 127.5 - 1

    return take


@pytest.fixture
def small_batch(pictures) -> dict[str, Tensor]:
    """Return a batch of six emoji of 8 x 8 pixels."""
    return {"image": interpolate(pictures("3d", 6), size=(8, 8), mode="area")}


@pytest.fixture
def build_gan(make_build) -> Callable[..., Build]:
    """Return a function that makes a small GAN's Build."""
    return partial(
        make_build,
        kind="images",
        size=8,
        generator="gan",
        discriminator="gan",
        loss="non-saturating",
        normalization=("none", "none"),
        generator_options={"units": 6, "layers": 2},
        discriminator_options={"units": 4, "pieces": 3},
    )


@pytest.fixture
def build_infogan(make_build) -> Callable[..., Recipe]:
    """Return a function that builds a small InfoGAN, of other parts where it is told so, with options."""
    small = partial(
        make_build,
        kind="images",
        size=8,
        generator="infogan",
        discriminator="infogan",
        loss="non-saturating",
        normalization=("batch", "batch"),
        generator_options={"filters": 4, "dense": 16},
        discriminator_options={"filters": 4, "dense": 16},
    )
    return lambda said=None, **options: brought("infogan", "recipe")(small(**said or {}), **options)
