"""What a recipe answers, held against the protocol; what is wrong bears the line of the author's file."""

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from typing import Any

from torch import Tensor, nn

from gantk.data.palettes import Palette
from gantk.errors import GantkError, PluginError, blamed_line, one_line, written_at
from gantk.parts.context import Progress
from gantk.parts.networks import Network
from gantk.plan.offered import contradiction
from gantk.recipe.graph import Graph
from gantk.recipe.player import Player
from gantk.recipe.recipe import Batch, Recipe
from gantk.recipe.stage import Stage


def stages_of(recipe: Recipe) -> tuple[Stage, ...]:
    """Return a recipe's stages. Raises PluginError where they are no sequence of stages with names of their own."""
    at = f"{written_at(recipe.stages)}stages()"
    try:
        answer = recipe.stages()
    except GantkError:
        raise
    except Exception as error:
        raise PluginError(f"{type(recipe).__name__}.stages, {blamed_line(error)}{one_line(error)}") from error
    found = tuple(answer) if isinstance(answer, Sequence) else ()
    if not found or not all(isinstance(stage, Stage) for stage in found):
        raise PluginError(f"{at} returns {_kind(answer)}: a list of gantk.Stage is needed")
    names = [stage.name for stage in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise PluginError(f"{at} names two stages {twice!r}: give each a name of its own")
    return found


def players_of(recipe: Recipe) -> dict[str, Player]:
    """Return who moves in the present stage, by name.

    Each stage is asked as it begins. Raises PluginError where an answer is no mapping, where a parameter has several
    owners in a stage, or in no stage one.
    """
    number = recipe.context.stage.number
    stages = list(_players_by_stage(recipe))
    owned = set[nn.Parameter]().union(*(parameters for _, parameters in stages))
    for name, parameter in recipe.named_parameters():
        if parameter.requires_grad and parameter not in owned:
            raise PluginError(
                f"{written_at(recipe.players)}no player moves {name}: name its network in players(), or freeze it"
            )
    return stages[number][0]


def player_names(recipe: Recipe) -> set[str]:
    """Return the names of whoever moves in any stage. Raises PluginError as `players_of` does."""
    return set[str]().union(*(players for players, _ in _players_by_stage(recipe)))


def _players_by_stage(recipe: Recipe) -> list[tuple[dict[str, Player], Set[nn.Parameter]]]:
    """Return who moves in each stage, and the parameters that have an owner there."""
    context = recipe.context
    before, found = context.progress, []
    for begin in [span.begin for span in context.spans] or [before.step]:
        context.progress = Progress(begin, before.total)
        found.append(_players_in_stage(recipe))
    context.progress = before
    return found


def _players_in_stage(recipe: Recipe) -> tuple[dict[str, Player], Set[nn.Parameter]]:
    """Return who moves as things stand, and the parameters that have an owner."""
    players: dict[str, Player] = _mapping(recipe, recipe.players, Player, "a gantk.Player")
    at = written_at(recipe.players)
    owner: dict[nn.Parameter, str] = {}
    for name, player in players.items():
        for network in player.networks:
            _refuse_outsiders(recipe, f"{at}player {name}", network)
            for parameter in network.parameters():
                other = owner.get(parameter)
                if other is not None:
                    who = f"player {name} names twice" if other == name else f"players {other} and {name} share"
                    raise PluginError(f"{at}{who} a parameter: it can have one owner")
                owner[parameter] = name
    return players, owner.keys()


def graphs_of(recipe: Recipe, images: Collection[str]) -> dict[str, Graph]:
    """Return what can be exported, by name.

    Raises PluginError where that is no mapping of graphs, or one cannot be what it says: see `gantk.plan.offered`.
    """
    graphs: dict[str, Graph] = _mapping(recipe, recipe.graphs, Graph, "a gantk.Graph")
    for name, graph in graphs.items():
        at = f"{written_at(recipe.graphs)}graph {name}"
        if not isinstance(graph.network, Network):
            raise PluginError(f"{at}: its network is {_kind(graph.network)}: wrap it, gantk.Network(module, {name!r})")
        _refuse_outsiders(recipe, at, graph.network)
        if wrong := contradiction(graph, images):
            raise PluginError(f"{at}: {wrong}")
    return graphs


def _refuse_outsiders(recipe: Recipe, what: str, network: nn.Module) -> None:
    """Raise PluginError where a network holds weights that are not the recipe's, and so would never be saved."""
    if not set(network.parameters()) <= set(recipe.parameters()):
        raise PluginError(
            f"{what}: weights of its {type(network).__name__} are not the recipe's, and would not be saved: make the "
            "network an attribute, and several an nn.ModuleList"
        )


def preview_of(recipe: Recipe, batch: Batch, palettes: Mapping[str, Palette] | None = None) -> dict[str, Tensor]:
    """Return a preview's columns as images: ids (N, H, W) are shown in the colours of a label map's classes.

    That is the label map of the column's name, else the first. Raises PluginError where a column is neither.
    """
    columns: dict[str, Tensor] = _mapping(recipe, lambda: recipe.preview(batch), Tensor, "images", "preview")
    for name, images in columns.items():
        palette = (palettes or {}).get(name, next(iter((palettes or {}).values()), None))
        if palette is not None and images.ndim == 3 and not images.is_floating_point():
            columns[name] = palette.coloured(images)
        elif images.ndim != 4 or not images.is_floating_point():
            raise PluginError(
                f"{written_at(recipe.preview)}preview() gives {name!r} as {tuple(images.shape)} {images.dtype}: "
                "images are floating-point numbers (N, C, H, W) in [-1, 1]"
            )
    return columns


def _mapping(recipe: Recipe, answer: Callable[[], Any], kind: type, needed: str, method: str = "") -> dict[str, Any]:
    """Return what a method answers: a mapping of `kind` by name."""
    method = method or answer.__name__
    at = written_at(getattr(recipe, method))
    try:
        found = answer()
    except GantkError:
        raise
    except Exception as error:
        raise PluginError(f"{type(recipe).__name__}.{method}, {blamed_line(error)}{one_line(error)}") from error
    if not isinstance(found, Mapping) or (not found and kind is not Graph):
        raise PluginError(f"{at}{method}() returns {_kind(found)}: a dictionary that has {needed} by name is needed")
    for name, item in found.items():
        if not isinstance(item, kind):
            raise PluginError(f"{at}{method}() gives {name!r} as {_kind(item)}: {needed} is needed")
    return dict(found)


def _kind(value: object) -> str:
    return "an empty dictionary" if value == {} else f"a {type(value).__name__}"


def reached(loss: Tensor, owners: Mapping[nn.Parameter, str]) -> set[str]:
    """Return the players whose parameters a loss depends on."""
    found, seen, waiting = set(), set(), [loss.grad_fn]
    while waiting:
        function = waiting.pop()
        if function is None or function in seen:
            continue
        seen.add(function)
        owner = owners.get(getattr(function, "variable", None))  # type: ignore[arg-type]
        if owner is not None:
            found.add(owner)
        waiting += [further for further, _ in function.next_functions]
    return found
