"""Steps as they are written by hand, in float32, with channels first: what gantk's own are measured beside.

Each takes a training of gantk, for its networks and one batch, which stays on the device.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, l1_loss, mse_loss

from gantk.training.training import Training


def plain_cyclegan(one: Training) -> Callable[[], None]:
    """Return a step of CycleGAN as it is written by hand, without pools: on one batch, which stays."""
    recipe: Any = one.recipe
    networks = recipe.a_to_b, recipe.b_to_a, recipe.discriminator_a, recipe.discriminator_b
    there, back, judge_a, judge_b = (network.module.to(memory_format=torch.contiguous_format) for network in networks)
    a, b = (next(one.batches)[key].contiguous() for key in ("a", "b"))
    makers = torch.optim.Adam([*there.parameters(), *back.parameters()], 2e-4, betas=(0.5, 0.999))
    judges = torch.optim.Adam([*judge_a.parameters(), *judge_b.parameters()], 2e-4, betas=(0.5, 0.999))

    def step() -> None:
        makers.zero_grad()
        judge_a.requires_grad_(False), judge_b.requires_grad_(False)
        made_b, made_a = there(a), back(b)
        fooled = aimed(judge_b(made_b), 1.0) + aimed(judge_a(made_a), 1.0)
        cycles = l1_loss(back(made_b), a) + l1_loss(there(made_a), b)
        same = l1_loss(there(b), b) + l1_loss(back(a), a)
        (fooled + 10 * cycles + 5 * same).backward()
        makers.step()
        judge_a.requires_grad_(True), judge_b.requires_grad_(True)
        judges.zero_grad()
        for judge, real, made in ((judge_a, a, made_a), (judge_b, b, made_b)):
            (0.5 * (aimed(judge(real), 1.0) + aimed(judge(made.detach()), 0.0))).backward()
        judges.step()

    return step


def aimed(scores: Tensor, label: float) -> Tensor:
    """Return the squared distance of scores from a label."""
    return mse_loss(scores, torch.full_like(scores, label))


def plain_pix2pix(one: Training) -> Callable[[], None]:
    """Return a step of pix2pix as it is written by hand: on one batch, which stays."""
    recipe: Any = one.recipe
    maker, judge = (
        network.module.to(memory_format=torch.contiguous_format) for network in (recipe.generator, recipe.discriminator)
    )
    batch = next(one.batches)
    source, target = batch["source"].contiguous(), batch["target"].contiguous()
    makers = torch.optim.Adam(maker.parameters(), 2e-4, betas=(0.5, 0.999))
    judges = torch.optim.Adam(judge.parameters(), 2e-4, betas=(0.5, 0.999))

    def step() -> None:
        made = maker(source)
        judge.requires_grad_(False)
        makers.zero_grad()
        (logistic(judge(made, source), 1.0) + 100 * l1_loss(made, target)).backward()
        makers.step()
        judge.requires_grad_(True)
        judges.zero_grad()
        (0.5 * (logistic(judge(target, source), 1.0) + logistic(judge(made.detach(), source), 0.0))).backward()
        judges.step()

    return step


def plain_dcgan(one: Training) -> Callable[[], None]:
    """Return a step of DCGAN as it is written by hand: on one batch, which stays."""
    recipe: Any = one.recipe
    maker, judge = (
        network.module.to(memory_format=torch.contiguous_format) for network in (recipe.generator, recipe.discriminator)
    )
    real = next(one.batches)["image"].contiguous()
    makers = torch.optim.Adam(maker.parameters(), 2e-4, betas=(0.5, 0.999))
    judges = torch.optim.Adam(judge.parameters(), 2e-4, betas=(0.5, 0.999))

    def drawn() -> Tensor:
        return recipe.latent.drawn(len(real), real.device)

    def step() -> None:
        with torch.no_grad():
            made = maker(drawn())
        judges.zero_grad()
        (logistic(judge(real), 1.0) + logistic(judge(made), 0.0)).backward()
        judges.step()
        judge.requires_grad_(False)
        makers.zero_grad()
        logistic(judge(maker(drawn())), 1.0).backward()
        makers.step()
        judge.requires_grad_(True)

    return step


def logistic(scores: Tensor, label: float) -> Tensor:
    """Return the cross-entropy of scores with a label."""
    return binary_cross_entropy_with_logits(scores, torch.full_like(scores, label))


PLAIN = {"cyclegan": plain_cyclegan, "pix2pix": plain_pix2pix, "dcgan": plain_dcgan}
"""The loops by the name of their recipe."""
