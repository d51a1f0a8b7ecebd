"""The doctor of a training: asks the detectors, says each finding once, and writes it down."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from gantk.errors import one_line
from gantk.parts.iterated import Iterated
from gantk.parts.losses import AdversarialLoss
from gantk.recipe.ports import Caption
from gantk.runs.warnings import Warned, note, noted
from gantk.training.doctor.cycles import Cycles
from gantk.training.doctor.detector import Detector, Finding, Logged, Shown
from gantk.training.doctor.losses import Losses
from gantk.training.doctor.pace import Pace
from gantk.training.doctor.patterns import Patterns
from gantk.training.doctor.variety import Variety
from gantk.training.doctor.weights import Weights
from gantk.training.shipped import Shipped
from gantk.training.training import Training

SAMPLES, PIXELS = 24, 2**19
"""Images that are made of noise for a look, where they have no more than so many pixels together."""


def all_detectors() -> list[Detector]:
    """Return one detector of each kind."""
    return [Losses(), Weights(), Pace(), Variety(), Patterns(), Cycles()]


class Doctor:
    """Looks after a training; what it looks at is there anyway, and nothing of it is touched."""

    def __init__(self, training: Training, detectors: Sequence[Detector] | None = None) -> None:
        self.training = training
        self.detectors = list(all_detectors() if detectors is None else detectors)
        self._known = {(one.name, one.of) for one in noted(training.run, until=training.start)}
        self._since, self._waited = time.perf_counter(), 0.0

    def logged(self, step: int, values: Mapping[str, float]) -> list[str]:
        """Return what to say after a log."""
        if not self.detectors:
            return []
        training = self.training
        now, waited = time.perf_counter(), training.batches.waited
        # Where a stage begins, its batches have waited for nothing yet.
        share = max(waited - self._waited, 0.0) / max(now - self._since, 1e-9)
        self._since, self._waited = now, waited
        critics = frozenset(name for name, mover in training.movers.items() if mover.player.critic)
        games = [module for module in training.recipe.modules() if isinstance(module, AdversarialLoss)]
        seen = Logged(
            step=step,
            steps=training.total,
            losses=values,
            critics=critics,
            judging=critics if games and all(game.boundary is not None for game in games) else frozenset(),
            norms={name: _length(mover.parameters) for name, mover in training.movers.items()},
            waiting=share if training.device.type != "cpu" or training.batches.workers else None,
            workers=training.batches.workers,
        )
        return self._asked("logged", seen)

    def shown(self, step: int, made: Shipped, batch: Mapping[str, Any]) -> list[str]:
        """Return what to say after a preview."""
        if not self.detectors:
            return []
        with torch.no_grad(), torch.random.fork_rng():
            try:
                seen = self._seen(step, made, batch)
            except Exception as error:  # a look must not end what it looks at
                self.detectors = []
                return [f"note: the doctor cannot look at this recipe's images: {one_line(error)}"]
            return self._asked("shown", seen)

    def rest(self) -> None:
        """Leave out the time since the last log that was spent on other things than steps."""
        self._since, self._waited = time.perf_counter(), self.training.batches.waited

    def _asked(self, what: str, seen: Logged | Shown) -> list[str]:
        found: list[str] = []
        for detector in list(self.detectors):
            try:
                findings = list(getattr(detector, what)(seen))
            except Exception as error:  # as above
                self.detectors.remove(detector)
                what_for = type(detector).__name__.lower()
                found.append(f"note: the doctor no longer looks for {what_for}: {one_line(error)}")
                continue
            found += self._new(findings, seen.step)
        return found

    def _new(self, findings: Sequence[Finding], step: int) -> Iterator[str]:
        for one in findings:
            if (one.name, one.of) not in self._known:
                self._known.add((one.name, one.of))
                warned = Warned(step=step, name=one.name, of=one.of, evidence=one.evidence, advice=one.advice)
                note(self.training.run, warned)
                yield f"warning: {warned}"

    def _seen(self, step: int, made: Shipped, batch: Mapping[str, Any]) -> Shown:
        device = self.training.device
        images: dict[str, Tensor] = {}
        real: dict[str, Tensor] = {}
        source: dict[str, Tensor] = {}
        for name, graph in made.form.graphs().items():
            keys = [port for port in graph.inputs if isinstance(port, str)]
            others = [port for port in graph.inputs if not isinstance(port, str | Caption)]
            if graph.task not in ("generate", "translate") or len(keys) + len(others) < len(graph.inputs):
                continue
            # A sampler takes longer than all steps between two previews.
            if any(isinstance(module, Iterated) for module in graph.network.modules()):
                continue
            target = str(graph.outputs[0])
            if any(key not in batch for key in keys) or not _are_images([batch[key] for key in keys]):
                continue
            count = len(batch[keys[0]]) if keys else self._samples()
            drawn = iter([port.fixed(count, 0).to(device) for port in others])
            answer = graph.network(*(batch[port] if isinstance(port, str) else next(drawn) for port in graph.inputs))
            answer = answer[0] if isinstance(answer, tuple) else answer
            images[name] = answer
            if keys:
                source[name] = batch[keys[0]]
            alike = batch.get(target)
            if isinstance(alike, Tensor) and alike.shape[1:] == answer.shape[1:]:
                real[name] = alike
        return Shown(step, self.training.total, made.form, batch, images, real, source)

    def _samples(self) -> int:
        height, width = self.training.stage_data.crops.sides
        return max(2, min(SAMPLES, PIXELS // (height * width)))


def _are_images(values: Sequence[Any]) -> bool:
    return all(isinstance(value, Tensor) and value.ndim == 4 and value.is_floating_point() for value in values)


def _length(parameters: Sequence[Tensor]) -> float:
    """Return the length of all weights together; at a log the device has been waited for already."""
    with torch.no_grad():
        norms = torch._foreach_norm([parameter.detach() for parameter in parameters])
        return float(torch.stack([norm.float() for norm in norms]).norm())
