"""Checks of single networks: generators, discriminators, and what a normalization makes of some."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gantk.errors import blamed_line, one_line
from gantk.parts.networks import Network
from gantk.testing.cases import Case, cases
from gantk.testing.report import Failure, Skip
from gantk.testing.subject import Subject


def finite(subject: Subject) -> str:
    """Run networks on batches of 1, 2 and 5, training or not, and on images of one level."""
    found = cases(subject)
    for case in found:
        network = case.network()
        for count in (1, 2, 5):
            for training in (False, True):
                network.train(training)
                where = f"{case.title}, batch of {count}, {'training' if training else 'evaluation'} mode"
                inputs = case.inputs(count)
                _check_answer(case, network, inputs, where)
                if "image" in inputs:
                    for level in (-1.0, 1.0):
                        flat = inputs | {"image": torch.full_like(inputs["image"], level)}
                        _check_answer(case, network, flat, f"{where}, images all {level:g}")
    return _titles(found)


def responds(subject: Subject) -> str:
    """Change each input by itself. Weights are moved a little first, since some begin at zero."""
    found = cases(subject)
    for case in found:
        network = perturbed(case.network()).eval()
        inputs, others = case.inputs(4), case.inputs(4)
        with torch.no_grad():
            before = _tensors(_run(case, network, inputs))
            for name, value in inputs.items():
                other = (value + 1) % 3 if name == "label" else others[name]
                after = _tensors(_run(case, network, inputs | {name: other}))
                if all(torch.equal(one, two) for one, two in zip(before, after, strict=True)):
                    raise Failure(f"{case.title}: what it gives does not change with its input `{name}`")
    return "; ".join(dict.fromkeys(f"{case.role} ({case.asks}): {', '.join(case.inputs(1))}" for case in found))


def gradients(subject: Subject) -> str:
    """Add up the gradients of three random batches. Weights are moved a little first, since some begin at zero."""
    found = cases(subject)
    count = 0
    for case in found:
        network = perturbed(case.network()).train()
        for _ in range(3):
            inputs = case.inputs(4)
            scored = [inputs[name].requires_grad_() for name in ("image", "latent") if name in inputs]
            total = torch.stack([(one * torch.randn_like(one)).sum() for one in _tensors(_run(case, network, inputs))])
            if not total.requires_grad:
                raise Failure(f"{case.title}: what it gives has no gradient: a detach() or no_grad() too many")
            torch.autograd.backward(total.sum())
            if case.role == "discriminator" and any(one.grad is None or not one.grad.any() for one in scored):
                raise Failure(
                    f"{case.title}: no gradient reaches what it scores, so that no generator could learn of it"
                )
        for name, parameter in network.module.named_parameters():
            if parameter.requires_grad and (parameter.grad is None or not parameter.grad.any()):
                zero = "no gradient reaches" if parameter.grad is None else "the gradient is zero at"
                raise Failure(
                    f"{case.title}: {zero} its parameter {name}; use it, or freeze it (requires_grad_(False))"
                )
            count += parameter.requires_grad
    return f"{count} parameters of {len(found)} networks"


def features(subject: Subject) -> str:
    """Ask for inner activations, and compute the answer of them where the network offers that."""
    found = cases(subject, features=True)
    if not found or ("normalization" in subject.factories and len(subject.factories) == 1):
        raise Skip("offers no inner activations")
    for case in found:
        network = case.network().eval()
        if not hasattr(network.module, "features"):
            raise Failure(
                f"{case.title}: has no method `features`, which its spec asks for: "
                "raise Unsupported where spec.features is true"
            )
        inputs = tuple(case.inputs(2).values())
        with torch.no_grad():
            given = network.features(*inputs)
            if not isinstance(given, list) or not given or not all(isinstance(one, Tensor) for one in given):
                raise Failure(f"{case.title}: `features` gives no list of tensors")
            if hasattr(network.module, "score"):
                answer, again = network(*inputs), network.module.score(given)  # type: ignore[operator]
                for one, two in zip(_tensors(answer), _tensors(again), strict=True):
                    if not torch.allclose(one, two, atol=1e-5):
                        raise Failure(f"{case.title}: score(features(x)) is not what the network gives for x")
    return _titles(found)


def repeats(subject: Subject) -> str:
    """Make each network twice of one seed, and run both in training mode, again of one seed."""
    found = cases(subject)
    for case in found:
        one, two = case.network(1), case.network(1)
        weights = two.state_dict()
        for name, value in one.state_dict().items():
            if not torch.equal(value, weights[name]):
                raise Failure(
                    f"{case.title}: {name.removeprefix('module.')} differs between two networks of one seed{_DRAW}"
                )
        inputs = case.inputs(4)
        answers = []
        for network in (one, two):
            torch.manual_seed(2)
            answers.append(_tensors(_run(case, network.train(), inputs)))
        if not all(torch.equal(*pair) for pair in zip(*answers, strict=True)):
            raise Failure(f"{case.title}: two runs of one seed give different answers{_DRAW}")
    return _titles(found)


_DRAW = ": draw random numbers from torch alone, and keep no state outside the network"


def autocast(subject: Subject) -> str:
    """Run networks as a training in bfloat16 does, and take gradients."""
    found = cases(subject)
    for case in found:
        network = case.network().train()
        network.autocast = torch.bfloat16
        answer = _tensors(_run(case, network, case.inputs(4)))
        if not all(one.isfinite().all() for one in answer):
            raise Failure(f"{case.title}: gives NaN or infinite numbers under bfloat16 autocast")
        torch.autograd.backward(torch.stack([one.square().sum() for one in answer]).sum())
        for name, parameter in network.module.named_parameters():
            if parameter.grad is not None and not parameter.grad.isfinite().all():
                raise Failure(f"{case.title}: the gradient of {name} is NaN or infinite under bfloat16 autocast")
    return _titles(found)


def perturbed(network: Network) -> Network:
    """Move all weights a little: gates that begin at zero open, so that what lies behind them shows."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.05)
    return network


