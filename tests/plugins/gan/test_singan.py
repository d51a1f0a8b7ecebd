"""SinGAN: its scales, its networks, its losses in closed form, and what it makes of a picture."""

import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate

from gantk import Network, UsageError
from gantk.parts.context import Progress, Span
from gantk.sizes import Sides
from gantk_plugins.gan.singan_networks import Enlarger, Injected, PatchCritic, ScaleGenerator, enlarged, pyramid, widths


@pytest.fixture
def singan(factory, make_build):
    """Return a function that builds the recipe for pictures of 18 x 18 pixels, at scales of 12, 15 and 18."""

    def build(**options):
        made = make_build(kind="picture", size=18, loss="singan")
        return factory("singan", "recipe")(made, **{"least": 12, "factor": 0.6, "filters": 4, "moves": 1, **options})

    return build


@pytest.fixture
def batch(pictures):
    return {"image": interpolate(pictures("3d", 1), size=(18, 18), mode="area")}


def at(recipe, step, steps=6):
    """Tell a recipe of three scales that it stands at a step, of as many in each scale."""
    each = steps // 3
    spans = tuple(Span(f"scale {number}", number * each, (number + 1) * each) for number in range(3))
    recipe.context.spans, recipe.context.progress = spans, Progress(step, steps)
    recipe.game.context = recipe.context
    return recipe


def silent(generator):
    """Return a generator that adds nothing to what comes from below."""
    nn.init.zeros_(generator.details[0][-1].weight)
    nn.init.zeros_(generator.details[0][-1].bias)
    return generator


def moves_of(recipe, batches):
    return [(player, {name: loss.detach() for name, loss in losses.items()}) for player, losses in recipe.step(batches)]


@pytest.mark.parametrize(
    ("sides", "count", "ratio"), [((250, 250), 11, 0.794), ((186, 250), 9, 0.778), ((32, 32), 3, 0.884)]
)
def test_scales_of_the_authors_code(sides, count, ratio):
    found = pyramid(Sides(*sides), 25, 0.75)
    assert len(found) == count
    assert (min(found[0]), found[-1]) == (25, sides)
    assert (25 / min(sides)) ** (1 / (count - 1)) == pytest.approx(ratio, abs=5e-4)
    assert found[-2] == Sides(*(round(side * (25 / min(sides)) ** (1 / (count - 1))) for side in sides))


def test_a_picture_as_small_as_the_coarsest_scale_has_one():
    assert pyramid(Sides(20, 30), 25, 0.75) == (Sides(20, 30),)


def test_widths_double_at_every_fourth_scale_up_to_four_times():
    assert widths(32, 14) == [32] * 4 + [64] * 4 + [128] * 6


def test_sizes_of_the_papers_networks():
    norms, inner = 2 * 4 * 32, 3 * (9 * 32 * 32 + 32)
    assert sum(p.numel() for p in ScaleGenerator(3, 32).parameters()) == (
        9 * 3 * 32 + 32 + inner + norms + 9 * 32 * 3 + 3
    )
    assert sum(p.numel() for p in PatchCritic(3, 32).parameters()) == 9 * 3 * 32 + 32 + inner + norms + 9 * 32 + 1


def test_a_score_reads_eleven_pixels():
    critic = PatchCritic(1, 2)
    for layer in critic.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.constant_(layer.weight, 0.1)
        if isinstance(layer, nn.InstanceNorm2d):
            layer.forward = lambda x: x
    image = torch.zeros(1, 1, 31, 31, requires_grad=True)
    scores = critic(image)
    assert scores.shape == (1, 1, 21, 21)
    scores[0, 0, 10, 10].backward()
    rows, columns = image.grad[0, 0].nonzero(as_tuple=True)
    assert [(int(found.min()), int(found.max())) for found in (rows, columns)] == [(10, 20), (10, 20)]


def test_a_generator_adds_to_what_comes_from_below():
    generator = ScaleGenerator(3, 4)
    noise, below = torch.randn(2, 3, 9, 7), torch.randn(2, 3, 9, 7)
    added = generator(noise, below) - below
    assert added.shape == below.shape
    assert 0 < added.abs().max() <= 1
    assert torch.equal(silent(generator)(noise, below), below)


