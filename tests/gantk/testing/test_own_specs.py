"""Parts that do what their own recipe asks, and nothing that is asked of others."""

from collections.abc import Callable

import pytest

from gantk.testing import Report

STAR = """
import torch
from torch import nn
from gantk import Category, GeneratorSpec, Graph, Player, Recipe, hookimpl

class Star(nn.Module):
    def __init__(self, spec):
        super().__init__()
        self.domain = nn.Embedding(spec.need("domains"), 4)
        self.layer = nn.Conv2d(spec.need("inputs") + 4, spec.outputs, 3, padding=1)

    def forward(self, image, domain):
        told = self.domain({told})[:, :, None, None].expand(-1, -1, *image.shape[2:])
        return torch.tanh(self.layer(torch.cat([image, told], 1)))

def star(spec, build):
    spec.accept("inputs", "domains", "sides")
    return Star(spec)

class Mine(Recipe):
    kind = "domains"

    def __init__(self, build):
        super().__init__()
        names = build.data.domains
        self.domain = Category(name="domain", count=len(names), names=names)
        self.translator = build.generator(GeneratorSpec(inputs=3, domains=len(names), size=build.data.size))

    def players(self):
        return {{"generator": Player(self.translator)}}

    def step(self, batches):
        batch = next(batches)
        made = self.translator(batch["image"], batch["domain"])
        yield "generator", {{"l1": (made - batch["image"]).abs().mean()}}

    def preview(self, batch):
        return {{"made": self.translator(batch["image"], batch["domain"])}}

    def graphs(self):
        return {{"translate": Graph(network=self.translator, inputs=("image", self.domain), outputs=("image",))}}

@hookimpl
def recipe():
    return Mine

@hookimpl
def generator():
    return star
"""


def test_what_the_own_recipe_asks_alone_is_checked(check: Callable[..., Report]) -> None:
    report = check(STAR.format(told="domain"), "finite", "responds")
    assert report["finite"].reason == "generator (own recipe) at 32 and 16 and 16x32 px", str(report)
    assert report["responds"].reason == "generator (own recipe): image, domain", str(report)


def test_a_domain_that_changes_nothing_is_found(caught: Callable[..., str]) -> None:
    reason = caught(STAR.format(told="domain * 0"), "responds")
    assert reason == "generator (own recipe, 32 px): what it gives does not change with its input `domain`"


JUDGED = """
import torch
from torch import nn
from gantk import Defaults, DiscriminatorSpec, Graph, Player, Recipe, hookimpl

class Told(nn.Module):
    def __init__(self, spec):
        super().__init__()
        self.told = nn.{reads}
        self.layer = nn.Conv2d(spec.channels + 4, 1, 4, 4)

    def forward(self, image, condition):
        told = self.told(condition)[:, :, None, None].expand(-1, -1, *image.shape[2:])
        return self.layer(torch.cat([image, told], 1))

def told(spec, build):
    spec.accept("{field}")
    return Told(spec)

class Mine(Recipe):
    kind = "domains"
    defaults = Defaults(loss="hinge")

    def __init__(self, build):
        super().__init__()
        self.game = build.loss()
        self.generator = build.network(nn.Conv2d(3, 3, 3, padding=1), "generator")
        self.critic = build.discriminator(DiscriminatorSpec(channels=3, {field}={many}, size=build.data.size))

    def players(self):
        return {{"generator": Player(self.generator), "critic": Player(self.critic, critic=True)}}

    def step(self, batches):
        batch = next(batches)
        image, domain = batch["image"], batch["domain"]
        fake, critic = self.generator(image), self.critic.given({given})
        yield "generator", {{"game": self.game.fool(critic, fake, image)}}
        yield "critic", self.game.judge(critic, image, fake)

    def preview(self, batch):
        return {{"made": self.generator(batch["image"])}}

    def graphs(self):
        return {{"translate": Graph(network=self.generator, inputs=("image",), outputs=("image",))}}

@hookimpl
def recipe():
    return Mine

@hookimpl
def discriminator():
    return told
"""

DOMAIN = {"field": "domains", "many": "len(build.data.domains)", "given": "domain"}
STYLE = {"field": "vector", "many": "3", "given": "image.mean((2, 3))"}


@pytest.mark.parametrize(
    ("said", "reads", "name"),
    [(DOMAIN, "Embedding(spec.need('domains'), 4)", "domain"), (STYLE, "Linear(spec.need('vector'), 4)", "vector")],
)
def test_a_discriminator_is_told_what_its_recipe_asks(
    check: Callable[..., Report], said: dict[str, str], reads: str, name: str
) -> None:
    report = check(JUDGED.format(**said, reads=reads), "trains", "responds", "gradients")
    assert report["trains"].status == "pass", str(report)
    assert report["responds"].reason == f"discriminator (own recipe): image, {name}", str(report)
    assert report["gradients"].status == "pass", str(report)
