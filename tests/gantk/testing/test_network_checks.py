"""Networks and normalizations with one fault each."""

import pytest

GENERATOR = """
import torch
from torch import nn
from gantk import Unsupported, hookimpl

class Net(nn.Module):
    def __init__(self, spec):
        super().__init__()
        self.spec = spec
        self.first = nn.Linear(spec.latent, 16)
        self.label = nn.Embedding(spec.classes, 16) if spec.classes else None
        self.last = nn.Linear(16, spec.outputs * spec.size**2)
        {made}

    def forward(self, z, label=None):
        x = self.first(z)
        if label is not None:
            x = x + self.label(label)
        x = torch.relu(x)
        {computed}
        return torch.tanh(self.last(x)).view(-1, self.spec.outputs, self.spec.size, self.spec.size)

def network(spec, build):
    if spec.latent is None or spec.layout or spec.features or {asked}:
        raise Unsupported("makes images of noise")
    return Net(spec)

@hookimpl
def generator():
    return network
"""

DISCRIMINATOR = """
import torch
from torch import nn
from gantk import Unsupported, hookimpl

class Net(nn.Module):
    def __init__(self, spec):
        super().__init__()
        self.layer = nn.Conv2d(spec.channels, 1, 3)

    def forward(self, image, *conditions):
        return {given}

def network(spec, build):
    if spec.condition_channels or spec.classes or spec.joint_latent or spec.output == "energies":
        raise Unsupported("scores images alone")
    return Net(spec)

@hookimpl
def discriminator():
    return network
"""

NORMALIZATION = """
import torch
from torch import nn
from gantk import Normalization, Unsupported, hookimpl

class Norm(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels, 1, 1))

    def forward(self, x, condition=None):
        return {given}

class Mine(Normalization):
    {says}

    def activation(self, channels, condition=None):
        {refuses}
        return Norm(channels)

@hookimpl
def normalization():
    return Mine
"""


def generator(computed="pass", made="pass", asked="spec.classes"):
    return GENERATOR.format(computed=computed, made=made, asked=asked)


def normalization(given="x * self.scale", says="shifts = False", refuses="pass"):
    return NORMALIZATION.format(given=given, says=says, refuses=refuses)


@pytest.mark.parametrize(
    ("faulty", "fails", "said"),
    [
        ({"computed": "x = (x - x.mean(0)) / x.std(0)"}, "finite", "batch of 1, evaluation mode: gives"),
        ({"computed": "x = x[:1]"}, "finite", "(2, 3, 32, 32) is needed"),
        ({"computed": "x = x / (x.shape[0] - 5)"}, "finite", "batch of 5"),
        ({"computed": "x = x[0].expand(2, 16)"}, "finite", "batch of 1"),
        ({"computed": "x = self.first.bias.expand(len(z), -1)"}, "responds", "does not change with its input `latent`"),
        ({"computed": "x = torch.relu(self.first(z))", "asked": "False"}, "responds", "change with its input `label`"),
        ({"computed": "x = x - x.mean(0, keepdim=True)"}, "responds", "depends on the rest of the batch (alone it di"),
        ({"computed": "x = x / len(x)"}, "responds", "depends on the rest of the batch (alone it differs by"),
        (
            {"computed": "x = x - x.mean(0, keepdim=True) + torch.randn_like(x)"},
            "responds",
            "generator (noise, 32 px), batch of 1: what it gives does not change with its input `latent`",
        ),
        ({"made": "self.spare = nn.Linear(3, 3)"}, "gradients", "no gradient reaches its parameter spare.weight"),
        ({"computed": "x = x.detach()"}, "gradients", "no gradient reaches its parameter first.weight"),
        ({"asked": "False and spec.features", "computed": "pass"}, "features", "has no method `features`"),
        (
            {"made": "import random; self.last.bias.data.fill_(random.random())"},
            "repeats",
            "last.bias differs between two networks of one seed",
        ),
        ({"computed": "import random; x = x * random.random()"}, "repeats", "two runs of one seed"),
        ({"computed": "x = x + torch.from_numpy(x.detach().numpy())"}, "autocast", "fails on latent (4, 8): "),
    ],
)  # fmt: skip
def test_a_generator_with_a_fault(faulty, fails, said, caught):
    body = generator(**faulty)
    if fails == "features":
        body = body.replace("spec.features or ", "")
    assert said in caught(body, fails)


def test_a_failing_line_is_named(caught, line):
    reason = caught(generator(computed="x = x @ torch.zeros(5, 5)"), "finite")
    assert f"{line('torch.zeros')}: RuntimeError" in reason


def test_a_generator_that_can_do_nothing(caught):
    assert "it said last: makes images of noise" in caught(generator(asked="True"), "finite")


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ("50 * torch.tanh(self.last(x))", "px): gives values up to"),
        ("self.last(x)", "times as large: images are in [-1, 1]; end it by nn.Tanh()"),
        ("torch.tanh(x.mean()) + torch.sigmoid(self.last(x))", "generator (noise, 32 px): gives values up to 1"),
    ],
)
def test_a_generator_that_leaves_the_range_of_images(last, said, caught):
    assert said in caught(generator().replace("torch.tanh(self.last(x))", f"({last})"), "finite")