def test_the_penalty_reads_the_slope_at_each_pixel(factory):
    """Of a score of each pixel, the slope there is the length of the weights, however many pixels there are."""
    linear = nn.Conv2d(3, 1, 1).double()
    nn.init.zeros_(linear.weight)
    linear.weight.data[0, :2, 0, 0] = torch.tensor([3.0, 4.0])
    game = factory("singan", "loss")()
    real, fake = torch.randn(2, 1, 3, 6, 5, dtype=torch.float64)
    losses = game.judge(Network(linear, "critic").given(), real, fake)
    assert losses["gradient_penalty"].item() == pytest.approx(0.1 * (5 - 1) ** 2)
    expected = (3 * (fake - real)[:, 0] + 4 * (fake - real)[:, 1]).mean()
    assert losses["game"].item() == pytest.approx(expected.item())


def test_the_penalty_can_be_differentiated(factory):
    critic = PatchCritic(1, 2).double()
    game = factory("singan", "loss")()
    real, fake = torch.randn(2, 1, 1, 13, 12, dtype=torch.float64)

    def penalty(weight):
        critic.scores[0].weight.data.copy_(weight)
        torch.manual_seed(0)
        parameters = {"scores.0.weight": weight}
        scores = lambda points: torch.func.functional_call(critic, parameters, (points,))  # noqa: E731
        return game.penalty(type("Eager", (), {"eager": staticmethod(scores)}), real, fake)["gradient_penalty"]

    assert torch.autograd.gradcheck(penalty, critic.scores[0].weight.detach().clone().requires_grad_())


def test_a_round_moves_the_critic_and_then_the_generator_of_its_scale_as_often(singan, batch, stream):
    recipe = singan(moves=2)
    recipe.prepare(stream(batch))
    moves = moves_of(at(recipe, 2), stream(batch))
    assert [player for player, _ in moves] == ["critic"] * 2 + ["generator"] * 2
    assert {tuple(losses) for _, losses in moves} == {("game", "gradient_penalty"), ("game", "reconstruction")}
    assert recipe.players()["critic"].networks == (recipe.critics[1],)
    assert recipe.players()["generator"].networks == (recipe.generators[1],)


def test_reconstruction_and_the_noise_of_a_scale(singan, batch, stream):
    """Where generators add nothing, below is black, so what is missing is the picture itself."""
    recipe = singan()
    recipe.prepare(stream(batch))
    for generator in recipe.generators:
        silent(generator.module)
    moves = dict(moves_of(at(recipe, 5), stream(batch)))
    mean = batch["image"].square().mean()
    assert moves["generator"]["reconstruction"].item() == pytest.approx(10 * mean.item())
    assert recipe.amplitudes.tolist() == pytest.approx([1, 1, 0.1 * mean.sqrt().item()])


def test_the_anchor_stands_for_the_picture(singan, batch, stream):
    recipe = at(singan(), 3)
    recipe.prepare(stream(batch))
    recipe.amplitudes[1] = 0.5
    first, second = (generator.module for generator in recipe.generators[:2])
    coarse = first(recipe.anchor.expand(-1, 3, -1, -1), torch.zeros(1, 3, 12, 12))
    below = enlarged(coarse, (15, 15))
    restored = second(torch.zeros_like(below), below)
    torch.testing.assert_close(recipe.restored(1), restored)
    graph = recipe.graphs()["generator"]
    drawn = [latent.drawn(2) for latent in recipe.latents[:2]]
    for keep, strength in ((2.0, 1.0), (0.0, 0.0)):
        said = (torch.full((2,), keep), torch.full((2,), strength))
        torch.testing.assert_close(graph.network(*said, *drawn), restored.expand(2, -1, -1, -1))
    kept = graph.network(torch.full((2,), 1.0), torch.ones(2), *drawn)
    torch.testing.assert_close(kept, second(0.5 * drawn[1], below.expand(2, -1, -1, -1)))


