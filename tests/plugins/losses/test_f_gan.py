"""The f-GAN games: conjugates against their definition, and bounds against divergences of two Gaussians."""

from math import log

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from gantk import UsageError

ALPHA, SHARE = 0.4, 0.3
P, Q = norm(0, 1), norm(0.5, 1.2)
BETWEEN = {
    # D_f(N(0, 1) || N(0.5, 1.2^2)); the first two in closed form.
    "kl": log(1.2) + (1 + 0.25) / (2 * 1.44) - 0.5,
    "reverse-kl": -log(1.2) + (1.44 + 0.25) / 2 - 0.5,
    "pearson": 0.199597,
    "neyman": 0.740228,
    "squared-hellinger": 0.066624,
    "jeffrey": 0.279028,
    "js": 0.064194,
    "gan": 0.064194 - 2 * log(2),
}


def f_alpha(u, alpha):
    return (u**alpha - 1 - alpha * (u - 1)) / (alpha * (alpha - 1))


F = {
    "kl": lambda u: u * np.log(u),
    "reverse-kl": lambda u: -np.log(u),
    "pearson": lambda u: (u - 1) ** 2,
    "neyman": lambda u: (1 - u) ** 2 / u,
    "squared-hellinger": lambda u: (np.sqrt(u) - 1) ** 2,
    "jeffrey": lambda u: (u - 1) * np.log(u),
    "js": lambda u: -(u + 1) * np.log((1 + u) / 2) + u * np.log(u),
    "weighted-js": lambda u: SHARE * u * np.log(u) - (1 - SHARE + SHARE * u) * np.log(1 - SHARE + SHARE * u),
    "gan": lambda u: u * np.log(u) - (u + 1) * np.log(u + 1),
    "alpha": lambda u: f_alpha(u, ALPHA),
    "total-variation": lambda u: np.abs(u - 1) / 2,
}
every_divergence = pytest.mark.parametrize("name", F)


def game(factory, name, **options):
    return factory("f-gan", "loss")(divergence=name, alpha=ALPHA, share=SHARE, **options)


@every_divergence
@pytest.mark.parametrize("score", [-1.5, -0.25, 0.0, 0.8, 2.0])
def test_the_conjugate_is_the_largest_distance_of_a_line_from_f(name, score, factory):
    f = game(factory, name).f
    scores = torch.tensor(score, dtype=torch.float64)
    line = f.activation(scores).item()
    found = minimize_scalar(lambda x: F[name](np.exp(x)) - line * np.exp(x), bounds=(-25, 8), method="bounded")
    expected = -found.fun
    assert f.conjugate(scores).item() == pytest.approx(expected, abs=2e-5)


def test_the_conjugate_of_alpha_above_one(factory):
    f = factory("f-gan", "loss")(divergence="alpha", alpha=2.5).f
    for score in (-0.5, 0.0, 1.5):
        found = minimize_scalar(lambda u, t=score: f_alpha(u, 2.5) - t * u, bounds=(0, 50), method="bounded")
        assert f.conjugate(torch.tensor(score, dtype=torch.float64)).item() == pytest.approx(-found.fun, abs=1e-5)
    assert f.conjugate(torch.tensor(-9.0)).item() == pytest.approx(-1 / 2.5)


@pytest.mark.parametrize("name", BETWEEN)
def test_the_best_discriminator_reaches_the_divergence(name, factory):
    """V* is where g_f(V*) = f'(p/q); it is found from f by a difference, and the bound by an integral."""
    f = game(factory, name).f

    def best(x):
        ratio = P.pdf(x) / Q.pdf(x)
        slope = (F[name](ratio * 1.00001) - F[name](ratio * 0.99999)) / (0.00002 * ratio)
        return inverse(name, slope)

    def bound(x):
        score = torch.tensor(best(x), dtype=torch.float64)
        return P.pdf(x) * f.activation(score).item() - Q.pdf(x) * f.conjugate(score).item()

    value, _ = quad(bound, -14, 16, epsabs=1e-6, points=[-3, 0, 4])
    assert value == pytest.approx(BETWEEN[name], abs=2e-5)


def inverse(name, t):
    """Return V of T = g_f(V)."""
    if name in ("kl", "pearson", "jeffrey"):
        return t
    if name == "reverse-kl":
        return -np.log(-t)
    if name in ("neyman", "squared-hellinger"):
        return -np.log(1 - t)
    return -np.log(np.expm1(-(t - (log(2) if name == "js" else 0))))


@pytest.mark.parametrize("name", sorted(F.keys() - {"total-variation"}))
def test_the_boundary_is_where_both_are_alike(name, factory):
    made = game(factory, name)
    activation = made.f.activation(torch.tensor(made.boundary, dtype=torch.float64))
    slope = (F[name](1.00001) - F[name](0.99999)) / 0.00002
    assert activation.item() == pytest.approx(slope, abs=1e-6)


@every_divergence
def test_gradients_and_a_second_time(name, factory):
    made = game(factory, name)
    scores = torch.tensor([-1.5, -0.2, 0.3, 1.8], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(made.f.conjugate, scores)
    assert torch.autograd.gradgradcheck(made.f.conjugate, scores)
    assert torch.autograd.gradcheck(made.f.activation, scores)


@every_divergence
def test_scores_of_who_tells_all_apart_stay_finite(name, factory):
    made = game(factory, name)
    scores = torch.tensor([-1e3, -200.0, 0.0, 200.0, 1e3], requires_grad=True)
    for function in (made.f.conjugate, made.f.activation):
        (gradient,) = torch.autograd.grad(function(scores).sum(), scores)
        assert function(scores).isfinite().all()
        assert gradient.isfinite().all()


@pytest.mark.parametrize(("saturating", "same"), [(True, "minimax"), (False, "non-saturating")])
def test_gan_is_the_first_game_and_its_usual_form(saturating, same, factory):
    real, fake = torch.tensor([2.0, -1.0, 0.5]), torch.tensor([-2.0, 0.25, 1.5])
    ours, theirs = game(factory, "gan", saturating=saturating), factory(same, "loss")()
    torch.testing.assert_close(ours.discriminator(real, fake), theirs.discriminator(real, fake))
    torch.testing.assert_close(ours.generator(fake), theirs.generator(fake))


@pytest.mark.parametrize(
    ("options", "said"), [({"alpha": 1.0}, "alpha 1 has no divergence"), ({"share": 1.0}, "share 1 is not between")]
)
def test_what_has_no_divergence_is_refused(options, said, factory):
    with pytest.raises(UsageError, match=said):
        factory("f-gan", "loss")(**options)
