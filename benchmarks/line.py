"""What the first games say of distributions on a line: three pictures in one, `docs/images/games.svg`.

python benchmarks/line.py

The generator's gradient by its distance from the data, against a critic that is as good as can be; the critic that a
game trains, beside the one that the paper derives; and the Gaussian that is fitted to two by either Kullback-Leibler
divergence. Two minutes of a core.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.distributions import Categorical, MixtureSameFamily, Normal

from gantk import AdversarialLoss
from gantk_plugins.losses.f_gan import FGAN
from gantk_plugins.losses.lsgan import LeastSquares
from gantk_plugins.losses.minimax import Minimax
from gantk_plugins.losses.non_saturating import NonSaturating

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "games.svg"

MODES, WIDTH = torch.tensor([-2.0, 2.0]), 0.5
"""The two Gaussians of the data, and their deviation."""

COUNT, STEPS = 512, 1500
"""Points of a batch, and moves of a generator; a critic moves twice as often."""

Series = dict[str, list[tuple[float, float]]]


def data() -> MixtureSameFamily:
    """Return the distribution of two Gaussians."""
    return MixtureSameFamily(Categorical(torch.ones(2)), Normal(MODES, torch.full((2,), WIDTH)))


def slope(game: AdversarialLoss, score: Callable[[Tensor], Tensor], distance: float) -> float:
    """Return dL/d(mean) of a generator N(distance, 1), by a critic that scores points and stays what it is."""
    mean = torch.tensor(distance, dtype=torch.float64, requires_grad=True)
    points = mean + Normal(0.0, 1.0).icdf(torch.linspace(0.0005, 0.9995, 1000)).double()
    (gradient,) = torch.autograd.grad(game.generator(score(points)), mean)
    return float(gradient)


def gradients() -> Series:
    """Return the gradients of three games at distances from the data N(0, 1), by the critic that each makes best.

    It is log p/q in games of probabilities (Goodfellow et al. 2014, proposition 1), p / (p + q) of least squares.
    """
    found: Series = {"minimax": [], "non-saturating": [], "lsgan": []}
    for step in range(61):
        distance = step / 10
        best = logit(distance)
        found["minimax"].append((distance, slope(Minimax(), best, distance)))
        found["non-saturating"].append((distance, slope(NonSaturating(), best, distance)))
        found["lsgan"].append((distance, slope(LeastSquares(), lambda x, best=best: best(x).sigmoid(), distance)))
    return found


def logit(distance: float) -> Callable[[Tensor], Tensor]:
    """Return log p/q of N(0, 1) and N(distance, 1) as a function of points."""
    return lambda points: distance**2 / 2 - distance * points


def critic() -> nn.Sequential:
    """Return a small network of points (N, 1)."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(1, 64), nn.ELU(), nn.Linear(64, 64), nn.ELU(), nn.Linear(64, 1))


def trained_critic(steps: int = 2 * STEPS) -> Series:
    """Return what a discriminator of two Gaussians against N(0, 2) comes to by the first game, and p / (p + q)."""
    made, network = Normal(0.0, 2.0), critic()
    adam, game = torch.optim.Adam(network.parameters(), lr=1e-3), Minimax()
    for _ in range(steps):
        real, fake = data().sample((COUNT, 1)), made.sample((COUNT, 1))
        adam.zero_grad()
        torch.autograd.backward(game.discriminator(network(real), network(fake)))
        adam.step()
    points = torch.linspace(-5, 5, 201)
    with torch.no_grad():
        scores = network(points[:, None])[:, 0].sigmoid()
    p, q = data().log_prob(points).exp(), made.log_prob(points).exp()
    return {"p / (p + q)": paired(points, p / (p + q)), "trained": paired(points, scores)}


def fitted(divergence: str, steps: int = STEPS) -> tuple[float, float]:
    """Return mean and deviation of the Gaussian that the game of a divergence fits to the data, from N(1, 1) on."""
    game, network = FGAN(divergence=divergence, saturating=True), critic()
    mean, log_deviation = torch.ones((), requires_grad=True), torch.zeros((), requires_grad=True)
    critics = torch.optim.Adam(network.parameters(), lr=2e-3)
    generators = torch.optim.Adam([mean, log_deviation], lr=5e-3)
    for step in range(2 * steps):
        real, noise = data().sample((COUNT, 1)), torch.randn(COUNT, 1)
        fake = mean + log_deviation.exp() * noise
        critics.zero_grad()
        torch.autograd.backward(game.discriminator(network(real), network(fake.detach())))
        critics.step()
        if step % 2:
            generators.zero_grad()
            torch.autograd.backward(game.generator(network(fake)))
            generators.step()
    return float(mean.detach()), float(log_deviation.detach().exp())


