"""Recipes, and parts in a training, with one fault each."""

import re

import pytest
from PIL import Image

RECIPE = """
import os
import random

import numpy as np
import torch
from torch import nn
from gantk import Graph, Latent, Player, Recipe, hookimpl

def rank():
    return torch.distributed.is_initialized() and torch.distributed.get_rank()

class Net(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.first, self.last = nn.Linear(inputs, 8), nn.Linear(8, outputs)

    def forward(self, x):
        x = torch.relu(self.first(x))
        {computed}
        return self.last(x)

class Maker(Net):
    def forward(self, x):
        return torch.tanh(super().forward(x)).view(-1, 3, 32, 32)

class Mine(Recipe):
    kind = "images"

    def __init__(self, build):
        super().__init__()
        self.latent = Latent(length=4)
        self.generator = build.network(Maker(4, 3 * 32**2), "generator")
        self.critic = build.network(Net(3 * 32**2, 1), "critic")
        self.steps = 0
        {made}

    def players(self):
        return {{"critic": Player(self.critic, critic=True), "generator": Player(self.generator)}}

    def step(self, batches):
        real = next(batches)["image"]
        fake = self.generator(self.latent.drawn(len(real), real.device))
        weight = 1.0
        {before}
        told = self.critic(fake.detach().flatten(1)) - self.critic(real.flatten(1))
        yield "critic", {{"game": told.mean() * weight}}
        {between}
        yield "generator", {{"game": -self.critic(fake.flatten(1)).mean() * weight}}

    def preview(self, batch):
        return {{"made": self.generator(self.latent.fixed(4))}}

    def graphs(self):
        inputs, outputs = (self.latent,), ("image",)
        return {{"generator": Graph(network=self.generator, task="generate", inputs=inputs, outputs=outputs)}}

@hookimpl
def recipe():
    return Mine
"""

MOVED = "with torch.no_grad(): self.{network}.module.last.weight.mul_({factor})"


def recipe(computed="pass", made="pass", before="pass", between="pass", **replaced):
    body = RECIPE.format(computed=computed, made=made, before=before, between=between)
    for new in replaced.values():
        body = body.replace(*new)
    return body


@pytest.mark.parametrize(
    ("faulty", "fails", "said"),
    [
        ({"owner": ('"generator": Player(self.generator)', "")}, "trains", "no player moves generator"),
        ({"before": "weight = torch.log(-real.abs().mean())"}, "trains", "became NaN or infinite at step 1"),
        ({"before": "real.foo()"}, "trains", "AttributeError: 'Tensor' object has no attribute 'foo'"),
        ({"yields": ('yield "generator"', 'continued = "generator"')}, "moves", "player generator never moves"),
        (
            {"owner": ("Player(self.generator)", "Player(self.generator, self.spare)"),
             "made": "self.spare = build.network(nn.Linear(2, 2), 'spare')"},
            "moves", "spare does not move at the moves of player generator",
        ),
        (
            {"between": MOVED.format(network="critic", factor=1.01)},
            "moves", "critic.last.weight changed in step(), before the move of player generator",
        ),
        (
            {"made": "self.critic.module.spare = nn.Linear(2, 2)"},
            "reaches", "no gradient of player critic reaches critic.spare.weight",
        ),
        ({"before": "self.steps += 1; weight = 1.0 + self.steps"}, "resume", "keep state in buffers"),
        ({"before": "weight = 1.0 + random.random()"}, "resume", "after a stop and a resume at step 2"),
        (
            {"before": MOVED.format(network="critic", factor="1 + real.mean()")},
            "processes", "critic.last.weight differs by",
        ),
        (
            {"before": 'if rank(): yield "generator", {"game": fake.mean()}'},
            "processes", "process 0 moves critic at step 1, and process 1 moves generator at step 1: leave",
        ),
        (
            {"between": "if rank(): return"},
            "processes", "process 0 moves generator at step 1, and process 1 moves critic at step 2",
        ),
        (
            {"between": "if rank() and self.progress.step: return"},
            "processes", "process 0 moves generator at step 2, and process 1 is done after step 2",
        ),
        (
            {"between": "if rank(): yield self.everywhere(fake.mean())"},
            "processes", "process 0 moves generator at step 1, and process 1 asks for a mean of shape () at step 1",
        ),
        (
            {"made": "self.critic.module.spare = nn.Linear(2, 2)",
             "before": "if not rank(): weight = weight + self.critic.module.spare.weight.sum()"},
            "processes", "process 0 has a gradient of critic.spare.weight when it moves critic at step 1, and",
        ),
        ({"before": "rank() and os._exit(3)"},
         "processes", "process 1 of 2: the process ended with exit status 3"),
        ({"before": "torch.set_num_threads(3)"},
         "state", "became 3"),
        ({"before": "np.random.rand()"}, "state", "the random numbers of NumPy (numpy.random) were drawn or seeded"),
        ({"made": "os.environ['OMP_DYNAMIC'] = '1'"}, "state", "environment variable OMP_DYNAMIC: unset became 1"),
        ({"before": "torch.manual_seed(0)"}, "seeding", "training a step seeds torch's random numbers"),
        ({"made": "torch.manual_seed(0)"}, "seeding", "building it seeds torch's random numbers"),
        ({"computed": "x = x + torch.from_numpy(x.detach().numpy())"}, "bf16", "TypeError: Got unsupported ScalarType"),
        ({"before": "os._exit(5)"}, "trains", "the process ended with exit status 5"),
    ],
)  # fmt: skip
def test_a_recipe_with_a_fault(faulty, fails, said, caught):
    assert said in caught(recipe(**faulty), fails)


