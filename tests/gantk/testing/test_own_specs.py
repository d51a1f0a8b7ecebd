"""Parts that do what their own recipe asks, and nothing that is asked of others."""

from collections.abc import Callable

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
