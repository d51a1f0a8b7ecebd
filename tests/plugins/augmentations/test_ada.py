"""ADA against the paper: its changes, how its probability adapts, and that nothing waits for a device."""

import math
from importlib.metadata import entry_points

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from gantk import UsageError
from gantk.parts.context import Context
from gantk_plugins.augmentations.ada import ADA, coloured, moved

NEUTRAL = {
    **dict.fromkeys(("mirror", "scale", "stretch", "contrast", "luma", "saturation"), 1.0),
    **dict.fromkeys(("quarter", "before", "after", "brightness", "hue"), 0.0),
    **dict.fromkeys(("whole", "fraction"), (0.0, 0.0)),
}


def draws(**changes):
    return {name: torch.tensor([value]) for name, value in {**NEUTRAL, **changes}.items()}


@pytest.fixture
def image():
    return torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(1)) * 2 - 1


def adapted(sign, *, rounds=4, critic_steps=1, images=100, **options):
    """Return what becomes of p = 0.5 as real images get a mean sign in each round."""
    augmentation = ADA(**options)
    augmentation.context = Context(critic_steps=critic_steps, images=images)
    augmentation.p.fill_(0.5)
    for turn in range(rounds * critic_steps):
        augmentation.context.take_turn(turn)
        augmentation.watch(torch.tensor([sign, sign]) + 0.25, 0.25)
        if augmentation.context.is_due(critic=False):
            augmentation.adapt(augmentation.take_feedback())
    return augmentation.p.item()


def test_nothing_is_changed_where_p_is_0(image):
    augmentation = ADA()
    many = image.repeat(50, 1, 1, 1)
    drawn = augmentation.drawn(many)
    assert torch.equal(augmentation.images(many, drawn), many)
    assert torch.equal(augmentation.layouts(many, drawn), many)


def test_each_change_of_place_is_the_papers(image):
    turned = {
        "mirror": (-1.0, image.flip(3)),
        "quarter": (math.pi, image.flip((2, 3))),
        "before": (math.pi, image.flip((2, 3))),
        "after": (-math.pi, image.flip((2, 3))),
    }
    for name, (value, expected) in turned.items():
        assert torch.allclose(moved(image, draws(**{name: value}), "bilinear"), expected, atol=1e-5), name
    quarter = moved(image, draws(quarter=math.pi / 2), "bilinear")
    assert any(torch.allclose(quarter, image.rot90(k, (2, 3)), atol=1e-5) for k in (1, 3))
    # An eighth of 8 pixels, to the right and down; what comes in is mirrored.
    whole = moved(image, draws(whole=(0.125, 0.125)), "bilinear")
    assert torch.allclose(whole[..., 1:, 1:], image[..., :-1, :-1], atol=1e-5)
    assert torch.allclose(whole[..., 0, 1:], image[..., 0, :-1], atol=1e-5)
    assert torch.allclose(
        moved(image, draws(fraction=(0.0, 0.125)), "bilinear")[..., 1:, :], image[..., :-1, :], atol=1e-5
    )
    half = moved(image, draws(fraction=(0.0625, 0.0)), "bilinear")
    assert torch.allclose(half[..., 1:], (image[..., 1:] + image[..., :-1]) / 2, atol=1e-5)
    # Twice as large: the middle's pixels lie at quarters between the old ones.
    large = moved(image, draws(scale=2.0), "bilinear")
    row = 0.75 * image[..., 4, :] + 0.25 * image[..., 3, :]
    assert torch.allclose(large[..., 4, 4], 0.75 * row[..., 4] + 0.25 * row[..., 3], atol=1e-5)


