"""EBGAN: the margin game and the pulling-away term in closed form, who moves, and what the recipe shows and refuses."""

import pytest
import torch
from torch.nn.functional import cosine_similarity

from gantk import DiscriminatorSpec, Latent, Unsupported, UsageError, Vector
from gantk_plugins.gan.ebgan import EnergyMargin, pulling_away

SMALL = {"discriminator": "ebgan", "loss": "ebgan", "discriminator_options": {"filters": 4}}
ENERGIES = DiscriminatorSpec(channels=3, size=32, output="energies")


@pytest.fixture
def ebgan(factory, make_build):
    """Return a function that makes an EBGAN of small networks."""

    def make(size=32, generator="dcgan", generator_options=None, latent=6, **options):
        build = make_build(
            kind="images",
            size=size,
            channels={"image": 3 if size > 1 else 2},
            generator=generator,
            generator_options=generator_options or {"filters": 4},
            **SMALL | {"normalization": ("batch", "batch")} | options,
        )
        return factory("ebgan", "recipe")(build, latent=latent)

    return make


@pytest.fixture
def batch(pictures):
    return {"image": pictures("3d", 4)}


@pytest.mark.parametrize(
    ("fake", "loss"),
    [([0.1, 0.3], 0.2 + 0.3), ([0.5, 0.9], 0.2), ([0.1, 0.9], 0.2 + 0.2), ([0.5, 0.5], 0.2)],
    ids=["inside", "outside", "each energy has its own hinge", "at the margin"],
)
def test_the_margin_loss_at_both_sides_of_the_hinge(fake, loss):
    real = torch.tensor([0.1, 0.3], dtype=torch.float64, requires_grad=True)
    fake = torch.tensor(fake, dtype=torch.float64, requires_grad=True)
    found = EnergyMargin(margin=0.5).discriminator(real, fake)
    assert found.item() == pytest.approx(loss)
    found.backward()
    assert real.grad.tolist() == [0.5, 0.5]
    assert fake.grad.tolist() == [-0.5 if energy < 0.5 else 0 for energy in fake.tolist()]


def test_the_generator_minimizes_energies():
    energies = torch.tensor([0.1, 0.5])
    assert EnergyMargin(margin=0.2).generator(energies).item() == pytest.approx(0.3)


def test_pulling_away_is_one_for_identical_and_zero_for_orthogonal_representations():
    codes = torch.randn(1, 2, 3, 3).expand(4, -1, -1, -1)
    assert pulling_away(codes).item() == pytest.approx(1)
    signs = torch.tensor([1.0, -1.0, 3.0, 0.1]).view(4, 1, 1, 1)
    assert pulling_away(signs * codes).item() == pytest.approx(1)
    assert pulling_away(torch.diag(torch.tensor([1.0, 2.0, 3.0]))).item() == pytest.approx(0)
    assert pulling_away(codes[:1]) == 0


def test_pulling_away_is_the_mean_over_pairs():
    codes = torch.randn(3, 5, dtype=torch.float64, requires_grad=True)
    pairs = [cosine_similarity(codes[i], codes[j], dim=0) ** 2 for i in range(3) for j in range(3) if i != j]
    torch.testing.assert_close(pulling_away(codes), torch.stack(pairs).mean())
    assert torch.autograd.gradcheck(pulling_away, (codes,))


@pytest.mark.parametrize("weight", [0.0, 0.1])
def test_the_pulling_away_term_is_the_generators_alone(weight, make_build, batch):
    build = make_build(**SMALL, loss_options={"pulling_away": weight})
    game, discriminator, passes = build.loss(), build.discriminator(ENERGIES), []
    real, fake = batch["image"].split(2)
    energies, code = discriminator(fake), discriminator.features(fake)[-1]
    judged = game.judge(discriminator.given(), real, fake)
    torch.testing.assert_close(judged, {"game": game.discriminator(discriminator(real), energies)})
    discriminator.module.encoder[0].register_forward_hook(lambda *_: passes.append(1))
    fooled = game.fool(discriminator.given(), fake, real)
    torch.testing.assert_close(fooled, energies.mean() + weight * pulling_away(code))
    assert len(passes) == 1
    assert game.wants_features == bool(weight)
    assert ("pulling_away" in game.context.notes) == bool(weight)


