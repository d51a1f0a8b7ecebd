"""Checks of single networks: generators, discriminators, and what a normalization makes of some."""

from __future__ import annotations

import torch
from torch import Tensor

from gantk.parts.networks import Network
from gantk.testing.answers import answered, check_answer, check_range, equal, perturbed, run, tensors, wrong_shape
from gantk.testing.cases import ASKED, Case, cases
from gantk.testing.checked import CheckedPlugin
from gantk.testing.report import Failure, Skip


def finite(checked: CheckedPlugin) -> str:
    """Run networks on batches of 1, 2 and 5, training or not, and on images of one level; scale generators' weights."""
    found = cases(checked)
    for case in found:
        network = case.network()
        for count in (1, 2, 5):
            for training in (False, True):
                network.train(training)
                where = f"{case.title}, batch of {count}, {'training' if training else 'evaluation'} mode"
                inputs = case.inputs(count)
                check_answer(case, network, inputs, where)
                if "image" in inputs:
                    for level in (-1.0, 1.0):
                        flat = inputs | {"image": torch.full_like(inputs["image"], level)}
                        check_answer(case, network, flat, f"{where}, images all {level:g}")
        if case.role == "generator":
            check_range(case)
    return _titles(found)


def responds(checked: CheckedPlugin) -> str:
    """Change each input by itself, and ask for each sample of a batch alone, all in evaluation mode.

    Weights are moved a little first, since some begin at zero.
    """
    found = cases(checked)
    mixes = "normalization" in checked.factories and checked.part("normalization")().mixes_samples
    for case in found:
        network = perturbed(case.network()).eval()
        _check_response(case, network, 4)
        if not mixes:
            _check_alone(case, network)
        _check_response(case, network, 1)
    return "; ".join(dict.fromkeys(f"{case.role} ({case.asks}): {', '.join(case.inputs(1))}" for case in found))


def gradients(checked: CheckedPlugin) -> str:
    """Add up the gradients of three random batches. Weights are moved a little first, since some begin at zero."""
    found = cases(checked)
    count = 0
    for case in found:
        network = perturbed(case.network()).train()
        for _ in range(3):
            inputs = case.inputs(4)
            scored = [inputs[name].requires_grad_() for name in ("image", "latent") if name in inputs]
            total = torch.stack([(one * torch.randn_like(one)).sum() for one in tensors(run(case, network, inputs))])
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


def features(checked: CheckedPlugin) -> str:
    """Ask for inner activations, and compute the answer of them where the network offers that."""
    # The workbench's networks, in which a normalization is tried, are not the plugin's to answer for.
    found = [] if ASKED.keys().isdisjoint(checked.factories) else cases(checked, features=True)
    if not found:
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
                for one, two in zip(tensors(answer), tensors(again), strict=True):
                    if not torch.allclose(one, two, atol=1e-5):
                        raise Failure(f"{case.title}: score(features(x)) is not what the network gives for x")
    return _titles(found)


def repeats(checked: CheckedPlugin) -> str:
    """Make each network twice of one seed, and run both in training mode, again of one seed."""
    found = cases(checked)
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
            answers.append(tensors(run(case, network.train(), inputs)))
        if not equal(*answers):
            raise Failure(f"{case.title}: two runs of one seed give different answers{_DRAW}")
    return _titles(found)


_DRAW = ": draw random numbers from torch alone, and keep no state outside the network"


def autocast(checked: CheckedPlugin) -> str:
    """Run networks as a training in bfloat16 does, and take gradients."""
    found = cases(checked)
    for case in found:
        network = case.network().train()
        network.autocast = torch.bfloat16
        answer = tensors(run(case, network, case.inputs(4)))
        if not all(one.isfinite().all() for one in answer):
            raise Failure(f"{case.title}: gives NaN or infinite numbers under bfloat16 autocast")
        torch.autograd.backward(torch.stack([one.square().sum() for one in answer]).sum())
        for name, parameter in network.module.named_parameters():
            if parameter.grad is not None and not parameter.grad.isfinite().all():
                raise Failure(f"{case.title}: the gradient of {name} is NaN or infinite under bfloat16 autocast")
    return _titles(found)


def _check_response(case: Case, network: Network, count: int) -> None:
    inputs, others = case.inputs(count), case.inputs(count)
    before = answered(case, network, inputs)
    for name, value in inputs.items():
        numbers = case.numbered.get(name)
        if numbers == 1:
            continue
        other = others[name] if numbers is None else (value + 1) % numbers
        if equal(before, answered(case, network, inputs | {name: other})):
            where = case.title if count > 1 else f"{case.title}, batch of 1"
            raise Failure(f"{where}: what it gives does not change with its input `{name}`")


def _check_alone(case: Case, network: Network) -> None:
    """Hold each row of a batch's answer against that of the same sample alone."""
    inputs = case.inputs(4)
    together = answered(case, network, inputs)
    if any(wrong_shape(case, one, 4) for one in together):
        return  # `finite` tells it
    if not equal(together, answered(case, network, inputs, seed=1)):
        return  # one that draws noise draws another for other batches
    for row in range(4):
        alone = answered(case, network, {name: value[row : row + 1] for name, value in inputs.items()})
        for one, two in zip(together, alone, strict=True):
            # On average: where activations are large, rounding alone may turn single pixels.
            apart = float((one[row] - two[0]).abs().mean())
            if apart > 1e-3 * float(one.abs().mean()):
                raise Failure(
                    f"{case.title}: in evaluation mode, what it gives for a sample depends on the rest of the batch "
                    f"(alone it differs by {apart:.2g} on average): use what is computed over a batch in training "
                    "mode alone, as nn.BatchNorm2d does"
                )


def _titles(found: list[Case]) -> str:
    by_ask: dict[str, list[str]] = {}
    for case in found:
        energies = " energies" if getattr(case.spec, "output", "") == "energies" else ""
        by_ask.setdefault(f"{case.role} ({case.asks}{energies})", []).append(str(case.spec.sides))
    return "; ".join(f"{ask} at {' and '.join(sizes)} px" for ask, sizes in by_ask.items())