@pytest.mark.parametrize(
    ("given", "fails", "said"),
    [
        ("self.layer(image.detach())", "gradients", "no gradient reaches what it scores"),
        ("self.layer(image).detach()", "gradients", "has no gradient: a detach()"),
        ("self.layer(image * 0)", "responds", "does not change with its input `image`"),
        ("torch.log(self.layer(image))", "finite", "NaN or infinite"),
        ("self.layer(image).mean()", "finite", "of (); a row of scores for each image, (1, ...), is needed"),
        ("self.layer(image).flatten()", "finite", "a row of scores for each image"),
        ("[self.layer(image), self.layer(image).mean((0, 2, 3))]", "finite", "of (1,); a row of scores"),
        ("self.layer(image - image.mean(0, keepdim=True))", "responds", "discriminator (image, 32 px): in evaluation"),
        ("[self.layer(image), self.layer(image.roll(1, 0))]", "responds", "depends on the rest of the batch"),
    ],
)
def test_a_discriminator_with_a_fault(given, fails, said, caught):
    assert said in caught(DISCRIMINATOR.format(given=given), fails)


@pytest.mark.parametrize(
    ("faulty", "fails", "said"),
    [
        ({"given": "(x - x.mean((0, 2, 3), keepdim=True)) * self.scale"}, "declares", "mixes_samples is False, but"),
        ({"says": "mixes_samples = True"}, "declares", "activations do not change with the rest of the batch"),
        ({"says": "shifts = True", "given": "x"}, "gradients", "no gradient reaches its parameter"),
        ({}, "conditions", "gives the same for other conditions"),
        ({"given": "x / x.sum((2, 3), keepdim=True).round() * self.scale"}, "finite", "NaN or infinite"),
    ],
)
def test_a_normalization_with_a_fault(faulty, fails, said, caught):
    assert said in caught(normalization(**faulty), fails)


def test_a_normalization_that_promises_a_bias_and_learns_nothing(caught):
    body = normalization(says="shifts = True").replace("return Norm(channels)", "return nn.Identity()")
    assert "shifts is True, but activation() learns nothing" in caught(body, "declares")


def test_a_normalization_of_weights_alone_refuses_a_condition_without_saying_so(check):
    body = normalization().replace("def activation", "def unused")
    assert check(body, "conditions")["conditions"].reason == "refuses one: Mine takes no conditioning vector"


MAPPED = """
class Mapped(nn.Module):
    def __init__(self, channels, maps):
        super().__init__()
        self.changes = nn.Conv2d(maps, channels, 1)

    def forward(self, x, maps):
        return x + self.changes(nn.functional.interpolate(maps, x.shape[2:]))

Mine.mapped_activation = lambda self, channels, condition: Mapped(channels, condition)
"""


def test_a_map_is_heeded_at_any_size_or_refused(check, caught):
    body = normalization(refuses="if condition: raise Unsupported('knows none')") + MAPPED
    assert check(body, "conditions")["conditions"].reason == "a conditioning map changes the activations"
    unfitted = body.replace("nn.functional.interpolate(maps, x.shape[2:])", "maps")
    line = "mapped_activation(channels, condition) cannot be called on (6, 4, 5, 6) under (6, 3, 10, 3)"
    assert line in caught(unfitted, "conditions")
    deaf = body.replace("x + self.changes", "x + 0 * self.changes")
    assert "mapped_activation(channels, condition) gives the same for other conditions" in caught(deaf, "conditions")


def test_a_norm_may_mix_and_shift_under_a_map_alone(check, caught):
    says = "shifts = mixes_samples = True"
    body = normalization(says=says, refuses="if condition: raise Unsupported('knows none')") + MAPPED
    mixing = body.replace("return x + self", "return x - x.mean((0, 2, 3), keepdim=True) + self")
    mixing = mixing.replace("return Norm(channels)", "return nn.InstanceNorm2d(channels)")
    assert check(mixing, "declares").passed
    assert "do not change with the rest of the batch" in caught(mixing.replace("x.mean((0, ", "x.mean(("), "declares")
    said = caught(mixing.replace(says, "shifts = True"), "declares")
    assert said == (
        "mixes_samples is False, but a sample's activations change with the rest of the batch in mapped_activation()"
    )


def test_the_workbenchs_networks_are_not_asked_for_features_of_their_own(check):
    recipe = "\nfrom gantk import Recipe\n\n@hookimpl\ndef recipe():\n    return Recipe\n"
    for brings in (normalization(), normalization() + recipe):
        assert check(brings, "features")["features"].reason == "offers no inner activations"


def test_a_weight_that_is_no_layer(caught):
    body = normalization(says="def weight(self, layer):\n        return layer.weight")
    assert "weight() returned a Parameter for a Conv2d" in caught(body, "declares")


def test_samples_may_mix_while_training(check):
    for mixes in ("if self.training: x = x - x.mean(0, keepdim=True)", "x = x + torch.randn_like(x)"):
        report = check(generator(mixes), "responds")
        assert report.passed, str(report)


def test_good_networks_pass(check):
    names = ("finite", "responds", "gradients", "features", "repeats", "autocast")
    assert check(generator(asked="False"), *names).passed
    assert check(
        DISCRIMINATOR.format(given="self.layer(image)"), *(name for name in names if name != "features")
    ).passed
    refusing = normalization(refuses="if condition: raise Unsupported('knows none')")
    report = check(refusing, *names, "declares", "conditions")
    assert report.passed
    assert report["conditions"].reason == "refuses one: knows none"
