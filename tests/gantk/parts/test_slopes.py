"""The slopes of a critic, and the penalties on them that any game can have."""

import pytest
import torch
from click.testing import CliRunner
from torch import nn

from gantk import Build, DataInfo, DiscriminatorSpec, Unsupported, score_gradients
from gantk.cli.main import main
from gantk.parts.discriminator import Discriminator
from gantk_plugins.losses.hinge import Hinge
from gantk_plugins.normalizations.batch import Batch

REAL = torch.tensor([[1.0, 2.0], [0.0, -1.0]]).view(2, 1, 1, 2)
FAKE = torch.tensor([[3.0, 0.0], [1.0, 1.0]]).view(2, 1, 1, 2)


class Squares(nn.Module):
    """Scores 3 x^2 / 2 summed, as a map of equal scores if asked; its slope at x is 3 |x|."""

    def __init__(self, maps=False):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(3.0))
        self.maps = maps

    def forward(self, image):
        score = self.factor / 2 * image.square().flatten(1).sum(1)
        return torch.stack([score, score], 1) if self.maps else score


class Part:
    def __init__(self, factory):
        self.plugin, self.factory = "here", factory

    def __call__(self, *arguments):
        return self.factory(*arguments)


def build(**options):
    parts = {
        "loss": Part(Hinge),
        "discriminator": Part(lambda spec, build: Squares()),
        "normalization.discriminator": Part(Batch),
    }
    data = DataInfo(kind="images", size=8, channels={"image": 1})
    return Build(data=data, parts=parts, **options)


@pytest.fixture(params=[False, True], ids=["a score", "a map"])
def critic(request):
    return Discriminator(Squares(request.param), "discriminator").given()


def test_each_sample_has_the_gradient_of_its_own_mean_score(critic):
    points = REAL.clone().requires_grad_()
    torch.testing.assert_close(score_gradients(critic, (points,)), 3 * REAL.flatten(1))


def test_half_of_the_mean_squared_slope_is_added_to_any_game(critic):
    """Squared norms of x are 5 and 1 of real points, 9 and 2 of fake ones."""
    losses = build(r1=10.0, r2=2.0).loss().judge(critic, REAL, FAKE)
    assert losses["r1"].item() == pytest.approx(10 / 2 * 9 * (5 + 1) / 2)
    assert losses["r2"].item() == pytest.approx(2 / 2 * 9 * (9 + 2) / 2)
    torch.testing.assert_close(losses["game"], Hinge().judge(critic, REAL, FAKE)["game"])


def test_the_penalty_moves_the_discriminator():
    network = Discriminator(Squares(), "discriminator")
    losses = build(r1=10.0).loss().judge(network.given(), REAL, FAKE)
    (gradient,) = torch.autograd.grad(losses["r1"], network.module.factor)
    assert gradient.item() == pytest.approx(10 / 2 * 2 * 3 * (5 + 1) / 2)


def test_unsaid_nothing_is_added(critic):
    assert build().loss().judge(critic, REAL, FAKE).keys() == {"game"}


def test_a_norm_over_the_batch_is_refused():
    spec = DiscriminatorSpec(channels=1, size=8)
    assert build().discriminator(spec).mixes_samples
    with pytest.raises(
        Unsupported, match="^setting r1 cannot be used with normalization here in the .*: the penalties r1"
    ):
        build(r1=1.0).discriminator(spec)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("--plugin vae --data emoji -s r1=10", "recipe vae plays no adversarial game: r1 would change nothing"),
        ("--plugin pix2pix -s r2=-1", "r2: -1.0 is not at least 0"),
        ("--plugin pix2pix -s r1=10", "with normalization batch in the discriminator: the penalties r1 and r2"),
    ],
)
def test_what_cannot_be_is_said_before_step_1(said, message):
    result = CliRunner().invoke(main, ["train", *said.split(), "--dry-run"])
    assert result.exit_code == 2, result.output
    assert message in result.stderr


def test_a_run_trains_with_both(tmp_path):
    said = "train --plugin dcgan --data emoji --size 32 --steps 1 --batch-size 2 -s r1=5 -s r2=5 --log-every 1"
    narrow = "-s generator.filters=4 -s discriminator.filters=4 --normalization discriminator=none"
    result = CliRunner().invoke(main, [*said.split(), *narrow.split(), "--out", str(tmp_path / "run")])
    assert result.exit_code == 0, result.stderr
    logged = (tmp_path / "run" / "scalars.jsonl").read_text("utf-8")
    assert "discriminator/r1" in logged
    assert "discriminator/r2" in logged


@pytest.mark.parametrize("said", ["bigan --size 28", "infogan --size 28"])
def test_recipes_whose_scores_are_known_have_it_too(said, tmp_path):
    said = f"train --plugin {said} --data emoji --steps 1 --batch-size 2 -s r1=1 --log-every 1"
    out = ["--normalization", "discriminator=none", "--out", str(tmp_path / "run")]
    result = CliRunner().invoke(main, [*said.split(), *out])
    assert result.exit_code == 0, result.stderr
    assert "discriminator/r1" in (tmp_path / "run" / "scalars.jsonl").read_text("utf-8")
