"""What makes a recipe's parts, each from the plugin that was chosen for its slot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from gantk.errors import PluginError, Unsupported, UsageError, written_at
from gantk.parts.augmentation import Augmentation
from gantk.parts.data_info import DataInfo
from gantk.parts.discriminator import Discriminator
from gantk.parts.losses import AdversarialLoss
from gantk.parts.multiscale import MultiScale
from gantk.parts.networks import Generator, Network, declares_mixing
from gantk.parts.normalization import Normalization
from gantk.parts.packs import packed_spec
from gantk.parts.pretrained import Pretrained
from gantk.parts.specs import DiscriminatorSpec, GeneratorSpec
from gantk.sizes import Sides


class Chosen(Protocol):
    """A chosen part: the plugin that brings it, and how to call its factory with its options."""

    @property
    def plugin(self) -> str: ...
    @property
    def factory(self) -> Callable[..., Any]: ...

    def __call__(self, *arguments: Any) -> Any: ...


NetworkBuilt = Callable[[nn.Module, str, "Build"], nn.Module]


SLOPES = (
    "the penalties r1 and r2 read the critic's slope at each sample by itself, and a norm over the batch ties samples"
)
"""Why a critic with them must score each sample by itself."""


@dataclass(kw_only=True)
class Build:
    """Makes parts for a recipe. What it made is a fresh instance at each call.

    Attributes:
        data: what is known of the data.
        parts: the chosen part of each slot; normalizations are named `normalization.<role>`.
        autocast: the dtype in which networks compute, or None for float32.
        network_built: what other plugins do to a network after it is built.
        asked: the slots whose parts were asked for.
        option_names: the option that says a text or a file, by what it says.
        trains: whether the recipe will train, for which its pretrained networks are needed.
        r1: weight of half the squared slope at real points, which every game gets.
        r2: the same at fake points.
        pack: samples that each discriminator scores together, beside each other on the channel axis.
        refers: whether the recipe gives its generator a reference batch, as `Recipe.refers` says.
    """

    data: DataInfo
    parts: Mapping[str, Chosen]
    autocast: torch.dtype | None = None
    network_built: NetworkBuilt = field(default=lambda network, role, build: network)
    asked: set[str] = field(default_factory=set)
    option_names: Mapping[str, str] = field(default_factory=dict)
    trains: bool = True
    r1: float = 0.0
    r2: float = 0.0
    pack: int = 1
    refers: bool = True

    def generator(self, spec: GeneratorSpec, role: str = "generator") -> Network:
        """Return a network that makes images as the spec says.

        Raises Unsupported where the chosen generator cannot.
        """
        part = self._part("generator")
        module = self._finished(_module(part, spec, self), role)
        self._check_reference(module, spec, part.plugin)
        return Generator(
            module,
            role,
            spec,
            part.plugin,
            autocast=self.autocast,
            mixes_samples=self._mixes_samples("generator"),
        )

    def discriminator(self, spec: DiscriminatorSpec, role: str = "discriminator", *, scales: int = 1) -> Discriminator:
        """Return a network that scores images as the spec says, with what the chosen game wants besides.

        With several `scales`, it is so many of the chosen discriminator, each of which scores images half as large as
        the one before, and it gives a list of scores, of which a game takes the mean. Where images of any size are
        scored, smaller ones, as of an earlier stage, are scored by those alone who score such.

        With the setting `pack`, samples that follow each other in a batch are scored together, so many at once.

        Raises Unsupported where the chosen discriminator cannot, or where its normalization breaks the chosen game.
        """
        if scales < 1:
            raise UsageError(f"a discriminator scores images at 1 scale or more, not at {scales}")
        mixes_samples = self._mixes_samples("discriminator")
        game = self.loss() if "loss" in self.parts else None
        if game is not None:
            output = "energies" if game.wants == "energies" else spec.output
            spec = replace(spec, output=output, features=spec.features or game.wants_features)
            if game.per_sample and mixes_samples:
                raise Unsupported(
                    f"{self._penalized(game)} cannot be used with normalization "
                    f"{self.parts['normalization.discriminator'].plugin} in the discriminator: {game.per_sample}; "
                    "choose another by --normalization discriminator=NAME"
                )
        part = self._part("discriminator")
        seen = spec if self.pack == 1 else packed_spec(spec, self.pack)
        module = self._finished(self._at_scales(part, seen, scales), role)
        if game is not None:
            if game.per_sample and any(map(declares_mixing, module.modules())):
                raise Unsupported(
                    f"{self._penalized(game)} cannot be used with discriminator {part.plugin}, which ties "
                    f"samples to each other: {game.per_sample}; choose another by --discriminator NAME"
                )
            game.check(module)
        augmentation = self.augmentation() if "augmentation" in self.parts else None
        if augmentation is not None:
            self._check_augmentation(augmentation, game, spec)
        return Discriminator(
            module, role, self.autocast, mixes_samples, spec=spec, augmentation=augmentation, pack=self.pack
        )

    def loss(self) -> AdversarialLoss:
        """Return the adversarial game."""
        game: AdversarialLoss = self._part("loss")()
        game.r1, game.r2 = self.r1, self.r2
        if self.r1 or self.r2:
            game.per_sample = game.per_sample or SLOPES
        return game

    def augmentation(self) -> Augmentation:
        """Return what a discriminator's images go through while it is trained; `discriminator` puts it before one."""
        augmentation: Augmentation = self._part("augmentation")()
        return augmentation

    def normalization(self, role: str) -> Normalization:
        """Return the normalization chosen for a role ("generator", "discriminator")."""
        part = self._part(f"normalization.{role}")
        normalization: Normalization = part()
        if normalization.refers and not (role == "generator" and self.refers):
            raise Unsupported(
                f"normalization {part.plugin} has a reference batch of latents, as a generator of noise can have: "
                f"choose another by --normalization {role}=NAME"
            )
        return normalization

    def network(self, module: nn.Module, role: str) -> Network:
        """Return a network of the recipe's own making as one that the engine knows."""
        return Network(self._finished(module, role), role, self.autocast)

    def pretrained(self, file: str | Path, module: nn.Module) -> Pretrained:
        """Return a module with the weights of a file, frozen: it is in no player, no checkpoint and no export.

        The file is a state dict of PyTorch's, or of safetensors, with at least the module's tensors: a path, best an
        option's, or the name of a file, or of a model of torchvision's, that lies where torch keeps downloads.
        Raises UsageError where it is not there, GantkError where it does not fit the module.
        """
        network = Pretrained(module, self.autocast, Path(file), self.option_names.get(str(file), ""))
        # Without values, it is only asked what a recipe is made of.
        if not any(tensor.is_meta for tensor in module.state_dict().values()):
            network.read(needed=self.trains)
        return network

    def _at_scales(self, part: Chosen, spec: DiscriminatorSpec, scales: int) -> nn.Module:
        if scales == 1:
            return _module(part, spec, self)
        networks = []
        height, width = spec.sides
        for number in range(scales):
            # Odd sides are rounded up.
            sides = Sides(*(-(-side // 2**number) for side in (height, width)))
            try:
                networks.append(_module(part, replace(spec, size=sides.size), self))
            except Unsupported as error:
                if number and (least := self._least(part, spec)):
                    pixels = least * 2**number
                    error.args = (
                        f"at {scales} scales images need {pixels} pixels or more, not {spec.size}: say --size "
                        f"{pixels}, or fewer scales; those of scale {number + 1} are {2**number} times smaller, "
                        f"and {error}",
                    )
                raise
        return MultiScale(networks, height, any_size=spec.any_size)

    def _least(self, part: Chosen, spec: DiscriminatorSpec) -> int:
        """Return the pixels of the smallest power of two that a part scores as square images; 0: it scores none."""
        for side in (4, 8, 16, 32, 64, 128, 256, 512):
            try:
                with torch.device("meta"):
                    _module(part, replace(spec, size=side), self)
            except Unsupported:
                continue
            return side
        return 0

    def _check_reference(self, module: nn.Module, spec: GeneratorSpec, plugin: str) -> None:
        """Raise Unsupported where a norm has a reference batch, and a generator reads images or knows none."""
        slot = "normalization.generator"
        if slot not in self.parts or not self.normalization("generator").refers:
            return
        name = self.parts[slot].plugin
        if spec.latent is None or spec.layout is not None:
            raise Unsupported(
                f"normalization {name} has a reference batch of latents, and generator {plugin} reads images: choose "
                "another by --normalization generator=NAME"
            )
        if not any(hasattr(one, "refer") for one in module.modules()):
            raise Unsupported(
                f"normalization {name} must see all of a network, and generator {plugin} gives it single layers: "
                "choose another by --normalization generator=NAME"
            )

    def _check_augmentation(
        self, augmentation: Augmentation, game: AdversarialLoss | None, spec: DiscriminatorSpec
    ) -> None:
        """Raise Unsupported where an augmentation has no images to change, or cannot know which look real."""
        name = self.parts["augmentation"].plugin
        if spec.sides == (1, 1):
            raise Unsupported(f"augmentation {name} changes images, not points: leave --augmentation out")
        if augmentation.reads_scores and (game is None or game.boundary is None):
            played = f"loss {self.parts['loss'].plugin} has no score" if game is not None else "here is no game's score"
            raise Unsupported(
                f"augmentation {name} asks which real images are taken for real, and {played} that says so by itself: "
                "choose another by --augmentation NAME, or by --loss NAME"
            )

    def _penalized(self, game: AdversarialLoss) -> str:
        """Return who asks that samples be scored by themselves: the game, or a penalty that was added to it."""
        added = next((name for name in ("r1", "r2") if getattr(self, name)), "r1")
        return f"setting {added}" if game.per_sample == SLOPES else f"loss {self.parts['loss'].plugin}"

    def _mixes_samples(self, role: str) -> bool:
        return f"normalization.{role}" in self.parts and self.normalization(role).mixes_samples

    def _finished(self, module: nn.Module, role: str) -> nn.Module:
        return self.network_built(module, role, self)

    def _part(self, slot: str) -> Chosen:
        self.asked.add(slot)
        try:
            return self.parts[slot]
        except KeyError:
            raise Unsupported(
                f"no {slot} was chosen, and the recipe's `defaults` name none (None: its own plugin's): say "
                f"--{slot.split('.')[0]}"
            ) from None


def _module(part: Chosen, spec: GeneratorSpec | DiscriminatorSpec, build: Build) -> nn.Module:
    """Return the network that a part makes. Raises PluginError where it is none, Unsupported where it cannot serve."""
    made = part(spec, build)
    if not isinstance(made, nn.Module):
        raise PluginError(
            f"{written_at(part.factory)}{part.plugin} made a {type(made).__name__}: a torch.nn.Module is needed"
        )
    if spec.features and not hasattr(made, "features"):
        raise Unsupported(f"{part.plugin} gives no inner activations, which are needed here: it has no `features(x)`")
    return made
