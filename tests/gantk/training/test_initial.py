"""How a recipe's networks are laid out before step 1."""

import pytest
import torch
from torch import nn

from gantk import Network, Recipe
from gantk.runs.config import Config
from gantk.training.initial import make_ready
from gantk.training.processes import World


class Convolution(Recipe):
    """One network; nothing is asked of its step here."""

    kind = "images"
    players = step = preview = graphs = None

    def __init__(self) -> None:
        super().__init__()
        self.generator = Network(nn.Conv2d(3, 4, 3), "generator")


class NoBatches:
    """What tells the device, and is not read."""

    def __init__(self, device: str) -> None:
        self.device = torch.device(device)


@pytest.mark.parametrize(
    ("device", "autocast", "said", "last"),
    [
        ("cpu", None, None, True),
        ("cpu", torch.bfloat16, None, True),
        ("cpu", None, False, False),
        ("meta", None, None, False),
        ("meta", torch.bfloat16, None, True),
        ("meta", None, True, True),
    ],
)
def test_channels_come_last_on_cpus_and_in_bfloat16_unless_it_is_said(device, autocast, said, last):
    recipe = Convolution()
    make_ready(recipe, NoBatches(device), Config(channels_last=said), autocast, World())
    (weight, _) = recipe.parameters()
    assert weight.is_contiguous(memory_format=torch.channels_last) is last
