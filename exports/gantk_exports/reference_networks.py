"""The checkpoints of the field's reference implementation as the networks of a recipe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gantk.errors import UsageError
from gantk_exports.reference import Architecture
from gantk_exports.reference_files import Checkpoint

_KINDS = {"cyclegan": "unpaired", "pix2pix": "paired"}
"""The batches that a recipe trains on."""

Statistics = Literal["running", "image"]

_STATISTICS: Mapping[str, Statistics] = {"cyclegan": "running", "pix2pix": "image"}
"""What batch norm reads in an export, where its owner does not say: the reference tests pix2pix by each image's own."""

_IMAGES = {"cyclegan": ("a", "b"), "pix2pix": ("source", "target")}
"""What a recipe's generator takes, and what it gives."""

_NETWORKS = {
    # The reference numbers a discriminator by the generator that it judges: its D_A sees images of B.
    "cyclegan": {"G_A": "a_to_b", "G_B": "b_to_a", "D_B": "discriminator_a", "D_A": "discriminator_b"},
    "pix2pix": {"G": "generator", "D": "discriminator"},
}
"""The networks of a recipe by the reference's names."""

_BACKWARDS = "b_to_a"
"""The generator that takes what the other gives."""


@dataclass(frozen=True)
class Gathered:
    """The networks of one recipe that files hold; at least one of them is a generator.

    Attributes:
        plugin: the recipe.
        networks: the files by gantk's name of the network, in the recipe's order.
    """

    plugin: str
    networks: Mapping[str, Checkpoint]

    @property
    def new(self) -> list[str]:
        """The recipe's networks that no file holds."""
        return [name for name in _NETWORKS[self.plugin].values() if name not in self.networks]

    @property
    def generator(self) -> Checkpoint:
        """A generator, the one that translates forwards where there are two."""
        return self.playing("generator")[0]

    @property
    def discriminator(self) -> Checkpoint | None:
        """A discriminator, where there is one."""
        return next(iter(self.playing("discriminator")), None)

    def playing(self, role: str) -> list[Checkpoint]:
        """Return the files whose networks play a part."""
        return [held for held in self.networks.values() if held.architecture.role == role]

    @property
    def kind(self) -> str:
        """The kind of batches that they are trained on."""
        return _KINDS[self.plugin]

    @property
    def statistics(self) -> Statistics:
        """What batch norm reads in an export, if nothing else is said."""
        return _STATISTICS[self.plugin]

    @property
    def channels(self) -> dict[str, int]:
        """The channels of each image of a batch."""
        source, target = _IMAGES[self.plugin]
        if self.networks.get(_BACKWARDS) is self.generator:
            source, target = target, source
        return {source: self.generator.architecture.inputs, target: self.generator.architecture.outputs}

    @property
    def title(self) -> str:
        """What a run of it is called: by the folder where the files have the reference's names."""
        path = self.generator.path.resolve()
        return f"{self.plugin}-{path.parent.name if self.generator.name else path.stem}"


def gather(plugin: str, checkpoints: Sequence[Checkpoint], generator: str | None, direction: str | None) -> Gathered:
    """Return which network of the recipe each file holds.

    `generator` is the plugin that the generators must be of; `direction` the name of a CycleGAN's single generator.
    Raises UsageError where files do not belong together, or none holds a generator.
    """
    generators = [held for held in checkpoints if held.architecture.role == "generator"]
    if not generators:
        raise UsageError(f"{checkpoints[0].path} is a discriminator, and no file is a generator: give one too")
    if direction is not None and (plugin != "cyclegan" or len(generators) > 1):
        raise UsageError("--direction is for a CycleGAN of which one generator is given: leave it out")
    networks: dict[str, Checkpoint] = {}
    _check_recipe(plugin, generators[0].architecture, checkpoints)
    for held in checkpoints:
        name = _network(plugin, held, direction)
        if name in networks:
            raise UsageError(f"{networks[name].path} and {held.path} are both {name}: give one of them")
        networks[name] = held
    gathered = Gathered(plugin, {name: networks[name] for name in _NETWORKS[plugin].values() if name in networks})
    for role in ("generator", "discriminator"):
        _check_alike(gathered.playing(role))
    for held in generators:
        if generator not in (None, held.architecture.plugin):
            raise UsageError(f"{held.path} is a {held.architecture.plugin}, not a {generator}")
    return gathered


def _network(plugin: str, held: Checkpoint, direction: str | None) -> str:
    """Return gantk's name of the network in a file. Raises UsageError where the recipe has none such."""
    role = held.architecture.role
    if direction is not None and role == "generator":
        return direction
    name = held.name or ("G" if role == "generator" else "D")
    if plugin == "cyclegan" and name == "G":
        return "a_to_b"
    if plugin == "cyclegan" and name == "D":
        raise UsageError(f"{held.path}: which discriminator it is must be its name's end, D_A.pth or D_B.pth")
    if name not in _NETWORKS[plugin]:
        raise UsageError(f"{held.path} is named as a network of cyclegan, so this is cyclegan: say --as cyclegan")
    return _NETWORKS[plugin][name]


def _check_recipe(plugin: str, generator: Architecture, checkpoints: Sequence[Checkpoint]) -> None:
    """Raise UsageError where a discriminator judges pairs, as pix2pix's do, or single images, and is not the recipe's.

    One of pairs takes the images that a generator takes and gives, one of single images either.
    """
    pair, singles = generator.inputs + generator.outputs, {generator.inputs, generator.outputs}
    for held in checkpoints:
        found = held.architecture.inputs
        if held.architecture.role == "generator" or (found == pair and found in singles):
            continue
        if plugin == "cyclegan" and found == pair:
            what = f"pairs of images ({found} channels together), so this is pix2pix: say --as pix2pix"
            raise UsageError(f"{held.path} judges {what}")
        if plugin == "pix2pix" and found in singles:
            what = f"single images ({found} channels), so this is cyclegan: say --as cyclegan"
            raise UsageError(f"{held.path} judges {what}")


def _check_alike(files: Sequence[Checkpoint]) -> None:
    for held in files[1:]:
        first, other = files[0].architecture, held.architecture
        if _kind(first) != _kind(other):
            raise UsageError(
                f"{files[0].path} is {first.title}, {held.path} {other.title}: of one run, they would be alike"
            )


def _kind(architecture: Architecture) -> tuple[Any, ...]:
    return architecture.plugin, architecture.options, architecture.normalization