def test_a_line_that_seeds_is_named(caught, line):
    reason = caught(recipe(before="torch.manual_seed(0)"), "seeding")
    assert f"{line('torch.manual_seed')}: training a step" in reason


@pytest.mark.parametrize(
    ("computed", "said"),
    [
        ("x = x + (1.0 if x.sum() > 0 else 2.0)", "graph generator: its network cannot be exported to ONNX"),
        ("x = x if self.training else x + torch.rand(x.shape)", "ONNX Runtime differs from torch by"),
    ],
)
def test_a_network_whose_model_differs(computed, said, caught):
    assert said in caught(recipe(computed=computed), "export")


def test_a_right_recipe_passes(check):
    # What it exports is tried with the recipes that come along.
    names = ("trains", "moves", "reaches", "bf16", "resume", "processes", "state", "seeding")
    report = check(recipe(), *names)
    assert [outcome.status for outcome in report.outcomes] == ["pass"] * len(names), str(report)
    assert "4 steps at 32 px, batches of 2: critic/game" in report["trains"].reason
    assert report["moves"].reason == "critic: 3 parameters; generator: 4 parameters"  # the last bias cancels
    assert (report.folder / "run" / "checkpoints" / "000004").is_dir()


ENERGIES = """
from torch import nn
from gantk import Unsupported, hookimpl

class Energies(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, image):
        return (self.layer(image) - image).square().flatten(1).mean(1)

def network(spec, build):
    spec.accept("output")
    if spec.output != "energies":
        raise Unsupported("gives energies")
    return Energies()

@hookimpl
def discriminator():
    return network
"""


def test_a_discriminator_of_energies_is_trained_in_the_workbench(check):
    report = check(ENERGIES, "trains", "moves")
    assert [outcome.status for outcome in report.outcomes] == ["pass", "pass"], str(report)


def test_what_the_data_do_not_serve_is_not_passed(caught):
    reason = caught(recipe(kind=('kind = "images"', 'kind = "landmarked"')), "trains")
    assert reason.startswith("nothing was trained: the default images do not serve: ")
    assert reason.endswith("; say --data")


PARTNERED = """
import torch
from torch import nn
from gantk import Defaults, DiscriminatorSpec, Player, Recipe, hookimpl

class Judge(nn.Module):
    def __init__(self, spec):
        super().__init__()
        self.layer = nn.Conv2d(spec.channels, 1, 3)

    def forward(self, image):
        return self.layer(image)

class Mine(Recipe):
    kind = "images"
    defaults = Defaults(loss="lsgan", normalization={{"discriminator": "instance"}})

    def __init__(self, build):
        super().__init__()
        self.images = build.network(Images(), "generator")
        self.critic = build.discriminator(DiscriminatorSpec(channels=3, size=build.data.size))
        self.game = build.loss()

    def players(self):
        return {{"critic": Player(self.critic, critic=True), "generator": Player(self.images)}}

    def step(self, batches):
        real = next(batches)["image"]
        critic = {critic}
        yield "critic", self.game.judge(critic, real, self.images(real).detach())
        yield "generator", {{"game": self.game.fool(critic, self.images(real), real)}}

    def preview(self, batch):
        return {{"made": self.images(batch["image"])}}

    def graphs(self):
        return {{}}

class Images(nn.Conv2d):
    def __init__(self):
        super().__init__(3, 3, 3, padding=1)

@hookimpl
def recipe():
    return Mine

@hookimpl
def discriminator():
    return lambda spec, build: Judge(spec)

"""


def test_a_recipe_that_needs_its_own_parts(check, caught):
    report = check(PARTNERED.format(critic="self.critic.given()"), "partners")
    assert report["partners"].status == "pass", str(report)
    assert report["partners"].reason.startswith("2 steps with discriminator ")
    reason = caught(PARTNERED.format(critic="self.critic.given(*[1][: not self.critic.module.layer])"), "partners")
    assert reason.startswith("with discriminator ")
    assert "has no attribute 'layer'" in reason


def test_parts_of_others_read_the_data_as_it_was_said(check, tmp_path):
    for number in range(4):
        Image.new("L", (40, 40), 60 * number).save(tmp_path / f"{number}.png")
    body = PARTNERED.format(critic="self.critic.given()")
    report = check(body, "partners", data=[str(tmp_path)], options={"data.channels": "3"})
    assert report["partners"].status == "pass", str(report)


def test_what_a_training_warns_of_is_told(check, line):
    body = recipe(told=("fake.detach().flatten(1)", "fake.flatten(1)"))
    outcome = check(body, "trains")["trains"]
    assert outcome.status == "pass"
    assert re.search(rf"; warns: {line('yield')}: .*computed through generator", outcome.reason), outcome.reason


def test_what_follows_a_failed_training_is_skipped(check):
    report = check(recipe(before="real.foo()"), "trains", "resume", "bf16")
    assert report["resume"].reason == report["bf16"].reason == "trains did not pass"


@pytest.mark.parametrize("hook", ["network_built", "step_ended"])
def test_a_hook_of_a_run_fails_in_the_workbench(hook, caught, line):
    reason = caught(f"from gantk import hookimpl\n\n@hookimpl\ndef {hook}():\n    1 / 0\n", "trains")
    path, number = re.search(rf"hook {hook} failed: (\S+), line (\d+): ZeroDivisionError", reason).groups()
    assert line("1 / 0") == f"{path}:{number}"
