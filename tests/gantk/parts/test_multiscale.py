"""Discriminators at several sizes: who sees what, what a game makes of it, and what a build says."""

import pytest
import torch
from torch import nn

from gantk import DiscriminatorSpec, Unsupported, UsageError, Wrapper
from gantk.parts.build import Build
from gantk.parts.data_info import DataInfo
from gantk.parts.discriminator import Discriminator
from gantk.parts.losses import AdversarialLoss
from gantk.parts.multiscale import MultiScale, halved
from gantk.parts.normalization import Normalization


class Mean(nn.Module):
    """Scores an image by its mean times a number; its features are what it is given."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, image, *conditions):
        return self.score(self.features(image, *conditions))

    def features(self, image, *conditions):
        return [image, *conditions]

    def score(self, features):
        return self.factor * features[0].mean((1, 2, 3))


class Game(AdversarialLoss):
    def discriminator(self, real_scores, fake_scores):
        return (fake_scores - real_scores).mean()

    def generator(self, fake_scores, real_scores=None):
        return -fake_scores.mean()


class Named:
    def __init__(self, factory):
        self.plugin, self.factory = "named", factory

    def __call__(self, *arguments):
        return self.factory(*arguments)


def build_of(factory):
    parts = {"discriminator": factory, "loss": Game, "normalization.discriminator": Normalization}
    return Build(
        data=DataInfo(kind="images", size=16, channels={"image": 1}),
        parts={slot: Named(part) for slot, part in parts.items()},
    )


def test_halving_takes_means_without_what_lies_outside():
    image = torch.arange(9.0).view(1, 1, 3, 3)
    # The corner's window holds the four pixels 0, 1, 3, 4.
    assert torch.equal(halved(image), torch.tensor([[[[2.0, 3.0], [5.0, 6.0]]]]))


def test_each_sees_the_image_and_its_maps_at_half_the_size_and_all_else_as_it_is():
    network = Discriminator(MultiScale([Mean(1.0), Mean(2.0), Mean(3.0)], 7), "discriminator")
    image, condition, label = torch.rand(2, 3, 7, 10), torch.rand(2, 1, 7, 10), torch.tensor([1, 2])
    small, tiny = halved(image), halved(halved(image))
    scores, features = network.given(condition, label).both(image)
    expected = [factor * seen.mean((1, 2, 3)) for factor, seen in ((1, image), (2, small), (3, tiny))]
    for one, other, alone in zip(scores, expected, network(image, condition, label), strict=True):
        assert torch.equal(one, other)
        assert torch.equal(one, alone)
    assert [tuple(feature.shape) for feature in features[:6]] == [
        (2, 3, 7, 10), (2, 1, 7, 10), (2,), (2, 3, 4, 5), (2, 1, 4, 5), (2,)
    ]  # fmt: skip
    assert torch.equal(features[7], halved(halved(condition)))
    assert torch.equal(features[8], label)
    assert all(map(torch.equal, features, network.features(image, condition, label)))


def test_a_game_takes_the_mean_over_sizes():
    network = Discriminator(MultiScale([Mean(1.0), Mean(3.0)], 4), "discriminator")
    fake = torch.full((2, 1, 4, 4), 0.5)
    assert Game().fool(network.given(), fake).item() == pytest.approx(-(0.5 + 1.5) / 2)


def test_images_of_a_smaller_stage_are_scored_by_those_who_score_such():
    network = MultiScale([Mean(1.0), Mean(2.0), Mean(3.0)], 16, any_size=True)
    ones = {size: [score.item() for score in network(torch.ones(1, 1, size, size))] for size in (2, 4, 8, 16, 32)}
    assert ones == {2: [3], 4: [3], 8: [2, 3], 16: [1, 2, 3], 32: [1, 2, 3]}
    assert len(MultiScale([Mean(1.0), Mean(2.0)], 16)(torch.ones(1, 1, 8, 8))) == 2


def test_a_build_asks_the_chosen_discriminator_for_each_size():
    asked = []

    def factory(spec, build):
        asked.append(spec)
        return Mean(1.0)

    spec = DiscriminatorSpec(channels=1, size=(9, 16), features=True)
    built = build_of(factory).discriminator(spec, scales=3).module
    assert [one.sides for one in asked] == [(9, 16), (5, 8), (3, 4)]
    assert all(one.features for one in asked)
    assert len(set(map(id, built.discriminators))) == 3
    with pytest.raises(UsageError, match="at 1 scale or more, not at 0"):
        build_of(factory).discriminator(spec, scales=0)


def test_what_one_of_them_cannot_do_is_said():
    def factory(spec, build):
        if spec.size < 8:
            raise Unsupported("needs 8 pixels")
        return Mean(1.0)

    with pytest.raises(Unsupported, match="needs 8 pixels"):
        build_of(factory).discriminator(DiscriminatorSpec(channels=1, size=8), scales=2)


def test_a_wrapper_changes_what_all_of_them_see():
    class Doubled(Wrapper):
        def before(self, first):
            return 2 * first

    network = Discriminator(Doubled(MultiScale([Mean(1.0), Mean(1.0)], 4)), "discriminator")
    scores, features = network.given().both(torch.ones(1, 1, 4, 4))
    assert [score.item() for score in scores] == [2, 2]
    assert features[0].mean() == 2


def test_what_is_too_small_at_an_inner_scale_is_said_in_the_images_pixels():
    def from_eight_pixels(spec, build):
        if min(spec.sides) < 8:
            raise Unsupported(f"a part needs 8 pixels, not {spec.sides}")
        return Mean(1.0)

    build = build_of(from_eight_pixels)
    reason = (
        "^at 3 scales images need 32 pixels or more, not 16: say --size 32, or fewer scales; "
        "those of scale 3 are 4 times smaller, and a part needs 8 pixels, not 4$"
    )
    with pytest.raises(Unsupported, match=reason):
        build.discriminator(DiscriminatorSpec(channels=1, size=16), scales=3)
    with pytest.raises(Unsupported, match="^a part needs 8 pixels, not 4$"):
        build.discriminator(DiscriminatorSpec(channels=1, size=4), scales=3)
    assert len(build.discriminator(DiscriminatorSpec(channels=1, size=32), scales=3)(torch.ones(2, 1, 32, 32))) == 3


def test_where_no_size_would_do_the_reason_stays_as_it_is():
    def never_small(spec, build):
        if spec.size != 1000:
            raise Unsupported("needs 1000 pixels")
        return Mean(1.0)

    with pytest.raises(Unsupported, match="^needs 1000 pixels$"):
        build_of(never_small).discriminator(DiscriminatorSpec(channels=1, size=1000), scales=2)