def _run(case: Case, network: Network, inputs: dict[str, Tensor]) -> Any:
    try:
        return network(*inputs.values())
    except Exception as error:
        shapes = ", ".join(f"{name} {tuple(value.shape)}" for name, value in inputs.items())
        raise Failure(f"{case.title}: fails on {shapes}: {blamed_line(error)}{one_line(error)}") from error


def _check_answer(case: Case, network: Network, inputs: dict[str, Tensor], where: str) -> None:
    count = len(next(iter(inputs.values())))
    try:
        with torch.no_grad():
            answer = _tensors(network(*inputs.values()))
    except ValueError as error:
        # Batch norm refuses a single value in training mode, and says so; that is known of it.
        if count == 1 and network.training and "more than 1 value per channel" in str(error):
            return
        raise Failure(f"{where}: {blamed_line(error)}{one_line(error)}") from error
    except Exception as error:
        raise Failure(f"{where}: {blamed_line(error)}{one_line(error)}") from error
    for tensor in answer:
        if not tensor.isfinite().all():
            raise Failure(f"{where}: gives {int((~tensor.isfinite()).sum())} numbers that are NaN or infinite")
        if expected := _wrong_shape(case, tensor, count):
            raise Failure(f"{where}: gives a tensor of {tuple(tensor.shape)}; {expected} is needed")


def _wrong_shape(case: Case, tensor: Tensor, count: int) -> str:
    """Return the shape that is needed, where a tensor has another."""
    spec = case.spec
    if case.role == "generator":
        needed = (count, spec.outputs, spec.size, spec.size)  # type: ignore[union-attr]
        return "" if tuple(tensor.shape) == needed else str(needed)
    if spec.output == "energies":  # type: ignore[union-attr]
        return "" if tuple(tensor.shape) == (count,) else f"an energy for each image, ({count},),"
    return ""


def _tensors(answer: Any) -> list[Tensor]:
    return list(answer) if isinstance(answer, list | tuple) else [answer]


def _titles(found: list[Case]) -> str:
    by_ask: dict[str, list[str]] = {}
    for case in found:
        energies = " energies" if getattr(case.spec, "output", "") == "energies" else ""
        by_ask.setdefault(f"{case.role} ({case.asks}{energies})", []).append(str(case.spec.size))
    return "; ".join(f"{ask} at {' and '.join(sizes)} px" for ask, sizes in by_ask.items())
