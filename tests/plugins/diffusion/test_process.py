"""The way to noise and back, against closed forms: posteriors, parametrisations, and Gaussian data."""

import math

import pytest
import torch
from torch import nn

from gantk import UsageError
from gantk_plugins.diffusion.process import Process, Sampling, betas, drawn_for, fitting


def given(count, steps, shape=(1, 1, 1), taken=None, eta=None, seed=1):
    """Return what a sampler of `steps` steps at most is given for `count` samples."""
    torch.manual_seed(seed)
    latent, noise = torch.randn(count, *shape), torch.randn(count, steps, *shape)
    asked = torch.full((count,), float(taken or steps))
    return latent, noise, asked, *([] if eta is None else [torch.full((count,), eta)])


class Optimal(nn.Module):
    """What is best told of noisy images where the data are N(mean, deviation^2), in any parametrisation."""

    def __init__(self, process, mean=0.0, deviation=0.25):
        super().__init__()
        self.process, self.mean, self.deviation = process, mean, deviation

    def forward(self, x, t):
        signal, spread = self.process.at(t + 1)
        variance = signal**2 * self.deviation**2 + spread**2
        image = self.mean + signal * self.deviation**2 / variance * (x - signal * self.mean)
        noise = spread / variance * (x - signal * self.mean)
        return {"image": image, "noise": noise, "velocity": signal * noise - spread * image}[self.process.told]


def test_linear_betas_are_the_papers():
    steps = betas("linear", 1000)
    assert (steps[0].item(), steps[-1].item()) == pytest.approx((1e-4, 0.02))
    assert torch.cumprod(1 - steps, 0)[-1].item() == pytest.approx(4.036e-5, rel=1e-3)
    assert torch.cumprod(1 - betas("linear", 100), 0)[-1].item() < 1e-4


def test_cosine_betas_are_those_of_improved_ddpm():
    steps = betas("cosine", 1000)
    assert steps[0].item() == pytest.approx(4.13e-5, rel=1e-3)
    assert torch.cumprod(1 - steps, 0)[499].item() == pytest.approx(0.4938, abs=1e-4)
    assert steps.max() == 0.999


def test_too_few_steps_are_refused():
    with pytest.raises(UsageError, match="timesteps of at least 2, not 1"):
        betas("linear", 1)


@pytest.mark.parametrize("told", ["noise", "image", "velocity"])
def test_the_image_follows_from_what_is_told(told):
    process = Process(betas("linear", 1000), told)
    image, noise = torch.randn(2, 6, 3, 2, 2)
    t = torch.tensor([1, 50, 300, 500, 800, 1000])
    noisy = process.noised(image, noise, t)
    kept = torch.cumprod(1 - betas("linear", 1000), 0)[t - 1].float()[:, None, None, None]
    torch.testing.assert_close(noisy, kept.sqrt() * image + (1 - kept).sqrt() * noise)
    torch.testing.assert_close(process.clean(noisy, process.target(image, noise, t), t), image, atol=1e-4, rtol=1e-4)


def test_a_full_step_is_the_posterior_of_equation_7():
    process, steps = Process(betas("linear", 20)), betas("linear", 20)
    kept = torch.cat([torch.ones(1, dtype=torch.float64), torch.cumprod(1 - steps, 0)])
    image, x = torch.rand(4, 1, 2, 2), torch.randn(4, 1, 2, 2)
    for large in (False, True):
        for t in (20, 7, 2, 1):
            sampler = Sampling(Told(image), process, 20, large=large)
            process.told = "image"
            noise = torch.randn(4, 20, 1, 2, 2)
            made = sampler.advance(x, torch.tensor(20 - t), x, noise, torch.full((4,), 20.0))
            beta, before, after = steps[t - 1], kept[t - 1], kept[t]
            mean = before.sqrt() * beta / (1 - after) * image + (1 - beta).sqrt() * (1 - before) / (1 - after) * x
            variance = beta * (t > 1) if large else (1 - before) / (1 - after) * beta
            expected = mean + variance.sqrt() * noise[:, 20 - t]
            torch.testing.assert_close(made, expected.float(), atol=1e-4, rtol=1e-4)