def best_fit(reverse: bool) -> tuple[float, float]:
    """Return mean and deviation of the Gaussian nearest the data by KL(p||q), or by KL(q||p), by integration."""
    points = torch.linspace(-12, 12, 4801)
    known = data().log_prob(points)
    best = (math.inf, 0.0, 0.0)
    for mean in torch.linspace(0, 3, 61).tolist():
        for deviation in torch.linspace(0.2, 3, 141).tolist():
            made = Normal(mean, deviation).log_prob(points)
            first, second = (made, known) if reverse else (known, made)
            found = float(torch.trapezoid(first.exp() * (first - second), points))
            best = min(best, (found, mean, deviation))
    return best[1], best[2]


def paired(points: Tensor, values: Tensor) -> list[tuple[float, float]]:
    """Return points and values as pairs of numbers."""
    return list(zip(points.tolist(), values.tolist(), strict=True))


def fits() -> Series:
    """Return the data's density, and those of the Gaussians that either divergence fits; say what they are."""
    points = torch.linspace(-5, 5, 201)
    found = {"data": paired(points, data().log_prob(points).exp())}
    for name, divergence in {"KL(data, made)": "kl", "KL(made, data)": "reverse-kl"}.items():
        mean, deviation = fitted(divergence)
        wanted = "mean {:.2f}, deviation {:.2f}".format(*best_fit(reverse=divergence == "reverse-kl"))
        print(f"{name}: mean {mean:.2f}, deviation {deviation:.2f}; by integration {wanted}")
        found[name] = paired(points, Normal(mean, deviation).log_prob(points).exp())
    return found


SIDE, HIGH, LEFT, TOP, BELOW = 300, 200, 34, 30, 44
"""Width and height of a chart, and what is left, above and below of it, in pixels."""

COLOURS = ("#888888", "#0a6ebd", "#d1495b")


def chart(title: str, series: Series, place: int, top: float, across: str) -> str:
    """Return lines over the range of their points, from 0 to `top`, as SVG."""
    points = [point for line in series.values() for point, _ in line]
    low, high = min(points), max(points)

    def at(point: float, value: float) -> str:
        x = LEFT + (point - low) / (high - low) * (SIDE - LEFT - 16)
        return f"{x:.1f},{TOP + HIGH * (1 - max(0.0, min(value, top)) / top):.1f}"

    def text(x: float, y: float, words: str, style: str = "") -> str:
        return f'<text x="{x}" y="{y}" {style}>{words}</text>'

    drawn = [text(LEFT, 18, title, 'font-weight="600"')]
    for value in (0, top / 2, top):
        y = at(low, value).partition(",")[2]
        drawn.append(f'<line x1="{LEFT}" y1="{y}" x2="{SIDE - 16}" y2="{y}" stroke="#8884" />')
        drawn.append(text(LEFT - 6, float(y) + 4, f"{value:g}", 'text-anchor="end"'))
    for number, point in enumerate((low, (low + high) / 2, high)):
        x = float(at(point, 0).partition(",")[0])
        anchor = ("start", "middle", "end")[number]
        drawn.append(text(x, TOP + HIGH + 16, f"{point:g}", f'text-anchor="{anchor}"'))
    drawn.append(text((LEFT + SIDE - 16) / 2, TOP + HIGH + 32, across, 'text-anchor="middle"'))
    for number, (name, line) in enumerate(series.items()):
        colour = COLOURS[number]
        path = " ".join(at(*pair) for pair in line)
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" />')
        drawn.append(text(LEFT + 8, TOP + 14 + 15 * number, name, f'style="fill: {colour}"'))
    return f'<g transform="translate({place * SIDE} 0)">{"".join(drawn)}</g>'


def main() -> None:
    charts = (
        chart("The generator's gradient", gradients(), 0, 6.0, "distance from the data"),
        chart("The discriminator", trained_critic(), 1, 1.0, "place"),
        chart("What is fitted to two Gaussians", fits(), 2, 1.0, "place"),
    )
    style = "text { font: 12px system-ui, sans-serif; fill: #777 }"
    size = f'viewBox="0 0 {3 * SIDE} {TOP + HIGH + BELOW}"'
    PICTURE.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{style}</style>{"".join(charts)}</svg>\n', "utf-8"
    )


if __name__ == "__main__":
    main()
