"""Instance noise: its law, who gets it, when it is gone, and what it is for."""

import json
import math

import pytest
import torch
from torch import nn

from gantk import DiscriminatorSpec, Linear, UsageError
from gantk.parts.context import Context, Progress
from gantk.parts.discriminator import Discriminator
from gantk_plugins.augmentations.instance_noise import InstanceNoise
from support.commands import invoke, refusal

IMAGES = torch.full((64, 3, 8, 8), 0.95)
SPEC = DiscriminatorSpec(channels=3, size=8, condition_channels=3, layout=2)


class Seen(nn.Module):
    """Gives back what it is called with."""

    def forward(self, *inputs):
        return inputs if len(inputs) > 1 else inputs[0]


def discriminator(step=0, **options):
    augmentation = InstanceNoise(**options)
    augmentation.context = Context(progress=Progress(step, 10))
    return Discriminator(Seen(), "discriminator", spec=SPEC, augmentation=augmentation)


def test_the_noise_is_gaussian_and_unclamped_and_falls_with_the_run():
    for step, sigma in ((0, 0.2), (5, 0.1), (9, 0.02)):
        noise = discriminator(step, sigma=Linear(start=0.2, end=0.0))(IMAGES) - IMAGES
        assert noise.std().item() == pytest.approx(sigma, rel=0.03)
        assert noise.mean().abs() < 0.1 * sigma
        # Of a Gaussian, so many numbers lie within one deviation.
        assert (noise.abs() < sigma).float().mean().item() == pytest.approx(math.erf(0.5**0.5), abs=0.02)
    assert discriminator(sigma=0.2)(IMAGES).max() > 1
    assert InstanceNoise().deviation() == pytest.approx(0.1)


def test_real_images_and_those_made_in_their_place_have_noise_of_their_own():
    network = discriminator()
    critic = network.given()
    first, second = critic(IMAGES) - IMAGES, critic(IMAGES) - IMAGES
    assert (first * second).mean().abs() < 0.1 * first.square().mean()


def test_gradients_pass_unchanged():
    images = IMAGES.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator()(images).sum(), images)
    assert torch.equal(gradient, torch.ones_like(images))


def test_conditions_get_none():
    condition, layout = torch.rand(64, 3, 8, 8), torch.rand(64, 2, 8, 8)
    image, under, labels = discriminator()(IMAGES, condition, layout)
    assert not torch.equal(image, IMAGES)
    assert torch.equal(under, condition)
    assert torch.equal(labels, layout)


@pytest.mark.parametrize("step", [0, 10])
def test_where_there_is_none_nothing_is_drawn_and_images_are_themselves(step):
    network = discriminator(step, sigma=Linear(start=0.0, end=0.0))
    state = torch.get_rng_state()
    assert network(IMAGES) is IMAGES
    assert torch.equal(torch.get_rng_state(), state)
    trained = discriminator()
    assert trained.eval()(IMAGES) is IMAGES


@pytest.mark.parametrize("sigma", [-0.1, math.inf, Linear(start=0.1, end=-0.1)])
def test_a_deviation_that_is_none_is_refused(sigma):
    with pytest.raises(UsageError, match=r"^instance-noise needs a sigma of at least 0 all the time, not "):
        InstanceNoise(sigma=sigma)


def divergence(sigma):
    """Return the Jensen-Shannon divergence of two points 1 apart with noise, by a sum over a fine grid."""
    x = torch.linspace(-12 * sigma, 12 * sigma + 1, 200_001, dtype=torch.float64)
    p, q = (torch.exp(-((x - at) ** 2) / (2 * sigma**2)) / (sigma * (2 * math.pi) ** 0.5) for at in (0, 1))
    middle = (p + q) / 2
    terms = sum(torch.where(one > 0, one * torch.log(one / middle), 0.0) for one in (p, q)) / 2
    return torch.trapezoid(torch.nan_to_num(terms), x).item()


@pytest.mark.parametrize(("sigma", "expected"), [(0.1, 0.693146), (0.5, 0.336831), (2.0, 0.030311)])
def test_what_the_book_says_of_two_points(sigma, expected):
    assert divergence(sigma) == pytest.approx(expected, abs=2e-6)


def test_schedules_are_said_and_a_run_with_a_sigma_of_zero_is_the_plain_one(tmp_path):
    narrow = "-s generator.filters=4 -s discriminator.filters=4 --batch-size 4 --size 32 --steps 2 --log-every 1"
    logged = {}
    for name, sigma in {"plain": None, "none": "0", "noisy": "{name: linear, start: 0.3, end: 0}"}.items():
        noise = ["--augmentation", "instance-noise", "-s", f"augmentation.sigma={sigma}"] if sigma else []
        said = f"train --plugin dcgan --data emoji {narrow} --out {tmp_path / name}"
        invoke(*said.split(), *noise)
        lines = (tmp_path / name / "scalars.jsonl").read_text("utf-8").splitlines()
        logged[name] = [
            {key: value for key, value in json.loads(line).items() if key.endswith("game")} for line in lines
        ]
    assert logged["plain"] == logged["none"]
    assert logged["plain"] != logged["noisy"]


def test_its_default_is_shown_as_it_is_said():
    assert "augmentation.sigma={name: linear, start: 0.1, end: 0.0" in invoke("plugins", "instance-noise")


def test_a_wrong_sigma_is_one_line():
    said = (
        "train --plugin dcgan --data emoji --size 32 --augmentation instance-noise -s augmentation.sigma=-1 --dry-run"
    )
    assert "instance-noise needs a sigma of at least 0" in refusal(*said.split(), status=2)
