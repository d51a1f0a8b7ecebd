"""Packs: who stands beside whom, what a discriminator of them is asked for, and what refuses them."""

import json

import pytest
import torch
from torch import nn

from gantk import Augmentation, Build, DiscriminatorSpec, Unsupported, UsageError, score_gradients
from gantk.parts.data_info import DataInfo
from gantk.parts.packs import packed, packed_spec
from gantk.plan.settings import RunSettings
from gantk.plugins.selection import Part
from gantk_plugins.losses.non_saturating import NonSaturating
from gantk_plugins.wasserstein.wgan_gp import WassersteinGradientPenalty
from support.commands import invoke, refusal

IMAGES = torch.arange(4 * 2 * 2 * 2, dtype=torch.float32).view(4, 2, 2, 2)


class Seen(nn.Module):
    """Gives back all that it is called with, flat; keeps what it was asked for."""

    def __init__(self, spec, build):
        super().__init__()
        self.spec = spec

    def forward(self, *inputs):
        return torch.cat([one.flatten(1) for one in inputs], 1)

    def features(self, *inputs):
        return list(inputs)


class Linear(nn.Module):
    """Scores a pack by the sum of its numbers times 0.5."""

    def __init__(self, spec, build):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.5, dtype=torch.float64))

    def forward(self, x):
        return self.weight * x.flatten(1).sum(1, keepdim=True)


class Brighter(Augmentation):
    """Adds its number to each sample."""

    def drawn(self, images):
        return {"by": torch.arange(len(images), dtype=images.dtype).view(-1, 1, 1, 1)}

    def images(self, images, drawn):
        return images + drawn["by"]

    def layouts(self, layouts, drawn):
        return layouts


def made(seen=Seen, game=NonSaturating, pack=2, augmentation=None, scales=1, **asked):
    parts = {"loss": Part("loss", "mine", game), "discriminator": Part("discriminator", "mine", seen)}
    if augmentation is not None:
        parts["augmentation"] = Part("augmentation", "mine", augmentation)
    build = Build(data=DataInfo(kind="images", size=2, channels={"image": 2}), parts=parts, pack=pack)
    return build.discriminator(DiscriminatorSpec(channels=2, size=2, **asked), scales=scales)


def test_samples_that_follow_each_other_stand_beside_each_other_on_the_channel_axis():
    first, second = packed(IMAGES, 2)
    assert torch.equal(first, torch.cat([IMAGES[0], IMAGES[1]]))
    assert torch.equal(second, torch.cat([IMAGES[2], IMAGES[3]]))
    assert torch.equal(packed(IMAGES, 4)[0], torch.cat(list(IMAGES)))


def test_conditions_stand_beside_each_other_as_their_images_do():
    discriminator = made(condition_channels=3, joint_latent=5)
    spec = discriminator.module.spec
    assert (spec.channels, spec.condition_channels, spec.joint_latent) == (4, 6, 10)
    condition, latent = torch.rand(4, 3, 2, 2), torch.rand(4, 5)
    image, under, vector = discriminator.features(IMAGES, condition, latent)
    assert torch.equal(image[1], torch.cat([IMAGES[2], IMAGES[3]]))
    assert torch.equal(under[1], torch.cat([condition[2], condition[3]]))
    assert torch.equal(vector[1], torch.cat([latent[2], latent[3]]))
    layouts = packed_spec(DiscriminatorSpec(channels=3, size=8, layout=4, vector=2), 3)
    assert (layouts.channels, layouts.layout, layouts.vector) == (9, 12, 6)


def test_samples_are_augmented_before_they_stand_beside_each_other():
    changed = made(augmentation=Brighter)(torch.zeros(4, 2, 2, 2))
    assert torch.equal(changed, torch.tensor([[0.0] * 8 + [1.0] * 8, [2.0] * 8 + [3.0] * 8]))


def test_at_several_scales_packs_are_halved_as_images_are():
    scores = made(scales=2)(torch.ones(4, 2, 4, 4))
    assert [tuple(one.shape) for one in scores] == [(2, 4 * 16), (2, 4 * 4)]


