"""`gantk invert`: the latent vectors of pictures, found for a run's generator."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gantk.cli import inputs
from gantk.cli.outcomes import shown
from gantk.cli.output import say
from gantk.cli.step import Said, chosen_step, step_option
from gantk.errors import DataError, GantkError, UsageError, without_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gantk.data.dataset import Array
    from gantk.runtime.ports import Port

EPILOG = """\b
Examples:
  gantk invert runs/dcgan-emoji coin.png -o coin.npz
  gantk generate generator.onnx --latent coin.npz --traverse "latent[5]" -n 1 -o edits.png
  gantk generate generator.onnx --latent coin.npz --walk 7 -o walk.webp
  gantk invert runs/stylegan2-emoji faces/ -o faces.npz --steps 1000
"""


@click.command(epilog=EPILOG)
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A .npz file of the vectors; beside it a .png: each picture, and what is made of its vector.",
)
@click.option("--graph", metavar="NAME", help="Which generator.  [default: the first; of styles that which takes them]")
@inputs.label
@inputs.scalar
@inputs.caption
@click.option("--steps", default=500, show_default=True, type=click.IntRange(4), help="Moves of a vector.")
@click.option(
    "--starts", default=8, show_default=True, type=click.IntRange(1, 64), help="Vectors that are tried first."
)
@click.option("--seed", default=0, show_default=True, type=inputs.SEED, help="What these follow from.")
@step_option("Which checkpoint", least=1)
@click.option("--plugin", "plugins", multiple=True, metavar="FILE", help="Where a plugin file of the run is now.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
def invert(
    run: Path,
    images: tuple[Path, ...],
    out: Path,
    graph: str | None,
    labels: tuple[str, ...],
    scalars: tuple[str, ...],
    captions: tuple[str, ...],
    steps: int,
    starts: int,
    seed: int,
    step: Said,
    plugins: tuple[str, ...],
    device: str,
) -> None:
    """Find the latent vectors of which a run's generator makes the most like some pictures.

    The vectors are found by gradient descent, so a run is needed, not its export. What is found goes to an .npz file
    that `gantk generate --latent` takes with the exported model, to go on from there.
    """
    from gantk.install_lines import require_training

    require_training("gantk invert")
    if out.suffix.lower() != ".npz":
        raise UsageError(f"{out}: vectors are written to a .npz file")
    import numpy as np
    import torch

    from gantk.evaluation.inversion import Inverter
    from gantk.plan.device import choose_device
    from gantk.plan.protocol import graphs_of
    from gantk.runtime.files import image_files, written_aside
    from gantk.runtime.latents import latents_as_bytes
    from gantk.text import pasted
    from gantk.training.trained import load_trained

    told = partial(say, err=True)
    trained = load_trained(run, chosen_step(run, step, told), plugins, told)
    inverter = Inverter(
        trained,
        graphs_of(trained.recipe, trained.images),
        graph=graph,
        said=lambda card: inputs.said(card, labels, scalars, captions=captions),
        steps=steps,
        starts=starts,
        seed=seed,
        device=choose_device(device),
    )
    files = list(image_files(images))
    read = dict(_read(files, inverter.card.image_out, trained.sides))
    if not read:
        raise GantkError("none of the images can be read")
    pictures = torch.from_numpy(np.stack(list(read.values())))
    with shown(inverter.inverses(pictures), inverter.length(pictures), "inverting") as coming:
        inverses = [inverse for inverse in coming if inverse is not None]
    for file, inverse in zip(read, inverses, strict=True):
        say(f"{file}: PSNR {inverse.psnr:.1f} dB")
    with written_aside(out) as aside:
        names = inverses[0].values
        rows = {name: np.concatenate([inverse.values[name] for inverse in inverses]) for name in names}
        aside.write_bytes(latents_as_bytes(rows))
    pairs = torch.stack([pictures, torch.stack([inverse.image for inverse in inverses])], 1).flatten(0, 1)
    how = out.with_suffix(".png")
    _show(pairs.numpy(), inverter.card.image_out, how)
    say(f"vectors of {len(read)} image{'s' if len(read) > 1 else ''} written to {out}; what is made of them: {how}")
    model = run / "exports" / f"{inverter.name}.onnx"
    if not model.exists():
        say(f"first:  {pasted('gantk', 'export', run, '--graph', inverter.name)}")
    say(f"go on:  {pasted('gantk', 'generate', model, '--latent', out, '-o', 'again.png')}")
    if len(read) < len(files):
        raise GantkError(f"{len(files) - len(read)} of {len(files)} images cannot be read")


def _read(files: Sequence[Path], port: Port, sides: tuple[int, int]) -> Iterator[tuple[Path, Array]]:
    """Yield the images as a generator makes them: float32 (C, H, W) in [-1, 1]; name those that cannot be read."""
    from gantk.runtime.fitted import fitted
    from gantk.runtime.inputs import values_of

    for file in files:
        try:
            yield file, port.to_tensor(fitted(values_of(file, port)[0], sides)[None])[0]
        except DataError as error:
            say(f"skipped {file}: {without_name(error, file)}", err=True)


def _show(images: Array, port: Port, path: Path) -> None:
    """Write images (N, C, H, W) as a sheet of pairs, where a picture can hold them."""
    from gantk.runtime.files import written_aside
    from gantk.runtime.images import is_picture, pixels_to_picture, write
    from gantk.runtime.sheets import sheet

    pixels = port.to_pixels(port.from_tensor(images))
    if is_picture(pixels):
        with written_aside(path) as aside:
            write(pixels_to_picture(sheet(pixels, port.window[1], 2)), aside, "PNG")