def test_a_scale_begins_as_the_one_below_where_it_is_as_wide(singan):
    recipe = at(singan(), 2)
    recipe.begin()
    for networks in (recipe.generators, recipe.critics):
        first, second, third = (list(network.parameters()) for network in networks)
        assert all(map(torch.equal, second, first))
        assert not torch.equal(third[0], first[0])
    recipe.widths[2] *= 2
    recipe = at(recipe, 4)
    before = recipe.generators[2].state_dict()
    recipe.begin()
    assert all(map(torch.equal, recipe.generators[2].state_dict().values(), before.values()))


def test_coarser_scales_may_have_more_steps(singan):
    shares = [stage.share for stage in singan(coarser=1.5).stages()]
    assert shares == pytest.approx([2.25, 1.5, 1])


def test_the_rate_falls_at_four_fifths_of_each_scale(singan):
    for step, begin in ((0, 0), (13, 10), (20, 20)):
        recipe = at(singan(), step, 30)
        (rate,) = recipe.players()["generator"].scale.values()
        assert [rate.at(Progress(begin + own, 30)) for own in (0, 7, 8, 9)] == pytest.approx([1, 1, 0.1, 0.1])


def test_samples_of_another_size(singan):
    recipe = at(singan(), 5)
    wide = recipe.graphs()["generator"].resized(Sides(18, 30))
    assert [latent.shape for latent in wide.inputs] == [(1, 12, 20), (3, 15, 25), (3, 18, 30)]
    assert wide.network(*(latent.drawn(2) for latent in wide.inputs)).shape == (2, 3, 18, 30)
    own = recipe.graphs()["generator"]
    drawn = [latent.drawn(1) for latent in own.inputs[2:]]
    same = own.resized(Sides(18, 18)).network(*drawn)
    torch.testing.assert_close(same, own.network(torch.zeros(1), torch.ones(1), *drawn))


def test_an_image_enters_where_it_is_told_to():
    generators = [silent(ScaleGenerator(3, 2)) for _ in range(3)]
    injected = Injected(generators, [0.25, 0.5, 1])
    image = torch.rand(2, 3, 16, 24)
    half = interpolate(image, (8, 12), mode="bilinear")
    quarter = interpolate(half, (4, 6), mode="bilinear")
    last = injected(image, torch.tensor([2.0, 1.0]))
    torch.testing.assert_close(last[0], enlarged(half, (16, 24))[0])
    torch.testing.assert_close(last[1], enlarged(enlarged(quarter, (8, 12)), (16, 24))[1])


def test_enlarging_grows_by_about_the_pyramids_factor():
    enlarger = Enlarger(silent(ScaleGenerator(3, 2)), 4, 0.5**0.5)
    image = torch.rand(1, 3, 6, 5)
    expected = image
    for times in (2**0.5, 2, 8**0.5, 4):
        expected = enlarged(expected, (int(6 * times), int(5 * times)))
    assert enlarger.turns == 4
    torch.testing.assert_close(enlarger(image), expected)


def test_previews_and_graphs_follow_the_stage(singan, batch, stream):
    recipe = singan()
    recipe.prepare(stream(batch))
    assert list(at(recipe, 0).graphs()) == ["generator"]
    assert {images.shape[2:] for images in recipe.preview(batch).values()} == {(12, 12)}
    assert list(at(recipe, 5).graphs()) == ["generator", "inject", "enlarge"]
    shown = recipe.preview(batch)
    assert {name: len(images) for name, images in shown.items()} == {
        "picture": 1,
        "restored": 1,
        "samples": 8,
        "samples, keep=1": 8,
    }
    torch.testing.assert_close(shown["picture"], batch["image"])


@pytest.mark.parametrize(
    "wrong", [{"factor": 1.0}, {"filters": 0}, {"moves": 0}, {"coarser": 0.0}, {"rate_falls": 0.0}]
)
def test_wrong_options(wrong, singan):
    with pytest.raises(UsageError, match=rf"singan needs .* {next(iter(wrong))}="):
        singan(**wrong)


def test_a_coarsest_scale_smaller_than_a_patch(singan):
    with pytest.raises(UsageError, match="smallest picture would have 10: say -s least=11 or more"):
        singan(least=10)


def test_settings_of_the_paper(singan):
    said = singan().settings.said()
    assert (said["learning_rate"], said["betas"], said["size"], said["steps"]) == (5e-4, (0.5, 0.999), 250, 22_000)
