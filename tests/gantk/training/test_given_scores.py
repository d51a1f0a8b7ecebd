"""A recipe whose classifier shares the discriminator's trunk, as AC-GAN's does, passes images through it once."""

import json

import pytest

from support.commands import invoke

AUXILIARY = """
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from gantk import Category, Defaults, DiscriminatorSpec, GeneratorSpec, Graph, Latent, Player, Recipe, Settings
from gantk_plugins.gan.gan import GAN


class Auxiliary(Recipe):
    kind = "labelled"
    defaults = Defaults(
        generator="gan", discriminator="gan", loss="non-saturating", normalization=GAN.defaults.normalization
    )
    settings = Settings(batch_size=4)

    def __init__(self, build):
        super().__init__()
        channels, size, classes = build.data.channels["image"], build.data.size, len(build.data.classes)
        self.latent, self.label = Latent(length=4), Category(name="label", count=classes)
        self.game = build.loss()
        self.generator = build.generator(GeneratorSpec(latent=4, classes=classes, outputs=channels, size=size))
        self.discriminator = build.discriminator(DiscriminatorSpec(channels=channels, size=size, features=True))
        with torch.no_grad():
            width = self.discriminator.features(torch.zeros(1, channels, *build.data.sides))[-1][0].numel()
        self.head = build.network(nn.Sequential(nn.Flatten(), nn.Linear(width, classes)), "head")

    def players(self):
        return {
            "discriminator": Player(self.discriminator, self.head, critic=True),
            "generator": Player(self.generator),
        }

    def step(self, batches):
        batch = next(batches)
        real, label = batch["image"], batch["label"]
        fake, critic = self.generator(self.latent.drawn(len(real), real.device), label), self.discriminator.given()
        (real_scores, known), (fake_scores, made) = critic.both(real), critic.both(fake.detach())
        losses = self.game.judge(critic, real, fake, scores=(real_scores, fake_scores))
        yield "discriminator", {**losses, "label": cross_entropy(self.head(known[-1]), label)}
        if self.due("generator"):
            fake_scores, made = critic.both(fake)
            fooled = self.game.fool(critic, fake, scores=(fake_scores, None))
            yield "generator", {"game": fooled, "label": cross_entropy(self.head(made[-1]), label)}

    def preview(self, batch):
        noise = self.latent.fixed(len(batch["image"])).to(batch["image"].device)
        return {"generated": self.generator(noise, batch["label"])}

    def graphs(self):
        return {
            "generator": Graph(
                network=self.generator, task="generate", inputs=(self.latent, self.label), outputs=("image",)
            )
        }


@hookimpl
def recipe():
    return Auxiliary
"""


@pytest.mark.parametrize("loss", ["non-saturating", "wgan-gp"])
def test_a_classifier_on_the_trunk_is_trained_beside_every_game(plugin_file, tmp_path, loss):
    said = [
        *("train", "--plugin", plugin_file("auxiliary", AUXILIARY), "--data", "emoji", "--loss", loss),
        *("--size", "8x16", "--device", "cpu", "--steps", 2, "--batch-size", 2, "--out", tmp_path / "run"),
        *("-s", "generator.units=4", "-s", "discriminator.units=4", "-s", "critic_steps=1", "--precision", "fp32"),
    ]
    invoke(*said)
    logged = json.loads((tmp_path / "run" / "scalars.jsonl").read_text().splitlines()[-1])
    assert {"discriminator/game", "discriminator/label", "generator/game", "generator/label"} <= logged.keys()
    assert ("discriminator/gradient_penalty" in logged) == (loss == "wgan-gp")