def test_each_change_of_colour_is_the_papers(image):
    axis = torch.full((3,), 3**-0.5)
    grey = torch.outer(axis, axis)
    cross = torch.tensor([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    turn = 0.7
    matrices = {
        "contrast": (1.3, 1.3 * torch.eye(3)),
        "luma": (-1.0, torch.eye(3) - 2 * grey),
        "hue": (turn, grey + math.cos(turn) * (torch.eye(3) - grey) + math.sin(turn) * cross),
        "saturation": (1.6, grey + 1.6 * (torch.eye(3) - grey)),
    }
    for name, (value, matrix) in matrices.items():
        expected = torch.einsum("ij,njhw->nihw", matrix, image)
        assert torch.allclose(coloured(image, draws(**{name: value})), expected, atol=1e-5), name
    both = coloured(image, draws(brightness=0.2, contrast=2.0))
    assert torch.allclose(both, 2 * (image + 0.2), atol=1e-5)
    single = image[:, :1]
    assert torch.allclose(coloured(single, draws(luma=-1.0, hue=1.0, saturation=2.0)), -single, atol=1e-6)


def test_changes_are_made_with_probability_p_and_the_papers_strength():
    torch.manual_seed(0)
    augmentation = ADA()
    augmentation.p.fill_(0.6)
    drawn = augmentation.drawn(torch.zeros(20000, 1, 1, 1))
    for name, neutral in NEUTRAL.items():
        changed = (drawn[name].view(20000, -1)[:, 0] != torch.tensor(neutral).view(-1)[0]).float().mean().item()
        # Half of the coins, and a quarter of the quarter turns, say to leave the image as it is.
        share = {"mirror": 0.3, "luma": 0.3, "quarter": 0.45, "before": 1 - 0.4**0.5, "after": 1 - 0.4**0.5}
        assert changed == pytest.approx(share.get(name, 0.6), abs=0.015), name
    for name, strength in {"scale": 0.2, "stretch": 0.2, "contrast": 0.5, "saturation": 1.0}.items():
        logarithm = drawn[name][drawn[name] != 1].log2()
        assert logarithm.std().item() == pytest.approx(strength, rel=0.03)
        assert logarithm.mean().item() == pytest.approx(0, abs=0.03)
    assert drawn["brightness"][drawn["brightness"] != 0].std().item() == pytest.approx(0.2, rel=0.03)
    assert drawn["whole"].abs().max() <= 0.125
    assert drawn["fraction"][drawn["fraction"] != 0].std().item() == pytest.approx(0.125, rel=0.03)


def test_p_moves_by_the_share_of_images_every_four_batches():
    assert adapted(1.0, rounds=3) == 0.5
    assert adapted(1.0) == pytest.approx(0.5 + 400 / 500_000)
    assert adapted(-1.0) == pytest.approx(0.5 - 400 / 500_000)
    assert adapted(1.0, rounds=5, every=2) == pytest.approx(0.5 + 2 * 200 / 500_000)
    # Turns of the critics are batches, too.
    assert adapted(1.0, rounds=2, critic_steps=2) == pytest.approx(0.5 + 400 / 500_000)
    assert adapted(1.0, rounds=400, images=1000) == 1
    assert adapted(-1.0, rounds=400, images=1000) == 0


def test_r_is_the_mean_sign_over_scales_against_the_target():
    augmentation = ADA(target=0.5, every=1, images=1)
    augmentation.context = Context(images=1)
    # Signs of +1 and -1: r = 0 at one scale, 1 at the other.
    augmentation.watch([torch.tensor([3.0, -3.0]), torch.tensor([[[0.1]], [[7.0]]])], 0.0)
    r = augmentation.take_feedback()
    assert r.item() == 0.5
    augmentation.adapt(r)
    assert augmentation.p == 0
    augmentation.adapt(torch.tensor(0.51))
    assert augmentation.p == 1
    assert set(augmentation.context.notes) == {"discriminator_p", "discriminator_sign"}


def test_no_value_is_read_from_the_device(image):
    class Unread(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, arguments=(), named=None):
            name = str(function)
            assert not any(word in name for word in ("_local_scalar_dense", "nonzero", "is_nonzero", "equal.")), name
            return function(*arguments, **(named or {}))

    augmentation = ADA()
    augmentation.context = Context(images=4)
    with Unread():
        drawn = augmentation.drawn(image)
        augmentation.watch(augmentation.images(image, drawn).mean((1, 2, 3)), 0.5)
        augmentation.adapt(augmentation.take_feedback())


def test_options_out_of_range_are_one_line():
    for options in ({"target": 1.0}, {"images": 0}, {"every": 0}):
        with pytest.raises(UsageError, match="ada needs"):
            ADA(**options)


@pytest.mark.parametrize(
    ("game", "options", "middle"),
    [
        ("minimax", {}, 0.0),
        ("non-saturating", {}, 0.0),
        ("hinge", {}, 0.0),
        ("dragan", {}, 0.0),
        ("lsgan", {}, 0.5),
        ("lsgan", {"fake": -1.0, "aim": 0.0}, 0.0),
        ("wgan", {}, None),
        ("wgan-gp", {}, None),
        ("relativistic", {}, None),
        ("ebgan", {}, None),
    ],
)
def test_the_score_that_means_real_lies_in_the_middle_of_a_game(game, options, middle):
    (entry,) = entry_points(group="gantk", name=game)
    assert entry.load().loss()(**options).boundary == middle
