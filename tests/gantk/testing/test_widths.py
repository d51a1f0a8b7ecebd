"""Networks are checked narrow, unless they cannot be or the user says how wide."""

import pytest

from gantk.testing.widths import narrowed

GENERATOR = """
from torch import nn
from gantk import Unsupported, hookimpl

class Net(nn.Module):
    def __init__(self, spec, breadth):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(spec.latent, breadth), nn.LeakyReLU(), nn.Linear(breadth, spec.outputs * spec.size**2), nn.Tanh()
        )
        self.shape = spec.outputs, spec.size, spec.size

    def forward(self, z):
        return self.layers(z).unflatten(1, self.shape)

def network(spec, build, *, breadth: int = 48):
    spec.accept("latent")
    spec.need("latent")
    {refuses}
    return Net(spec, breadth)

@hookimpl
def generator():
    return network
"""


def test_large_whole_numbers_alone_become_small():
    options = {"filters": 64, "latent": 32, "layers": 3, "weight": 100.0, "norm": None, "flag": True, "name": "64"}
    assert narrowed(options) == {"filters": 16, "latent": 16}


@pytest.mark.parametrize(
    ("refuses", "options", "said"),
    [
        ("", {}, "batches of 2, generator.breadth 16: "),
        ("", {"generator.breadth": "40"}, "batches of 2: "),
        ("if breadth < 20: raise Unsupported('is wider')", {}, "batches of 2: "),
        ("assert breadth > 20", {}, "batches of 2: "),
    ],
)
def test_a_training_says_how_narrow_its_networks_are(refuses, options, said, check):
    report = check(GENERATOR.format(refuses=refuses), "finite", "trains", options=options)
    assert report.passed, str(report)
    assert said in report["trains"].reason