@pytest.mark.parametrize("pack", [1, 2, 4])
def test_a_pack_is_the_point_whose_slope_is_meant(pack):
    """Of a pack of m samples of 8 numbers the slope is 0.5 * sqrt(8 m)."""
    x, y = torch.rand(2, 4, 2, 2, 2, dtype=torch.float64)
    critic = made(Linear, WassersteinGradientPenalty, pack).given()
    slope = 0.5 * (8 * pack) ** 0.5
    gradients = score_gradients(critic, (x.requires_grad_(),))
    assert gradients.shape == (4 // pack, 8 * pack)
    torch.testing.assert_close(gradients, torch.full_like(gradients, 0.5))
    game = WassersteinGradientPenalty()
    game.r1 = 3.0
    losses = game.judge(critic, x, y)
    assert losses["gradient_penalty"].item() == pytest.approx(10 * (slope - 1) ** 2)
    assert losses["r1"].item() == pytest.approx(3 / 2 * slope**2)


def test_a_pack_has_one_place_between_real_and_made_images():
    seen = []

    class Recorded(Linear):
        def forward(self, x):
            seen.append(x)
            return super().forward(x)

    WassersteinGradientPenalty().penalty(
        made(Recorded, pack=2).given(), torch.zeros(4, 2, 2, 2), torch.ones(4, 2, 2, 2)
    )
    (packs,) = seen
    assert torch.equal(packs.amin((1, 2, 3)), packs.amax((1, 2, 3)))
    assert packs[0, 0, 0, 0] != packs[1, 0, 0, 0]


@pytest.mark.parametrize(
    ("asked", "game", "reason"),
    [
        ({"classes": 10}, NonSaturating, "told class labels"),
        ({"domains": 2}, NonSaturating, "told domains"),
        ({"caption": 9}, NonSaturating, "told captions"),
        ({}, type("Energies", (NonSaturating,), {"wants": "energies"}), "a game of energies"),
    ],
)
def test_what_samples_have_for_themselves_is_refused(asked, game, reason):
    with pytest.raises(Unsupported, match=f"^setting pack cannot be used .*{reason}"):
        made(game=game, **asked)


def test_what_is_no_whole_pack_is_refused():
    with pytest.raises(UsageError, match="^3 samples are no whole packs of 2: say a --batch-size that is a multiple"):
        made()(IMAGES[:3])
    with pytest.raises(UsageError, match="^setting pack: batches of 5 are no whole packs of 3: say --batch-size 6"):
        RunSettings(batch_size=5, pack=3)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("--plugin vae --data emoji -s pack=2", "recipe vae takes no discriminator of others: pack would change"),
        ("--plugin cogan --data emoji -s pack=2", "recipe cogan takes no discriminator of others: pack would change"),
        ("--plugin cyclegan -s pack=2", "batches of 1 are no whole packs of 2: say --batch-size 2"),
        ("--plugin dcgan --data emoji -s pack=0", "pack: 0 is not from 1 to 64"),
        ("--plugin began --data emoji --size 32 -s pack=2", "setting pack cannot be used with a game of energies"),
        ("--plugin infogan --data emoji --size 28 -s pack=2", "infogan reads codes off the trunk"),
        ("--plugin nice-gan --batch-size 2 -s pack=2", "nice-gan encodes by its discriminators"),
    ],
)
def test_what_cannot_be_is_said_before_step_1(said, message):
    assert message in refusal("train", *said.split(), "--dry-run", status=2)


def test_unsaid_and_in_packs_of_one_the_game_is_the_plain_one(tmp_path):
    narrow = "-s generator.filters=4 -s discriminator.filters=4 --batch-size 4 --size 32 --steps 2 --log-every 1"
    logged = {}
    for name, said in {"plain": "", "one": "-s pack=1", "two": "-s pack=2"}.items():
        said = f"train --plugin dcgan --data emoji {narrow} {said} --out {tmp_path / name}"
        invoke(*said.split())
        logged[name] = (tmp_path / name / "scalars.jsonl").read_text("utf-8").splitlines()
    told = {name: [json.loads(line).items() for line in lines] for name, lines in logged.items()}
    losses = {name: [[one for one in line if "game" in one[0]] for line in lines] for name, lines in told.items()}
    assert losses["plain"] == losses["one"]
    assert losses["plain"] != losses["two"]


@pytest.mark.parametrize(
    "said",
    [
        "pix2pix -s generator.filters=4 -s discriminator.filters=4",
        "cyclegan -s generator.filters=4 -s generator.blocks=1 -s discriminator.filters=4",
        "vaegan --data emoji -s filters=4 -s generator.filters=4 -s discriminator.filters=4",
        "bigan --data emoji -s units=16 -s generator.units=16 -s discriminator.units=16",
        "wgan-gp --data emoji -s generator.filters=4 -s discriminator.filters=4",
    ],
)
def test_recipes_of_all_kinds_play_with_packs(said, tmp_path):
    run = f"train --plugin {said} --size 32 --batch-size 4 --steps 1 -s pack=2 --out {tmp_path / 'run'}"
    invoke(*run.split())
    assert (tmp_path / "run" / "checkpoints").is_dir()
