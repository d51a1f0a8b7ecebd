"""Games that are given scores that a recipe computed already."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gantk import AdversarialLoss, Build, Critic, DataInfo, Unsupported
from gantk.parts.discriminator import Discriminator
from gantk_plugins.gan.ebgan import EnergyMargin
from gantk_plugins.losses.non_saturating import NonSaturating
from gantk_plugins.wasserstein.wgan_gp import WassersteinGradientPenalty as GradientPenalty


class Relativistic(AdversarialLoss):
    needs_real = True

    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        return (fake_scores - real_scores).mean()

    def generator(self, fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
        assert real_scores is not None
        return (real_scores - fake_scores).mean()


class Counting(nn.Module):
    """Scores images, and counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(2.0))
        self.asked = 0

    def forward(self, image: Tensor) -> Tensor:
        self.asked += 1
        return self.weight * image.square().flatten(1).mean(1)


@pytest.fixture
def points() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(4, 1, 2, 2, generator=generator), torch.rand(4, 1, 2, 2, generator=generator)


@pytest.mark.parametrize("game", [NonSaturating(), Relativistic(), GradientPenalty(), EnergyMargin()])
def test_given_scores_cost_no_second_pass_and_mean_the_same(game: Any, points: tuple[Tensor, Tensor]) -> None:
    real, fake = points
    network = Counting()
    critic = Discriminator(network, "discriminator").given()
    scores = critic(real), critic(fake)
    before = network.asked
    torch.manual_seed(1)
    given = game.judge(critic, real, fake, scores=scores)
    assert network.asked - before == (1 if "gradient_penalty" in given else 0)
    fooled = game.fool(critic, fake, real, scores=scores[::-1])
    torch.manual_seed(1)
    assert game.judge(critic, real, fake) == given
    assert torch.equal(game.fool(critic, fake, real), fooled)


def test_scores_at_several_scales_are_averaged(points: tuple[Tensor, Tensor]) -> None:
    real, fake = points
    scales = [real, real[:, :, :1]], [fake, fake[:, :, :1]]
    game = NonSaturating()
    alone = [game.discriminator(*pair) for pair in zip(*scales, strict=True)]
    assert game.judge(None, real, fake, scores=scales)["game"] == pytest.approx(float(sum(alone) / 2))


def test_without_a_critic_a_penalty_that_needs_one_says_so(points: tuple[Tensor, Tensor]) -> None:
    real, fake = points
    assert NonSaturating().judge(None, real, fake, scores=points).keys() == {"game"}
    assert NonSaturating().fool(None, fake, scores=(fake, None)).dim() == 0
    with pytest.raises(Unsupported, match="^the game WassersteinGradientPenalty asks the discriminator"):
        GradientPenalty().judge(None, real, fake, scores=points)
    with pytest.raises(Unsupported, match="there are scores alone"):
        EnergyMargin(pulling_away=0.1).fool(None, fake, scores=(fake, None))


class Own(nn.Module):
    """A critic of a recipe's own making."""

    def __init__(self, mixes: bool = False, scales: int = 0, shape: tuple[int, ...] = (-1,)) -> None:
        super().__init__()
        self.mixes_samples, self.scales, self.shape = mixes, scales, shape

    def forward(self, image: Tensor) -> Any:
        answers = image.square().flatten(1).mean(1).reshape(self.shape)
        return [answers] * self.scales if self.scales else answers


def own(**options: Any) -> Critic:
    data = DataInfo(kind="images", size=2, channels={"image": 1})
    return Build(data=data, parts={}).network(Own(**options), "critic").given()


@pytest.mark.parametrize(("game", "refused"), [(GradientPenalty(), True), (NonSaturating(), False)])
def test_a_recipes_own_critic_that_ties_samples_is_refused_by_a_game_of_single_samples(
    game: Any, refused: bool, points: tuple[Tensor, Tensor]
) -> None:
    images = points[0].requires_grad_(), points[1]
    assert "game" in game.judge(own(), *images)
    if refused:
        with pytest.raises(Unsupported, match=f"^the game {type(game).__name__} cannot be used with .*ties samples"):
            game.judge(own(mixes=True), *images)
    else:
        assert "game" in game.judge(own(mixes=True), *images)


@pytest.mark.parametrize("options", [{"shape": (-1, 1)}, {"shape": (2, 2)}, {"shape": (-1, 1), "scales": 2}])
def test_a_recipes_own_critic_that_gives_no_energies_is_refused_by_a_game_of_them(
    options: dict[str, Any], points: tuple[Tensor, Tensor]
) -> None:
    refused = pytest.raises(Unsupported, match=r"EnergyMargin .* gives scores, not energies: .* \(4,\), is needed")
    with refused:
        EnergyMargin().judge(own(**options), *points)
    critic = own(**options)
    with refused:
        EnergyMargin().judge(None, *points, scores=(critic(points[0]), critic(points[1])))
    assert "game" in NonSaturating().judge(own(**options), *points)
    assert "game" in EnergyMargin().judge(own(scales=options.get("scales", 0)), *points)
