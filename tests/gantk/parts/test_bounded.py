"""The bound on what options make."""

import pytest
from click.testing import CliRunner
from torch import nn

from gantk import UsageError
from gantk.cli.main import main
from gantk.parts.bounded import MOST_PARAMETERS, bounded
from gantk.parts.valueless import without_values


def test_tensors_of_weights_are_counted_as_they_are_made():
    def made(count):
        with without_values(), bounded():
            return [nn.Linear(1, 1, bias=False) for _ in range(count)]

    assert len(made(MOST_PARAMETERS)) == MOST_PARAMETERS
    with pytest.raises(UsageError, match="more than 5,000 tensors of weights"):
        made(10**30)
    assert len([nn.Linear(1, 1) for _ in range(MOST_PARAMETERS)]) == MOST_PARAMETERS


@pytest.mark.parametrize("count", [10**9, 10**30])
@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("discriminator.layers", ["--plugin", "pix2pix"]),
        ("generator.depth", ["--plugin", "pix2pix", "--generator", "unet"]),
        ("generator.blocks", ["--plugin", "cyclegan"]),
        ("generator.layers", ["--plugin", "gan"]),
        ("discriminator.layers", ["--plugin", "gan"]),
    ],
)
def test_a_number_of_layers_beyond_all_bounds_is_one_line(option, words, count):
    said = CliRunner().invoke(main, ["train", *words, "--data", "emoji", "-s", f"{option}={count}", "--dry-run"])
    assert said.exit_code != 0
    assert isinstance(said.exception, SystemExit)
    assert "Error: " in said.output.splitlines()[-1]
