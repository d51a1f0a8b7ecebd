"""The VAE: its two losses against closed forms, and what it shows and exports."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from gantk import Latent, Unsupported, UsageError, Vector
from gantk_plugins.autoencoders.vae import Bound, divergence, sampled, surprise


@pytest.fixture
def vae(factory, make_build):
    """Return a function that makes a VAE of small networks."""

    def make(size=32, channels=3, normalization="batch", **options):
        build = make_build(
            kind="images",
            size=size,
            channels={"image": channels},
            generator="vae",
            normalization=(normalization, normalization),
            generator_options={"filters": 2},
        )
        build.parts["normalization.encoder"] = build.parts["normalization.generator"]
        return factory("vae", "recipe")(build, **{"latent": 5, "filters": 2} | options)

    return make


@pytest.fixture
def batch(pictures):
    return {"image": pictures("3d", 4)}


def test_divergence_of_gaussians_from_the_prior():
    mean, log_variance = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    each = kl_divergence(Normal(mean, log_variance.div(2).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(divergence(mean, log_variance), each.sum(1).mean())
    assert divergence(torch.zeros(3, 4), torch.zeros(3, 4)) == 0
    assert divergence(torch.ones(3, 4), torch.zeros(3, 4)) == 2
    assert torch.autograd.gradcheck(divergence, (mean, log_variance))


@pytest.mark.parametrize("deviation", [1.0, 0.3])
def test_surprise_is_a_gaussian_without_its_constant(deviation):
    mean, value = torch.randn(2, 3, 2, 4, 4, dtype=torch.float64)
    likelihood = Normal(mean, deviation)
    constant = likelihood.log_prob(mean)
    each = (constant - likelihood.log_prob(value)).flatten(1).sum(1)
    torch.testing.assert_close(surprise(mean, value, deviation), each.mean())


def test_what_is_sampled_has_mean_and_variance_and_passes_their_gradients():
    mean = torch.tensor([[2.0, -1.0]]).expand(50_000, 2).clone().requires_grad_()
    log_variance = torch.tensor([[0.0, 2.0]]).expand(50_000, 2).clone().requires_grad_()
    drawn = sampled(mean, log_variance)
    torch.testing.assert_close(drawn.mean(0), torch.tensor([2.0, -1.0]), atol=0.05, rtol=0)
    torch.testing.assert_close(drawn.var(0), torch.tensor([0.0, 2.0]).exp(), atol=0.2, rtol=0)
    drawn.sum().backward()
    assert torch.equal(mean.grad, torch.ones_like(mean))
    torch.testing.assert_close(log_variance.grad, (drawn - mean).detach() / 2)


@pytest.mark.parametrize("size", [1, 4, 7, 33])
def test_sizes_that_cannot_be_halved(size, vae):
    with pytest.raises(Unsupported, match=f"even size of at least 8 pixels, not {size}"):
        vae(size=size)


def test_the_losses_are_those_of_equation_10(vae, batch, stream):
    recipe = vae(deviation=0.5)
    recipe.train()
    torch.manual_seed(3)
    ((player, losses),) = recipe.step(stream(batch))
    torch.manual_seed(3)
    mean, log_variance = recipe.encoder(batch["image"])
    decoded = recipe.decoder(mean + log_variance.div(2).exp() * torch.randn(4, 5))
    squares = (decoded - batch["image"]).square().sum((1, 2, 3))
    torch.testing.assert_close(losses, {"prior": divergence(mean, log_variance), "likelihood": 2 * squares.mean()})
    assert player == "autoencoder"


@pytest.mark.parametrize(("size", "channels"), [(32, 3), (28, 1), (64, 4)])
def test_both_networks_move_at_any_size(size, channels, vae, stream, run_steps):
    recipe = vae(size=size, channels=channels)
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    log = run_steps(recipe, stream({"image": torch.rand(3, channels, size, size)}), steps=2)
    assert all(loss.isfinite() for moves in log for loss in moves["autoencoder"].values())
    # A bias before a batch norm would have no gradient, so there is none.
    assert not {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}


def test_preview_is_of_means_and_of_fixed_noise(vae, batch):
    recipe = vae().eval()
    first, second = recipe.preview(batch), recipe.preview(batch)
    assert list(first) == ["real", "reconstructed", "generated"]
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert torch.equal(first["reconstructed"], recipe.decoder(recipe.encoder(batch["image"])[0]))
    assert torch.equal(first["generated"], recipe.decoder(Latent(length=5).fixed(4)))


def test_graphs_are_decoder_mean_and_both(vae, batch):
    recipe = vae().eval()
    graphs = recipe.graphs()
    generator, encoder, reconstruct = (graphs[name] for name in ("generator", "encoder", "reconstruct"))
    assert (generator.task, encoder.task, reconstruct.task) == ("generate", "encode", "translate")
    assert (generator.inputs, generator.outputs, generator.size) == ((Latent(length=5),), ("image",), None)
    assert (encoder.inputs, encoder.outputs) == (("image",), (Vector(name="latent", length=5),))
    assert (reconstruct.inputs, reconstruct.outputs) == (("image",), ("image",))
    assert encoder.size == reconstruct.size == 32
    code = encoder.network(batch["image"])
    assert torch.equal(code, recipe.encoder(batch["image"])[0])
    assert torch.equal(reconstruct.network(batch["image"]), generator.network(code))
    assert sorted(recipe.networks()) == ["decoder", "encoder"]


class Linear(torch.nn.Module):
    """A posterior (N, 1) of an image of one value v: N(slope v, 1 - slope^2), exact where x = slope z + noise."""

    def __init__(self, slope, scale):
        super().__init__()
        self.slope, self.scale = slope, scale

    def forward(self, image):
        mean = self.slope * image.flatten(1) * self.scale
        return mean, torch.full_like(mean, self.scale * (1 - self.slope**2)).log()


class Decoded(torch.nn.Module):
    """The value slope z of a latent vector, as an image."""

    def __init__(self, slope):
        super().__init__()
        self.slope = slope

    def forward(self, latent):
        return (self.slope * latent)[:, :, None, None]


def test_the_bound_is_the_likelihood_where_the_posterior_is_exact():
    slope = 0.6
    image, noise = torch.rand(4, 1, 1, 1).double() * 2 - 1, torch.rand(4, 1, 1, 1).double() * 2 - 1
    exact = -Normal(0.0, 1.0).log_prob(image + noise / 255).flatten() - math.log(2 / 255)
    bound = Bound(Linear(slope, 1.0), Decoded(slope), math.sqrt(1 - slope**2))
    torch.testing.assert_close(bound(image, torch.randn(4, 1, 1).double(), noise), exact)
    torch.testing.assert_close(bound(image, torch.randn(4, 7, 1).double(), noise), exact)


def test_more_samples_bound_closer():
    image, noise = torch.rand(2000, 1, 1, 1) * 2 - 1, torch.zeros(2000, 1, 1, 1)
    exact = -Normal(0.0, 1.0).log_prob(image).mean() - math.log(2 / 255)
    wrong = Bound(Linear(0.6, 0.8), Decoded(0.6), 0.8)
    bounds = [wrong(image, torch.randn(2000, k, 1), noise).mean() - exact for k in (1, 5, 50)]
    assert bounds[0] > bounds[1] > bounds[2] > -0.005


def test_the_bound_is_a_graph(vae, batch):
    recipe = vae(importance=3, deviation=0.1).eval()
    graph = recipe.graphs()["likelihood"]
    assert (graph.task, graph.outputs, graph.size) == ("score", (Vector(name="nats_bound"),), 32)
    assert graph.inputs[1] == Latent(name="importance", shape=(3, 5))
    drawn = [port.fixed(4) for port in graph.inputs[1:]]
    nats = graph.network(batch["image"], *drawn)
    mean, log_variance = recipe.encoder(batch["image"] + drawn[1] / 255)
    each = []
    for sample in drawn[0].unbind(1):
        latent = mean + log_variance.div(2).exp() * sample
        posterior = Normal(mean, log_variance.div(2).exp()).log_prob(latent).sum(1)
        likelihood = Normal(recipe.decoder(latent), 0.1).log_prob(batch["image"] + drawn[1] / 255).flatten(1).sum(1)
        each.append(likelihood + Normal(0.0, 1.0).log_prob(latent).sum(1) - posterior)
    expected = math.log(3) - torch.stack(each).logsumexp(0) - 3 * 32 * 32 * math.log(2 / 255)
    torch.testing.assert_close(nats, expected, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("options", [{"latent": 0}, {"filters": 0}, {"deviation": 0.0}, {"importance": 0}])
def test_wrong_options(options, vae):
    with pytest.raises(UsageError, match=r"latent >= 1 and filters >= 1.* deviation > 0"):
        vae(**options)


def test_settings_and_generator_are_those_of_vaegan(factory):
    recipe = factory("vae", "recipe")
    said = recipe.settings.said()
    assert (said["optimizer"], said["learning_rate"], said["batch_size"]) == ("rmsprop", 3e-4, 64)
    assert recipe.defaults.generator == "vae"
    assert factory("vae", "generator") is factory("vaegan", "generator")
