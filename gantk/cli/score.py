"""`gantk score`: the number that an exported model gives each image file."""

from pathlib import Path
from typing import Any

import click

from gantk.cli.inputs import ModelCommand
from gantk.cli.inputs import inputs as further_inputs
from gantk.cli.model_path import MODEL
from gantk.cli.tables import tabulate

EPILOG = """\b
Example:
  gantk score energy.onnx photos/
  gantk score energy.onnx photos/ --sort | tail    the most unusual images
  gantk score energy.onnx photos/ -o energies.csv
"""


@click.command(cls=ModelCommand, epilog=EPILOG)
@click.argument("model", type=MODEL)
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="A .csv, .npz or .npy file.  [default: CSV on standard output]"
)
@click.option("--sort", "ordered", is_flag=True, help="Lowest first.  [default: in the order of the inputs]")
@click.option(
    "--batch-size", default=16, show_default=True, type=click.IntRange(min=1), help="Images of one size run together."
)
@further_inputs
def score(
    model: Path, inputs: tuple[Path, ...], out: Path | None, ordered: bool, batch_size: int, **further: Any
) -> None:
    """Write the scores of images, and of the images in folders, with a model that `gantk export` wrote.

    MODEL is its file, or gantk:NAME of `gantk models`. A row an image, `file,energy`: what the number is says the
    model's plugin. An image that cannot be read is named and skipped. Needs no PyTorch.
    """
    tabulate(model, "score", inputs, out, batch_size, ordered=ordered, **further)
