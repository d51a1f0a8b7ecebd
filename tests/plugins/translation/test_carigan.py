"""CariGANs: both networks' losses and the space of landmarks in closed form, and what a face becomes."""

from pathlib import Path

import pytest
import torch
from torch import nn

from gantk import DataInfo, Unsupported, UsageError
from gantk.parts.context import Progress, Span
from gantk_plugins.translation.carigan_geometry import characteristic
from gantk_plugins.translation.carigan_networks import Space, principal_components
from support.scaling import Scale

LANDMARKS, COMPONENTS = 5, 3


@pytest.fixture
def carigan(factory, make_build):
    """Return a function that builds the recipe for images of 32 pixels with five landmarks."""
    small = {"landmarks": LANDMARKS, "components": COMPONENTS, "units": 8, "filters": 2}
    drawn = {"style_filters": 4, "blocks": 1, "scales": 2, "style": 3}
    critic = {"filters": 4, "layers": 1}

    def build(size=32, channels=3, **options):
        made = make_build(kind="landmarked", loss="lsgan", discriminator_options=critic)
        made.data = DataInfo(kind="landmarked", size=size, channels={"a": channels, "b": 3})
        return factory("carigan", "recipe")(made, **small | drawn | options)

    return build


@pytest.fixture
def drawing(carigan, batch, stream):
    """Return a function that builds the recipe in its second stage, of data that it has seen."""

    def build(**options):
        recipe = carigan(**options)
        recipe.prepare(stream(batch))
        recipe.context.spans = (Span("geometry", 0, 1), Span("style", 1, 3))
        recipe.context.progress = Progress(1, 3)
        return recipe

    return build


class Given(nn.Module):
    """Gives the same numbers of whatever it is shown."""

    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, x):
        return self.value.expand(len(x), -1)


def moves_of(recipe, batch, stream):
    """Return the losses of each move of a step, none of which is made."""
    return dict(recipe.step(stream(batch)))


@pytest.fixture
def batch(pictures):
    points = torch.rand(2, 4, LANDMARKS, 2) * 1.2 - 0.6
    return {"a": pictures("3d", 4), "b": pictures("flat", 4), "a_points": points[0], "b_points": 1.5 * points[1]}


def test_all_components_lose_nothing_and_the_first_are_those_of_most_variance():
    rows = torch.randn(40, 6) * torch.tensor([5.0, 3.0, 1.0, 0.5, 0.2, 0.1]) + 2
    mean, basis = principal_components(rows, 6)
    torch.testing.assert_close((rows - mean) @ basis.T @ basis + mean, rows, atol=1e-5, rtol=0)
    torch.testing.assert_close(basis @ basis.T, torch.eye(6), atol=1e-5, rtol=0)
    variances = ((rows - mean) @ basis.T).var(0)
    assert variances.tolist() == sorted(variances.tolist(), reverse=True)


def test_landmarks_and_components_are_each_others_way_back():
    space = Space(LANDMARKS, 2 * LANDMARKS)
    points = torch.randn(30, LANDMARKS, 2)
    mean, basis = principal_components(points.flatten(1), 2 * LANDMARKS)
    space.mean.copy_(mean)
    space.basis.copy_(basis)
    space.spread.fill_(3.0)
    torch.testing.assert_close(space.points(space.components(points)), points, atol=1e-4, rtol=0)


def test_the_space_is_taken_of_both_sides_and_the_means_of_each(carigan, batch, stream):
    recipe = carigan()
    recipe.prepare(stream(batch))
    both = torch.cat([batch["a_points"], batch["b_points"]]).flatten(1)
    torch.testing.assert_close(recipe.space.mean, both.mean(0), atol=1e-5, rtol=0)
    for own, key in ((recipe.mean_a, "a_points"), (recipe.mean_b, "b_points")):
        torch.testing.assert_close(own, recipe.space.components(batch[key]).mean(0), atol=1e-4, rtol=0)
    assert recipe.space.components(batch["a_points"])[:, 0].std().item() == pytest.approx(1, abs=0.2)


def test_the_objective(carigan, batch, stream, run_steps):
    recipe = carigan(cycle=7.0, characteristic=0.5)
    recipe.prepare(stream(batch))
    a, b = (recipe.space.components(batch[key]) for key in ("a_points", "b_points"))
    with torch.no_grad():
        made_b, made_a = recipe.a_to_b(a), recipe.b_to_a(b)
        expected = {
            "cycle_a": 7 * (recipe.b_to_a(made_b) - a).abs().mean(),
            "cycle_b": 7 * (recipe.a_to_b(made_a) - b).abs().mean(),
            "characteristic_b": 0.5 * characteristic(a, made_b, recipe.mean_a, recipe.mean_b),
            "characteristic_a": 0.5 * characteristic(b, made_a, recipe.mean_b, recipe.mean_a),
        }
        finder = (recipe.finder(batch["a"]) - a).square().mean()
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    assert [stage.name for stage in recipe.stages()] == ["geometry", "style"]
    (moves,) = run_steps(recipe, stream(batch))
    torch.testing.assert_close({name: moves["generators"][name] for name in expected}, expected)
    assert list(moves) == ["critics", "generators", "finder"]
    torch.testing.assert_close(moves["finder"], {"components": finder})
    moved = {name.split(".")[0] for name, value in recipe.named_parameters() if not torch.equal(value, before[name])}
    assert moved == {"a_to_b", "b_to_a", "critic_a", "critic_b", "finder"}


