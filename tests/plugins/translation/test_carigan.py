"""CariGANs: the characteristic loss and the space of landmarks in closed form, and what a face becomes."""

import pytest
import torch
from torch import nn

from gantk import DataInfo, UsageError
from gantk_plugins.translation.carigan import characteristic
from gantk_plugins.translation.carigan_networks import Space, principal_components

LANDMARKS, COMPONENTS = 5, 3


@pytest.fixture
def carigan(factory, make_build):
    """Return a function that builds the recipe for images of 32 pixels with five landmarks."""

    def build(**options):
        made = make_build(kind="landmarked", loss="lsgan")
        made.data = DataInfo(kind="landmarked", size=32, channels={"a": 3, "b": 3})
        return factory("carigan", "recipe")(
            made, **{"landmarks": LANDMARKS, "components": COMPONENTS, "units": 8, "filters": 2, **options}
        )

    return build


@pytest.fixture
def batch(pictures):
    points = torch.rand(2, 4, LANDMARKS, 2) * 1.2 - 0.6
    return {"a": pictures("3d", 4), "b": pictures("flat", 4), "a_points": points[0], "b_points": 1.5 * points[1]}


@pytest.mark.parametrize(("factor", "expected"), [(0.5, 0.0), (3.0, 0.0), (-2.0, 2.0)])
def test_a_face_should_differ_as_the_photograph_does_however_far(factor, expected):
    mean, other = torch.randn(2, 6)
    given = mean + torch.randn(5, 6)
    made = other + factor * (given - mean)
    assert characteristic(given, made, mean, other).item() == pytest.approx(expected, abs=1e-5)


def test_at_right_angles_the_loss_is_one():
    given, made = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 0.3]])
    assert characteristic(given, made, torch.zeros(2), torch.zeros(2)).item() == pytest.approx(1)


def test_the_characteristic_loss_can_be_differentiated():
    given, made = torch.randn(2, 3, 4, dtype=torch.float64)
    mean = torch.zeros(4, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda one: characteristic(given, one, mean, mean + 0.1), made.requires_grad_())


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


def test_another_number_of_landmarks_is_said(carigan, batch, stream):
    with pytest.raises(UsageError, match="faces of the data have 5 landmarks, not 63: say -s landmarks=5"):
        carigan(landmarks=63).prepare(stream(batch))


@pytest.mark.parametrize(
    "wrong", [{"landmarks": 2}, {"components": 0}, {"components": 11}, {"units": 0}, {"filters": 0}]
)
def test_wrong_options(wrong, carigan):
    with pytest.raises(UsageError, match="carigan needs landmarks >= 3"):
        carigan(**wrong)


def test_settings_of_the_paper(carigan):
    said = carigan().settings.said()
    assert (said["learning_rate"], said["betas"], said["batch_size"], said["size"]) == (1e-4, (0.5, 0.999), 1, 256)