def test_a_list_of_energies_has_no_representation_to_pull_away(make_build, batch, monkeypatch):
    discriminator = make_build(**SMALL).discriminator(ENERGIES)
    monkeypatch.setattr(discriminator.module, "score", lambda features: [features[-1]])
    with pytest.raises(Unsupported, match="gives a list"):
        EnergyMargin(pulling_away=0.1).fool(discriminator.given(), batch["image"])


@pytest.mark.parametrize("options", [{"margin": 0.0}, {"pulling_away": -0.1}])
def test_wrong_options_of_the_game(options):
    with pytest.raises(UsageError, match="margin > 0 and pulling_away >= 0"):
        EnergyMargin(**options)


@pytest.mark.parametrize("weight", [0.0, 0.1])
def test_both_players_move(weight, ebgan, batch, stream, run_steps):
    recipe = ebgan(loss_options={"pulling_away": weight, "margin": 5.0})
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    log = run_steps(recipe, stream(batch), steps=2)
    assert [list(moves) for moves in log] == [["discriminator", "generator"]] * 2
    assert all(loss.isfinite() for moves in log for losses in moves.values() for loss in losses.values())
    assert not {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}


def test_points_have_energies_too(ebgan, stream, run_steps):
    recipe = ebgan(1, "gan", {"units": 8, "output": "linear"}, latent=2, normalization=("none", "batch"))
    log = run_steps(recipe, stream({"image": torch.randn(6, 2, 1, 1)}), steps=2)
    assert all(loss.isfinite() for moves in log for losses in moves.values() for loss in losses.values())
    assert recipe.graphs()["energy"].size == 1


@pytest.mark.parametrize(
    ("recipe", "generator", "keys", "sees"),
    [("cyclegan", "resnet", ("a", "b"), 3), ("pix2pix", "unet", ("source", "target"), 6)],
)
def test_translations_are_trained_by_energies(
    recipe, generator, keys, sees, factory, make_build, pictures, stream, run_steps
):
    network = factory(recipe, "recipe")(make_build(**SMALL, generator=generator, generator_options={"filters": 4}))
    before = {name: value.clone() for name, value in network.named_parameters()}
    run_steps(network, stream({keys[0]: pictures("flat", 2), keys[1]: pictures("3d", 2)}), steps=2)
    moved = {name.split(".")[0] for name, value in network.named_parameters() if not torch.equal(value, before[name])}
    assert moved == {name.split(".")[0] for name in before}
    critic = getattr(network, "discriminator", None) or network.discriminator_a
    assert critic.module.encoder[0][0].in_channels == sees


def test_graphs_and_preview(ebgan, batch):
    recipe = ebgan().eval()
    graphs = recipe.graphs()
    assert list(graphs) == ["generator", "energy"]
    assert graphs["generator"].inputs == (Latent(length=6, distribution="uniform"),)
    energy = graphs["energy"]
    assert (energy.task, energy.size) == ("score", 32)
    assert (energy.inputs, energy.outputs) == (("image",), (Vector(name="energy"),))
    assert torch.equal(energy.network(batch["image"]), recipe.discriminator(batch["image"]))
    first, second = recipe.preview(batch), recipe.preview(batch)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_game_of_scores_is_refused_by_the_recipe(ebgan):
    with pytest.raises(Unsupported, match="game of energies"):
        ebgan(loss="hinge", discriminator="dcgan")


def test_initial_weights_settings_and_defaults(ebgan, factory):
    recipe = ebgan()
    for network, spread in ((recipe.generator, 0.02), (recipe.discriminator, 0.002)):
        weights = torch.cat([p.flatten() for p in network.parameters() if p.dim() == 4])
        assert weights.std().item() == pytest.approx(spread, rel=0.05)
    kind = factory("ebgan", "recipe")
    said = kind.settings.said()
    assert (said["optimizer"], said["learning_rate"], said["betas"]) == ("adam", 2e-4, (0.5, 0.999))
    defaults = kind.defaults
    assert (defaults.generator, defaults.discriminator, defaults.loss) == ("dcgan", "ebgan", "ebgan")
