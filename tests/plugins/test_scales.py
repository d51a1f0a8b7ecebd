"""At which size and for how long each recipe is trained on images of one's own, where nothing else is said."""

import pytest
from PIL import Image

from gantk.plan.resolve import resolve
from gantk.runs.config import Config

SCALES = {
    "gan": (28, {"epochs": 250}),
    "cgan": (28, {"epochs": 250}),
    "infogan": (28, {"steps": 5_000}),
    "bigan": (28, {"epochs": 400}),
    "dcgan": (64, {"epochs": 25}),
    "wgan": (64, {"epochs": 25}),
    "ebgan": (64, {"epochs": 25}),
    "vae": (64, {"steps": 37_500}),
    "vaegan": (64, {"steps": 37_500}),
    "wgan-gp": (32, {"steps": 100_000}),
    "wgan-lp": (32, {"steps": 100_000}),
    "wgan-div": (64, {"steps": 200_000}),
    "sngan": (32, {"steps": 50_000}),
}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    root = tmp_path_factory.mktemp("own")
    for label in ("cat", "dog"):
        (root / label).mkdir()
        for number in range(3):
            Image.new("RGB", (80, 80), (number, 9, 9)).save(root / label / f"{number}.png")
    return root


@pytest.mark.parametrize("plugin", SCALES)
def test_own_images_are_trained_at_the_papers_scale(plugin, own):
    size, length = SCALES[plugin]
    resolved = resolve(Config(plugins=[plugin], data=[str(own)], scale="paper"))
    assert resolved.settings.size == size
    for name, value in length.items():
        assert (getattr(resolved.settings, name), resolved.origins[name]) == (value, f"recipe {plugin}")


def test_what_the_user_says_wins(own):
    said = Config(plugins=["dcgan"], data=[str(own)], scale="paper", set={"size": 96, "epochs": 2})
    resolved = resolve(said)
    assert (resolved.settings.size, resolved.settings.epochs) == (96, 2)
