"""The gradient penalty against hand computation, the recipe against the paper's appendix."""

import pytest
import torch
from torch import nn

from gantk import DiscriminatorSpec, GeneratorSpec, UsageError
from gantk.parts.discriminator import Discriminator

RESIDUAL = {"generator": "wgan-gp", "discriminator": "wgan-gp", "loss": "wgan-gp", "normalization": ("batch", "none")}


class Linear(nn.Module):
    """A critic that gives two scores a sample, both <weight, x>."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, x):
        score = (x * self.weight).flatten(1).sum(1)
        return torch.stack([score, score], 1)


class Calls(nn.Module):
    """A critic made of a function."""

    def __init__(self, function):
        super().__init__()
        self.forward = function


def critic_of(module):
    return Discriminator(module, "discriminator").given()


@pytest.fixture
def game(factory):
    return factory("wgan-gp", "loss")


def test_linear_critic(game):
    weight = torch.full((2, 3, 3), 0.5, dtype=torch.float64)
    x, y = torch.rand(2, 4, 2, 3, 3, dtype=torch.float64)
    norm = 0.5 * 18**0.5
    penalty = game().penalty(critic_of(Linear(weight)), x, y)["gradient_penalty"]
    # One norm over the batch of four would be twice as large.
    assert penalty.item() == pytest.approx(10 * (norm - 1) ** 2, abs=1e-10)
    assert game(weight=3.0).penalty(critic_of(Linear(weight)), x, y)["gradient_penalty"].item() == pytest.approx(
        3 * (norm - 1) ** 2, abs=1e-10
    )


def test_points_are_drawn_between_real_and_fake_with_one_epsilon_a_sample(game):
    seen = []

    def half_square(x):
        seen.append(x)
        return x.square().flatten(1).sum(1) / 2

    real, fake = torch.zeros(64, 3, 2, 2), torch.ones(64, 3, 2, 2)
    penalty = game().penalty(critic_of(Calls(half_square)), real, fake)["gradient_penalty"]
    epsilon = seen[0].detach()
    assert torch.equal(epsilon, epsilon[:, :1, :1, :1].expand_as(epsilon))
    drawn = epsilon[:, 0, 0, 0]
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    assert drawn.std().item() == pytest.approx(12**-0.5, rel=0.2)
    # The gradient of |x|^2 / 2 is x itself, whose norm is epsilon * sqrt(12).
    assert penalty.item() == pytest.approx(10 * (drawn * 12**0.5 - 1).square().mean().item(), rel=1e-5)


def test_the_norm_is_over_all_parts_of_a_point(game):
    critic = critic_of(Calls(lambda image, latent: 3 * image.flatten(1).sum(1) + 4 * latent.sum(1)))
    real, fake = (torch.rand(5, 1, 1, 1), torch.rand(5, 1)), (torch.rand(5, 1, 1, 1), torch.rand(5, 1))
    assert game().penalty(critic, real, fake)["gradient_penalty"].item() == pytest.approx(10 * (5 - 1) ** 2, rel=1e-5)


def test_scores_at_several_scales_are_averaged(game):
    critic = critic_of(Calls(lambda x: [x.sum((1, 2, 3)) * 2, x.sum((2, 3), keepdim=True) * 4]))
    x, y = torch.rand(2, 3, 1, 1, 1)
    assert game().penalty(critic, x, y)["gradient_penalty"].item() == pytest.approx(10 * (3 - 1) ** 2, rel=1e-5)


def test_the_penalty_reaches_the_critic(game):
    module = Linear(torch.full((1, 2, 2), 0.25, dtype=torch.float64))
    x, y = torch.rand(2, 3, 1, 2, 2, dtype=torch.float64)
    game().penalty(critic_of(module), x, y)["gradient_penalty"].backward()
    # d/dw 10 (|w| - 1)^2 = 20 (|w| - 1) w / |w|, with |w| = 0.5
    assert torch.allclose(module.weight.grad, torch.full((1, 2, 2), 20 * -0.5 * 0.5, dtype=torch.float64))


def test_a_critic_without_slope_gives_no_nan(game):
    module = Linear(torch.zeros(1, 2, 2))
    penalty = game().penalty(critic_of(module), *torch.rand(2, 3, 1, 2, 2))["gradient_penalty"]
    penalty.backward()
    assert penalty.item() == pytest.approx(10)
    assert module.weight.grad.isfinite().all()


def test_judge_adds_the_penalty_and_leaves_the_generator_alone(game):
    fake = torch.rand(3, 1, 2, 2, requires_grad=True)
    losses = game().judge(critic_of(Linear(torch.ones(1, 2, 2))), torch.rand(3, 1, 2, 2), fake)
    assert list(losses) == ["game", "gradient_penalty"]
    sum(losses.values()).backward()
    assert fake.grad is None


def test_settings_of_the_paper(game):
    said = game.settings.said()
    assert said == {"optimizer": "adam", "critic_steps": 5, "learning_rate": 1e-4, "betas": (0.0, 0.9)}


def test_the_penalty_can_be_differentiated_twice(game):
    critic = nn.Sequential(nn.Conv2d(2, 3, 2), nn.Tanh(), nn.Flatten(), nn.Linear(12, 1)).double()
    x, y = torch.rand(2, 3, 2, 3, 3, dtype=torch.float64)
    weight = critic[0].weight.detach().clone().requires_grad_()

    def penalty(weight):
        torch.manual_seed(0)
        module = Calls(lambda points: torch.func.functional_call(critic, {"0.weight": weight}, (points,)))
        return game().penalty(critic_of(module), x, y)["gradient_penalty"]

    assert torch.autograd.gradcheck(penalty, (weight,))


def test_the_penalty_is_computed_in_float32_under_bf16(game):
    torch.manual_seed(3)
    module = nn.Sequential(nn.Conv2d(3, 8, 3), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(8 * 36, 1))
    real, fake = torch.randn(2, 4, 3, 8, 8)

    def gradients(autocast):
        torch.manual_seed(0)
        critic = Discriminator(module, "discriminator", autocast).given()
        scores = critic(real)
        penalty = game().penalty(critic, real, fake)["gradient_penalty"]
        return scores, torch.autograd.grad(penalty, module[0].weight)[0]

    (whole_scores, whole), (scores, found) = gradients(None), gradients(torch.bfloat16)
    assert not torch.equal(whole_scores, scores)
    assert torch.equal(whole, found)


def test_the_recipe_trains_as_the_appendix_says(factory):
    recipe = factory("wgan-gp", "recipe")
    assert recipe.settings.said() == {
        "optimizer": "adam",
        "learning_rate": 2e-4,
        "betas": (0.0, 0.9),
        "batch_size": 64,
        "critic_steps": 5,
        "schedule": "linear",
        "decay_from": 0.0,
        "size": 32,
        "dequantize": True,
        "steps": 100_000,
        "precision": "fp32",
    }
    assert recipe.defaults.normalization == {"generator": "batch", "discriminator": "none"}


def test_the_networks_are_the_papers(factory, make_build):
    recipe = factory("wgan-gp", "recipe")(make_build(kind="images", **RESIDUAL))
    assert recipe.latent.length == 128
    generator, critic = recipe.generator.module, recipe.discriminator.module
    three, one, norm = 128 * 128 * 9 + 128, 128 * 128 + 128, 2 * 128
    block = 2 * three - 128 + one + 2 * norm  # no bias before a norm
    expected = 128 * 2048 + 2048 + 3 * block + norm + 128 * 3 * 9 + 3
    assert sum(p.numel() for p in generator.parameters()) == expected
    first = 3 * 128 * 9 + 128 + three + 3 * 128 + 128
    assert sum(p.numel() for p in critic.parameters()) == first + 3 * 2 * three + one + 128 + 1
    assert not any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in critic.modules())
    with torch.no_grad():
        sizes = [tuple(feature.shape[1:]) for feature in critic.features(torch.rand(1, 3, 32, 32))]
    assert sizes == [(128, 16, 16), (128, 8, 8), (128, 8, 8), (128, 8, 8)]


@pytest.mark.parametrize("slot", ["generator", "discriminator"])
def test_wrong_options(slot, factory, make_build):
    spec = GeneratorSpec(latent=8, size=32) if slot == "generator" else DiscriminatorSpec(channels=3, size=32)
    with pytest.raises(UsageError, match="residual networks need filters >= 1, not 0"):
        factory("wgan-gp", slot)(spec, make_build(**RESIDUAL), filters=0)


@pytest.mark.parametrize(
    "parts",
    [
        {"generator": "gan", "discriminator": "dcgan", "generator_options": {"units": 8}},
        {"generator": "dcgan", "discriminator": "dcgan", "generator_options": {"filters": 4}},
        {"generator": "dcgan", "discriminator": "dcgan", "generator_options": {"filters": 4, "activation": "tanh"}},
    ],
    ids=["dense generator", "no normalization", "tanh everywhere"],
)
def test_the_hard_architectures_of_figure_2_train(parts, factory, make_build, pictures, stream, run_steps):
    activation = {"activation": "tanh"} if "activation" in parts["generator_options"] else {}
    build = make_build(
        kind="images",
        loss="wgan-gp",
        normalization=("none", "none"),
        discriminator_options={"filters": 4, **activation},
        **parts,
    )
    recipe = factory("wgan-gp", "recipe")(build, latent=4)
    (moves,) = run_steps(recipe, stream({"image": pictures("3d", 3)}))
    assert list(moves["discriminator"]) == ["game", "gradient_penalty"]
    assert all(loss.isfinite() for losses in moves.values() for loss in losses.values())