def test_a_generator_that_changes_nothing_warps_nothing(carigan, batch, stream):
    recipe = carigan().eval()
    recipe.prepare(stream(batch))
    recipe.a_to_b.module = nn.Identity()
    exaggerate = recipe.exaggeration()
    torch.testing.assert_close(exaggerate(batch["a"], torch.ones(4)), batch["a"], atol=1e-5, rtol=0)


def test_no_strength_is_no_warp_and_previews_have_a_column_each(carigan, batch, stream):
    recipe = carigan().eval()
    recipe.prepare(stream(batch))
    (graph,) = recipe.graphs().values()
    assert (graph.inputs[0], graph.size) == ("a", 32)
    torch.testing.assert_close(graph.network(batch["a"], torch.zeros(4)), batch["a"], atol=1e-5, rtol=0)
    shown = recipe.preview(batch)
    assert {images.shape for images in shown.values()} == {(4, 3, 32, 32)}
    assert not torch.equal(shown["exaggerated"], shown["photograph"])


def test_the_geometry_alone_is_one_stage_of_any_size(carigan):
    recipe = carigan(networks="geometry", size=30, vgg=Path("nowhere"))
    assert [stage.name for stage in recipe.stages()] == ["geometry"]
    assert recipe.restyling is None
    assert list(recipe.graphs()) == ["exaggerate"]
    assert {name.split(".")[0] for name, _ in recipe.named_parameters()} == {
        "a_to_b",
        "b_to_a",
        "critic_a",
        "critic_b",
        "finder",
    }


def test_the_second_stage_takes_its_share_and_its_batch(carigan):
    _, style = carigan(style_share=3.0, style_batch=0.5).stages()
    assert (style.share, style.batch) == (3.0, 0.5)


def test_drawings_are_warped_to_where_the_landmarks_of_photographs_are(carigan, stream):
    """A face whose landmarks are dots, warped by a way back that knows the photograph's."""
    recipe = carigan(size=64, components=2 * LANDMARKS, networks="geometry").eval()
    there = torch.tensor([[-0.5, -0.4], [0.5, -0.3], [0.0, 0.1], [-0.3, 0.5], [0.4, 0.4]])
    back = there + torch.tensor([[0.15, 0.1], [-0.1, 0.15], [0.1, -0.1], [0.1, -0.12], [-0.15, 0.1]])
    rows = torch.rand(40, LANDMARKS, 2) * 1.6 - 0.8
    image = torch.ones(1, 3, 64, 64)
    for x, y in ((there + 1) * 32).long():
        image[:, :, y - 1 : y + 2, x - 1 : x + 2] = -1
    recipe.prepare(stream({"a_points": rows, "b_points": rows}))
    wanted = recipe.space.components(back[None])
    recipe.b_to_a = Given(wanted)
    made = recipe.warped_back({"b": image, "b_points": there[None]})
    dark = (made[0, 0] < 0).nonzero().flip(1).float()
    for place in back:
        distances = (dark + 0.5 - (place + 1) * 32).norm(dim=1)
        assert distances.min() < 1
    distances = torch.cdist(dark + 0.5, (back + 1) * 32).min(1).values
    assert distances.max() < 4
    recipe.b_to_a = nn.Identity()
    same = recipe.warped_back({"b": image, "b_points": there[None]})
    torch.testing.assert_close(same, image, atol=1e-3, rtol=0)


def test_the_losses_of_the_look_in_closed_form(drawing, batch, stream):
    """Where a content is the image, every style is a number, and decoders give a quarter and twice of the content."""
    weights = {"adversarial": 1.5, "reconstruction": 5.0, "style_cycle": 13.0, "content": 7.0, "styles": 11.0}
    recipe = drawing(**weights)
    draw = recipe.restyling
    for name, module in {
        "content_a": Scale(1),
        "content_b": Scale(1),
        "style_a": Given(torch.full((1, 3), 0.25)),
        "style_b": Given(torch.full((1, 3), 0.5)),
        "decoder_a": Scale(0.25),
        "decoder_b": Scale(2),
    }.items():
        setattr(draw, name, module)
    drawn = torch.ones(4, 3)
    draw.style.__dict__["drawn"] = lambda count, device=None: drawn[:count]
    a, back = batch["a"], recipe.warped_back(batch)
    moves = moves_of(recipe, batch, stream)
    assert list(moves) == ["style_critics", "style"]
    expected = {
        "reconstruction_a": 5 * 0.75 * a.abs().mean(),
        "reconstruction_b": 5 * back.abs().mean(),
        "cycle_a": 13 * 0.5 * a.abs().mean(),
        "content_a": 7 * a.abs().mean(),
        "content_b": 7 * 0.75 * back.abs().mean(),
        "style_a": torch.tensor(11 * 0.75),
        "style_b": torch.tensor(11 * 0.5),
    }
    torch.testing.assert_close({name: moves["style"][name] for name in expected}, expected)
    for side, real, fake in (("a", a, 0.25 * back), ("b", back, 2 * a)):
        critic = getattr(draw, f"discriminator_{side}")
        ones, twos = critic(real), critic(fake)
        judged = sum((one - 1).square().mean() + two.square().mean() for one, two in zip(ones, twos, strict=True))
        fooled = sum((two - 1).square().mean() for two in twos)
        torch.testing.assert_close(moves["style_critics"][f"game_{side}"], 1.5 * judged)
        torch.testing.assert_close(moves["style"][f"game_{side}"], 1.5 * fooled)