class Told(nn.Module):
    """Tells the same whatever it is asked of."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, x, t):
        return self.answer


@pytest.mark.parametrize("told", ["noise", "image", "velocity"])
def test_all_parametrisations_make_the_same_images(told):
    process, other = Process(betas("cosine", 100), told), Process(betas("cosine", 100), "image")
    numbers = given(5, 40, (1, 2, 2), taken=20, eta=0.5)
    made = Sampling(Optimal(process), process, 40)(*numbers)
    torch.testing.assert_close(made, Sampling(Optimal(other), other, 40)(*numbers), atol=1e-4, rtol=1e-3)


def deviation_after(steps, deviation, *, large):
    """Return the deviation at which the ancestral sampler arrives for N(mean, deviation^2), all of it told best.

    A step is affine in x: x' = p x + const + noise, so that v' = p^2 v + variance.
    """
    kept = torch.cat([torch.ones(1, dtype=torch.float64), torch.cumprod(1 - steps, 0)])
    found = 1.0
    for t in range(len(steps), 0, -1):
        beta, before, after = steps[t - 1], kept[t - 1], kept[t]
        told = after.sqrt() * deviation**2 / (after * deviation**2 + 1 - after)
        slope = (1 - beta).sqrt() * (1 - before) / (1 - after) + before.sqrt() * beta / (1 - after) * told
        found = slope**2 * found + (beta * (t > 1) if large else (1 - before) / (1 - after) * beta)
    return math.sqrt(found)


@pytest.mark.parametrize("large", [False, True])
def test_gaussian_data_come_back_as_the_recursion_says(large):
    process = Process(betas("linear", 200))
    sampler = Sampling(Optimal(process, mean=0.3, deviation=0.15), process, 200, large=large)
    count, expected = 4000, deviation_after(betas("linear", 200), 0.15, large=large)
    made = sampler(*given(count, 200)).flatten()
    assert expected == pytest.approx(0.15, rel=0.15)
    assert deviation_after(betas("linear", 1000), 0.15, large=large) == pytest.approx(0.15, rel=0.04)
    assert made.mean().item() == pytest.approx(0.3, abs=3 * 0.15 / math.sqrt(count) + 0.001)
    assert made.std().item() == pytest.approx(expected, rel=3 / math.sqrt(2 * count) + 0.005)


def test_without_fresh_noise_a_gaussians_image_is_its_latent_scaled():
    process = Process(betas("linear", 1000))
    sampler = Sampling(Optimal(process, deviation=0.2), process, 1000)
    latent, *others = given(7, 1000, eta=0.0)
    torch.testing.assert_close(sampler(latent, *others), 0.2 * latent, atol=5e-3, rtol=0)


def test_a_single_image_is_found_in_any_number_of_steps():
    process, image = Process(betas("linear", 50), "image"), torch.full((3, 1, 2, 2), 0.4)
    for taken in (1, 3, 50):
        made = Sampling(Told(image), process, 50)(*given(3, 50, (1, 2, 2), taken=taken, eta=0.0))
        torch.testing.assert_close(made, image)


def test_samples_that_ask_for_other_numbers_of_steps_are_as_if_alone():
    process = Process(betas("linear", 50))
    sampler = Sampling(Optimal(process), process, 30)
    latent, noise, _, eta = given(3, 30, eta=1.0)
    together = sampler(latent, noise, torch.tensor([1.0, 30, 11]), eta)
    for row, steps in enumerate((1, 30, 11)):
        alone = sampler(*(each[row : row + 1] for each in (latent, noise)), torch.tensor([float(steps)]), eta[:1])
        torch.testing.assert_close(together[row : row + 1], alone)
    assert sampler.steps(latent, noise, torch.tensor([2.0, 7.4, 1])).item() == 7
    assert sampler.asked(torch.tensor([0.0, 99.0])).tolist() == [1, 30]


def test_there_are_no_more_steps_than_the_way_has():
    process = Process(betas("linear", 10))
    with pytest.raises(UsageError, match="of 10 timesteps no 11 can be taken"):
        Sampling(Optimal(process), process, 11)


def test_steps_are_as_many_as_there_can_be_noise_for():
    assert fitting((3, 32, 32), 1000) == 1000
    assert fitting((3, 256, 256), 1000) == 341
    latent, noise, steps = drawn_for((3, 8, 8), 20, 5)
    assert (latent.shape, noise.shape, steps.default, steps.high) == ((3, 8, 8), (20, 3, 8, 8), 5, 20)
