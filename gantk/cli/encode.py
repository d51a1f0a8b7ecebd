"""`gantk encode`: the vectors that an exported encoder gives for image files."""

from pathlib import Path
from typing import Any

import click

from gantk.cli.inputs import ModelCommand
from gantk.cli.inputs import inputs as further_inputs
from gantk.cli.model_path import MODEL
from gantk.cli.tables import tabulate

EPILOG = """\b
Example:
  gantk encode encoder.onnx photos/ -o vectors.csv
  gantk encode encoder.onnx photos/ -o vectors.npz    np.load("vectors.npz")["file"], ...
  gantk encode q.onnx digit.png                       CSV on standard output
"""


@click.command(cls=ModelCommand, epilog=EPILOG)
@click.argument("model", type=MODEL)
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="A .csv, .npz or .npy file.  [default: CSV on standard output]"
)
@click.option(
    "--batch-size", default=16, show_default=True, type=click.IntRange(min=1), help="Images of one size run together."
)
@further_inputs
def encode(model: Path, inputs: tuple[Path, ...], out: Path | None, batch_size: int, **further: Any) -> None:
    """Write the vectors of images, and of the images in folders, with an encoder that `gantk export` wrote.

    MODEL is its file, or gantk:NAME of `gantk models`. A row an image, in their order, with the file's name in the
    column `file`; a vector `latent` is in the columns latent[0], latent[1], ... of a CSV file, and one array of an .npz
    or .npy file. An image that cannot be read is named and skipped. Needs no PyTorch.
    """
    tabulate(model, "encode", inputs, out, batch_size, **further)
