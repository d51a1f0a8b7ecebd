"""EBGAN: the margin game and the pulling-away term in closed form, the auto-encoder's energies, and what is refused."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cosine_similarity

from gantk import DiscriminatorSpec, Latent, Unsupported, UsageError, Vector
from gantk_plugins.ebgan import AutoEncoder, EnergyMargin, pulling_away

SMALL = {"discriminator": "ebgan", "loss": "ebgan", "discriminator_options": {"filters": 4}}


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


def spec(**asked):
    return DiscriminatorSpec(**{"channels": 3, "size": 32, "output": "energies"} | asked)


def auto_encoder(factory, normalization, *, condition_channels=0, kernel=4):
    norms = factory(normalization, "normalization")()
    return AutoEncoder(3, condition_channels, norms, widths=[4, 8], kernel=kernel)


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
    game, discriminator, passes = build.loss(), build.discriminator(spec()), []
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
    discriminator = make_build(**SMALL).discriminator(spec())
    monkeypatch.setattr(discriminator.module, "score", lambda features: [features[-1]])
    with pytest.raises(Unsupported, match="gives a list"):
        EnergyMargin(pulling_away=0.1).fool(discriminator.given(), batch["image"])


@pytest.mark.parametrize("options", [{"margin": 0.0}, {"pulling_away": -0.1}])
def test_wrong_options_of_the_game(options):
    with pytest.raises(UsageError, match="margin > 0 and pulling_away >= 0"):
        EnergyMargin(**options)


def test_the_energy_is_the_root_mean_square_of_what_is_missed(factory):
    network = auto_encoder(factory, "none")
    last = network.decoder[-1][0]
    nn.init.zeros_(last.weight)
    nn.init.constant_(last.bias, 0.25)
    images = torch.tensor([0.25, 0.75, -1.0]).view(3, 1, 1, 1).expand(3, 3, 8, 8)
    assert network(images).tolist() == pytest.approx([0, 0.5, 1.25])
    half = images.clone()
    half[:, :, :4] = 0.25
    assert network(half).tolist() == pytest.approx([0, 0.5 / 2**0.5, 1.25 / 2**0.5])


def test_a_perfect_reconstruction_has_a_gradient(factory):
    network = auto_encoder(factory, "none")
    for parameter in network.decoder.parameters():
        nn.init.zeros_(parameter)
    image = torch.zeros(2, 3, 8, 8, requires_grad=True)
    network(image).sum().backward()
    assert not image.grad.any()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("normalization", "training"),
    [("none", True), ("instance", True), ("layer", True), ("spectral", False), ("batch", False)],
)
def test_an_energy_does_not_depend_on_the_batch(normalization, training, factory, batch):
    network = auto_encoder(factory, normalization).train(training)
    together, alone = network(batch["image"]), torch.cat([network(image[None]) for image in batch["image"]])
    torch.testing.assert_close(together, alone)
    assert together.shape == (4,)


def test_conditions_are_read_and_the_image_alone_is_given_back(factory, batch):
    network = auto_encoder(factory, "none", condition_channels=2)
    image, condition = batch["image"], torch.rand(4, 2, 32, 32)
    assert [network.encoder[0][0].in_channels, network.decoder[-1][0].out_channels] == [5, 3]
    assert not torch.equal(network(image, condition), network(image, -condition))
    features = network.features(image, condition)
    assert torch.equal(features[0], image)
    assert [tuple(feature.shape[1:]) for feature in features[1:]] == [(4, 16, 16), (8, 8, 8)]
    assert torch.equal(network.score(features), network(image, condition))


def test_the_auto_encoder_for_64_pixels_is_the_papers(make_build):
    with torch.device("meta"):
        network = make_build(discriminator="ebgan", loss="ebgan", normalization=("none", "none")).discriminator(
            spec(size=64)
        )
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    assert [layer.out_channels for layer in layers] == [64, 128, 256, 128, 64, 3]
    assert {(layer.kernel_size, layer.stride) for layer in layers} == {((4, 4), (2, 2))}


@pytest.mark.parametrize(
    ("size", "code"), [(64, (16, 8, 8)), (32, (16, 4, 4)), (28, (8, 7, 7)), (10, (4, 5, 5)), (1, (8, 1, 1))]
)
def test_sizes(size, code, make_build):
    network = make_build(**SMALL, normalization=("none", "layer")).discriminator(spec(channels=2, size=size))
    image = torch.randn(3, 2, size, size)
    assert network(image).shape == (3,)
    assert network.features(image)[-1].shape[1:] == code


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"output": "scores"}, "--loss ebgan"),
        ({"classes": 10}, "not under classes"),
        ({"joint_latent": 8}, "latent vectors"),
        ({"size": 7}, "even size of at least 8 pixels, or points, not 7"),
        ({"size": 4}, "at least 8"),
        ({"size": 1}, "another normalization"),
    ],
)
def test_what_it_cannot_do(asked, reason, make_build, factory):
    with pytest.raises(Unsupported, match=reason):
        factory("ebgan", "discriminator")(spec(**asked), make_build())


def test_it_is_refused_to_a_game_of_scores(make_build, factory):
    with pytest.raises(Unsupported, match="gives energies, not scores: .*--loss ebgan"):
        make_build(discriminator="ebgan", loss="hinge").discriminator(spec(output="scores"))
    with pytest.raises(UsageError, match="filters >= 1, not 0"):
        factory("ebgan", "discriminator")(spec(), make_build(), filters=0)


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
    for network in (recipe.generator, recipe.discriminator):
        weights = torch.cat([p.flatten() for p in network.parameters() if p.dim() == 4])
        assert weights.std().item() == pytest.approx(0.02, rel=0.05)
    kind = factory("ebgan", "recipe")
    said = kind.settings.said()
    assert (said["optimizer"], said["learning_rate"], said["betas"]) == ("adam", 2e-4, (0.5, 0.999))
    defaults = kind.defaults
    assert (defaults.generator, defaults.discriminator, defaults.loss) == ("dcgan", "ebgan", "ebgan")
