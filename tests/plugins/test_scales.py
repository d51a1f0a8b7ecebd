"""At which size and for how long each recipe is trained on images of one's own, where nothing else is said."""

from pathlib import Path

import pytest
from PIL import Image

from gantk.plan.quick import CAPTIONED, SINGLE
from gantk.plan.resolve import resolve
from gantk.runs.config import Config

SCALES = {
    "gan": (28, {"epochs": 250}),
    "cgan": (28, {"epochs": 250}),
    "infogan": (28, {"steps": 5_000}),
    "bigan": (28, {"epochs": 400}),
    "dcgan": (64, {"epochs": 25}),
    "wgan": (64, {"epochs": 25, "rmsprop_decay": 0.99}),
    "ebgan": (64, {"epochs": 25}),
    "vae": (64, {"steps": 62_500, "rmsprop_decay": 0.9}),
    "vaegan": (64, {"steps": 62_500, "rmsprop_decay": 0.9}),
    "pixelcnn": (32, {"steps": 500_000}),
    "pixelrnn": (32, {"steps": 500_000}),
    "glow": (32, {"steps": 781_000}),
    "ddpm": (32, {"steps": 800_000}),
    "wgan-gp": (32, {"steps": 100_000, "dequantize": True}),
    "wgan-lp": (32, {"steps": 100_000, "dequantize": True}),
    "wgan-div": (64, {"steps": 200_000}),
    "sngan": (32, {"steps": 50_000}),
    "lapgan": (32, {"epochs": 1125}),
    "sagan": (128, {"steps": 1_000_000}),
    "biggan": (128, {"steps": 165_000}),
    "s3gan": (128, {"steps": 250_000}),
    "triple-gan": (28, {"steps": 600_000}),
    "improved-gan": (28, {"epochs": 300}),
    "mad-gan": (64, {"epochs": 25}),
    "began": (64, {"steps": 200_000}),
    "pggan": (1024, {"steps": 3_264_286}),
    "stylegan": (1024, {"steps": 717_969}),
    "stylegan2": (1024, {"steps": 781_250}),
    "polymorphic": (256, {"steps": 400_000}),
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
    assert (resolved.settings.size, resolved.origins["size"]) == (size, f"recipe {plugin}")
    for name, value in {**length, "precision": "fp32"}.items():
        assert (getattr(resolved.settings, name), resolved.origins[name]) == (value, f"recipe {plugin}")


def test_what_the_user_says_wins(own):
    said = Config(plugins=["dcgan"], data=[str(own)], scale="paper", set={"size": 96, "epochs": 2}, precision="bf16")
    resolved = resolve(said)
    assert (resolved.settings.size, resolved.settings.epochs, resolved.settings.precision) == (96, 2, "bf16")
    assert resolved.origins["precision"] == "you"


def test_a_quick_scale_wins_over_the_papers(own):
    resolved = resolve(Config(plugins=["wgan"], data=[str(own)], scale="quick"))
    for name in ("size", "steps", "precision"):
        assert getattr(resolved.settings, name) == (SINGLE[name] // 5 if name == "steps" else SINGLE[name])
        assert resolved.origins[name] == "quick scale"
    assert resolved.origins["rmsprop_decay"] == "recipe wgan"


def test_texts_have_a_quick_scale_of_their_own(own):
    for image in own.rglob("*.png"):
        image.with_suffix(".txt").write_text(f"{image.parent.name} {image.stem}")
    for plugin, kind in (("stackgan", "captioned"), ("dcgan", "images")):
        resolved = resolve(Config(plugins=[plugin], data=[str(own / "cat")], scale="quick"))
        assert resolved.kind == kind
        scale = CAPTIONED if kind == "captioned" else SINGLE
        said = {name: resolved.options[name].value for name in scale if name in resolved.options}
        assert said == {name: scale[name] for name in said}
        assert resolved.settings.size == scale["size"]
        assert ("enlargement" in said) is (plugin == "stackgan")


def test_a_game_that_the_user_chose_brings_its_own_optimizer_and_leaves_size_and_precision(own):
    resolved = resolve(Config(plugins=["vaegan"], data=[str(own)], loss="wgan"))
    assert (resolved.settings.rmsprop_decay, resolved.origins["rmsprop_decay"]) == (0.99, "loss wgan")
    assert [resolved.origins[name] for name in ("size", "steps", "precision")] == ["recipe vaegan"] * 3


def test_the_book_lists_what_recipes_state(factory):
    """Hold the table in docs/training.md to what is resolved."""
    text = (Path(__file__).parents[2] / "docs" / "training.md").read_text()
    table = text.partition("## The paper's scale")[2].partition("## ")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    listed = {name: row[1:] for row in rows for name in row[0].replace("`", "").split(", ")}
    assert listed.keys() >= SCALES.keys()
    for plugin, (size, length, precision) in listed.items():
        settings = factory(plugin, "recipe").settings
        said = f"{settings.steps:,} steps" if settings.steps else f"{settings.epochs} passes"
        assert (size, length, precision) == (str(settings.size or 256), said, settings.precision or "auto")
