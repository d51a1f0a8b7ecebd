"""What a network is asked in the checks: every spec that its part can do, and inputs for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from gantk.data.kinds import IMAGE_KEYS
from gantk.errors import GantkError, Unsupported, blamed_line, one_line
from gantk.parts.build import Build
from gantk.parts.data_info import DataInfo
from gantk.parts.networks import Network
from gantk.parts.specs import DiscriminatorSpec, GeneratorSpec
from gantk.plugins.kinds import NETWORKS
from gantk.plugins.manager import load_plugins
from gantk.plugins.selection import Part
from gantk.testing.checked import CheckedPlugin
from gantk.testing.own_specs import Spec, own_specs
from gantk.testing.report import Failure
from gantk.testing.smallest import SIZES
from gantk.testing.workbench.workbench import Plain

WORKBENCH = Path(__file__).with_name("workbench") / "workbench.py"

CLASSES = 3

WORDS = 5
"""Words of the captions that networks are asked with."""

OWN = "own recipe"
"""What the recipe of the plugin itself asks of its parts."""

ASKED: Mapping[str, Sequence[tuple[str, Spec]]] = {
    "generator": (
        ("translation", GeneratorSpec(inputs=3, outputs=3, size=0)),
        ("noise", GeneratorSpec(latent=8, outputs=3, size=0)),
        ("labels", GeneratorSpec(latent=8, classes=CLASSES, outputs=3, size=0)),
        ("layout", GeneratorSpec(layout=CLASSES, outputs=3, size=0)),
        ("style", GeneratorSpec(latent=8, layout=CLASSES, outputs=3, size=0)),
        ("enlargement", GeneratorSpec(inputs=3, scale=4, outputs=3, size=0)),
    ),
    "discriminator": tuple(
        (name, replace(spec, output=output))
        for output in ("scores", "energies")
        for name, spec in (
            ("image", DiscriminatorSpec(channels=3, size=0)),
            ("pair", DiscriminatorSpec(channels=3, condition_channels=3, size=0)),
            ("label", DiscriminatorSpec(channels=3, classes=CLASSES, size=0)),
            ("latent", DiscriminatorSpec(channels=3, joint_latent=5, size=0)),
        )
    ),
}
"""What can be asked of a role's networks, by the names that the workbench's options have for it."""


@dataclass(frozen=True)
class Case:
    """One spec that a part can do.

    Attributes:
        role: `generator` or `discriminator`.
        asks: the name of what is asked: "noise", "pair".
        spec: the spec.
        factory: makes the module for a spec.
    """

    role: str
    asks: str
    spec: Spec
    factory: Callable[[Spec], nn.Module]

    @property
    def title(self) -> str:
        """The case as a reader calls it."""
        energies = ", energies" if getattr(self.spec, "output", "") == "energies" else ""
        return f"{self.role} ({self.asks}{energies}, {self.spec.sides} px)"

    def network(self, seed: int = 0) -> Network:
        """Return a fresh network, whose weights follow from the seed."""
        torch.manual_seed(seed)
        module = self.factory(self.spec)
        if not isinstance(module, nn.Module):
            raise Failure(f"{self.title}: made a {type(module).__name__}; a torch.nn.Module is needed")
        inside: Any
        for inside in module.modules():
            if hasattr(inside, "refer"):
                inside.refer(*self.inputs(inside.count).values())
        return Network(module, self.role)

    def inputs(self, count: int) -> dict[str, Tensor]:
        """Return random inputs by what they are called, in the order in which the network takes them."""
        spec, sides = self.spec, self.spec.sides
        inputs: dict[str, Tensor] = {}
        if isinstance(spec, GeneratorSpec):
            if spec.inputs:
                inputs["image"] = torch.rand(count, spec.inputs, *sides) * 2 - 1
            if spec.latent:
                inputs["latent"] = torch.randn(count, spec.latent)
        else:
            inputs["image"] = torch.rand(count, spec.channels, *sides) * 2 - 1
            if spec.joint_latent:
                inputs["latent"] = torch.randn(count, spec.joint_latent)
            if spec.condition_channels:
                inputs["condition"] = torch.rand(count, spec.condition_channels, *sides) * 2 - 1
        if spec.layout:
            ids = torch.randint(spec.layout, (count, *sides))
            inputs["layout"] = one_hot(ids, spec.layout).permute(0, 3, 1, 2).float()
        inputs |= {name: torch.arange(count) % number for name, number in self.numbered.items()}
        if spec.caption:
            inputs["caption"] = torch.randint(1, spec.caption, (count, WORDS))
        if isinstance(spec, DiscriminatorSpec) and spec.vector:
            inputs["vector"] = torch.randn(count, spec.vector)
        return inputs

    @property
    def numbered(self) -> dict[str, int]:
        """How many labels there are, and domains, by what the input is called; none where they are not asked for."""
        many = {"label": self.spec.classes, "domain": self.spec.domains}
        return {name: number for name, number in many.items() if number}


def cases(checked: CheckedPlugin, *, features: bool = False) -> list[Case]:
    """Return every case of the networks that a plugin brings: at two sizes each, and a rectangle, where it can do so.

    A normalization by itself is tried in the networks of the workbench. Raises Failure where a part can do nothing.
    """
    found: list[Case] = []
    for role, usual in ASKED.items():
        if role in checked.factories:
            every = [*usual, *((OWN, spec) for spec in own_specs(checked, role))]
            found += _narrow(checked, every, role, features) or _able(checked, every, checked.part(role), features)
    # Networks of its own that can do nothing of this are no reason to ask others.
    if not ASKED.keys().isdisjoint(checked.factories) or "normalization" not in checked.factories:
        return found
    bench = load_plugins([str(WORKBENCH)])
    if refers(checked):
        factory = bench.factory(bench.leading, "generator")
        assert factory is not None
        return _able(checked, ASKED["generator"][1:2], Part("generator", bench.leading, factory), features)
    for role, asked in ASKED.items():
        factory = bench.factory(bench.leading, role)
        assert factory is not None
        found += _able(checked, asked[:1], Part(role, bench.leading, factory), features)
    return found


def refers(checked: CheckedPlugin) -> bool:
    """Return whether the plugin brings a normalization by a reference batch, as generators of noise alone have one."""
    return "normalization" in checked.factories and bool(checked.part("normalization")().refers)


def first_case(checked: CheckedPlugin, role: str) -> Case:
    """Return the first case of a part that the plugin brings."""
    return next(case for case in cases(checked) if case.role == role)


def _narrow(checked: CheckedPlugin, asked: Sequence[tuple[str, Spec]], role: str, features: bool) -> list[Case]:
    """Return what a part can do with small widths; nothing where it cannot be made so."""
    try:
        return _able(checked, asked, checked.part(role, narrow=True), features)
    except (GantkError, Failure):
        return []


def _able(checked: CheckedPlugin, asked: Sequence[tuple[str, Spec]], part: Part, features: bool) -> list[Case]:
    """Return what a part can do of what is asked, each at two sizes, and wider than high where it can."""
    found: list[Case] = []
    refusal = ""
    for name, blank in asked:
        # Other numbers of the same inputs and answers are no other case.
        if any(_fields(case.spec) == _fields(blank) for case in found):
            continue
        able: list[Case] = []
        for size in SIZES:
            spec = replace(blank, size=size, features=features)
            case = Case(part.slot, name, spec, partial(_made, checked, part))
            try:
                case.network()
            except Unsupported as error:
                refusal = str(error)
                continue
            able.append(case)
            if len(able) == 2:
                break
        found += [*able, *islice(_rectangles(able), 1)]
    if not found and not features:
        raise Failure(f"{part.slot} {part.plugin} can do nothing that it was asked; it said last: {refusal}")
    return found


def _fields(spec: Spec) -> set[str]:
    """Return the names of the fields that are asked: of those that need not be, but for inner activations."""
    said = {name for name, value in vars(spec).items() if value != getattr(type(spec), name, value)}
    return said - {"features"}


def _rectangles(able: Sequence[Case]) -> Iterator[Case]:
    """Yield the cases of a part on images that are twice as wide as high, of those that it can do, small ones first."""
    for side in (able[0].spec.square // 2, able[0].spec.square) if able else ():
        wide = replace(able[0], spec=replace(able[0].spec, size=(side, 2 * side)))
        # A part that never heard of rectangles may fail on one in its own way.
        with suppress(Unsupported, Failure):
            wide.network()
            yield wide


def _made(checked: CheckedPlugin, part: Part, spec: Spec) -> nn.Module:
    """Make a part for a spec, with the plugin's own normalization if it brings one, else with the workbench's."""
    norm = Part("normalization", "workbench", Plain)
    if "normalization" in checked.factories:
        norm = checked.part("normalization")
    data = DataInfo(
        kind="labelled",
        size=spec.size,
        channels=dict.fromkeys(IMAGE_KEYS, 3),
        classes=_names(spec.classes),
        domains=_names(spec.domains),
    )
    build = Build(data=data, parts={f"normalization.{role}": norm for role in NETWORKS})
    try:
        # Not by the part itself: what it raises would be told with all others that could do it, which takes long.
        module: nn.Module = part.factory(spec, build, **part.options)
    except GantkError:
        raise
    except Exception as error:
        raise Failure(f"{part.slot} {part.plugin} cannot be made: {blamed_line(error)}{one_line(error)}") from error
    return module


def _names(count: int | None) -> tuple[str, ...]:
    return tuple(str(number) for number in range(count or CLASSES))