def test_the_perceptual_loss_compares_a_photograph_with_what_is_drawn_of_it(drawing, batch, stream):
    recipe = drawing(perceptual=3.0)
    recipe.restyling.vgg = Scale(2)
    for name, factor in {"content_a": 1, "content_b": 1, "decoder_a": 1, "decoder_b": 0}.items():
        setattr(recipe.restyling, name, Scale(factor))
    moves = moves_of(recipe, batch, stream)
    torch.testing.assert_close(moves["style"]["perceptual_a"], 3 * (2 * batch["a"]).square().mean())


def test_who_draws_moves_and_the_geometry_rests(drawing, batch, stream):
    recipe = drawing()
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    players = recipe.players()
    owned = {name: [p for net in player.networks for p in net.parameters()] for name, player in players.items()}
    for name, losses in recipe.step(stream(batch)):
        torch.autograd.backward(sum(losses.values()), inputs=owned[name])
        torch.optim.Adam(owned[name], 1e-2).step()
    moved = {name.split(".")[1] for name, value in recipe.named_parameters() if not torch.equal(value, before[name])}
    assert moved == {f"{part}_{side}" for part in ("content", "style", "decoder", "discriminator") for side in "ab"}
    assert len({id(p) for group in owned.values() for p in group}) == len(list(recipe.restyling.parameters()))


def test_a_caricature_is_drawn_then_warped_in_a_style_that_is_drawn_or_a_pictures(drawing, batch):
    recipe = drawing().eval()
    graphs = recipe.graphs()
    assert list(graphs) == ["exaggerate", "redraw", "caricature", "redraw_styled", "caricature_styled"]
    assert graphs["caricature"].input_names == ("image", "style", "strength")
    assert graphs["caricature_styled"].input_names == ("a", "style", "strength")
    a, b, none, once = batch["a"], batch["b"], torch.zeros(4), torch.ones(4)
    style = recipe.restyling.style_b(b)
    redrawn = graphs["redraw"].network(a, style)
    torch.testing.assert_close(graphs["redraw_styled"].network(a, b), redrawn)
    whole = graphs["caricature"].network(a, style, once)
    torch.testing.assert_close(graphs["caricature"].network(a, style, none), redrawn, atol=1e-5, rtol=0)
    torch.testing.assert_close(graphs["caricature_styled"].network(a, b, once), whole)
    assert not torch.allclose(whole, redrawn, atol=1e-2)
    # What is drawn is warped exactly as the photograph is.
    recipe.restyling.decoder_b.module, recipe.restyling.content_a.module = Scale(1), Scale(1)
    expected = graphs["exaggerate"].network(a, once)
    torch.testing.assert_close(recipe.graphs()["caricature"].network(a, style, once), expected)
    shown = recipe.preview(batch)
    assert {images.shape for images in shown.values()} == {(4, 3, 32, 32)}
    torch.testing.assert_close(shown["seed 1"], expected)


def test_another_number_of_landmarks_is_said(carigan, batch, stream):
    with pytest.raises(UsageError, match="faces of the data have 5 landmarks, not 63: say -s landmarks=5"):
        carigan(landmarks=63).prepare(stream(batch))


@pytest.mark.parametrize(
    "wrong", [{"landmarks": 2}, {"components": 0}, {"components": 11}, {"units": 0}, {"filters": 0}]
)
def test_wrong_options(wrong, carigan):
    with pytest.raises(UsageError, match="carigan needs landmarks >= 3"):
        carigan(**wrong)


@pytest.mark.parametrize(
    ("wrong", "error", "reason"),
    [
        ({"style": 0}, UsageError, "carigan needs style >= 1, .* not style=0"),
        ({"style_batch": 0.0}, UsageError, "style_batch=0: -s networks=geometry leaves the style out"),
        ({"size": 30}, Unsupported, "a multiple of 4 and at least 16, not 30: say another --size, or -s networks=geom"),
        ({"channels": 4, "vgg": Path("x")}, UsageError, "not 4 and 3 channels: leave out -s vgg"),
    ],
)
def test_what_cannot_be_drawn_is_refused(wrong, error, reason, carigan):
    with pytest.raises(error, match=reason):
        carigan(**wrong)


def test_settings_of_the_paper(carigan):
    said = carigan().settings.said()
    assert (said["learning_rate"], said["betas"], said["batch_size"], said["size"]) == (1e-4, (0.5, 0.999), 1, 256)
