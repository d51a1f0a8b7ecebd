"""`gantk import`: checkpoints of the field's reference implementation as a run."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gantk.cli.output import say
from gantk.install_lines import require_training
from gantk.text import pasted

if TYPE_CHECKING:
    from gantk_exports.reference_networks import Gathered, Statistics

EPILOG = """\b
Examples:
  gantk import checkpoints/horse2zebra --as cyclegan
  gantk import latest_net_G.pth --as cyclegan --direction b_to_a --out runs/zebra2horse
  gantk import checkpoints/maps --as pix2pix --data maps/ && gantk train --resume runs/pix2pix-maps
"""


@click.command("import", epilog=EPILOG)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option(
    "--as", "plugin", type=click.Choice(["cyclegan", "pix2pix"]), required=True, help="What the files were trained as."
)
@click.option(
    "--norm",
    type=click.Choice(["instance", "batch", "none"]),
    help="Normalization, where the files cannot tell instance from none.  [default: as their tensors say]",
)
@click.option(
    "--statistics",
    type=click.Choice(["running", "image"]),
    help="What batch norm reads in an export: the averages of its training, as the reference's --eval, or each image's "
    "own statistics, as its test.py without it.  [default: running for cyclegan, image for pix2pix]",
)
@click.option(
    "--generator",
    type=click.Choice(["resnet", "unet"]),
    help="Refuse another generator than this.  [default: as the tensors say]",
)
@click.option(
    "--direction",
    type=click.Choice(["a_to_b", "b_to_a"]),
    help="Which way a CycleGAN's single generator translates.  [default: as its file's name says, else a_to_b]",
)
@click.option(
    "--epoch", default="latest", show_default=True, metavar="NAME", help="Which of a folder's EPOCH_net_*.pth are read."
)
@click.option(
    "--data",
    multiple=True,
    metavar="NAME|PATH",
    help="The images to train on with --resume, as gantk train takes them.",
)
@click.option(
    "--size",
    type=click.IntRange(1),
    help="Height and width in pixels to train on.  [default: 256, or where a U-Net ends in one pixel]",
)
@click.option("--out", type=click.Path(path_type=Path), help="The run's folder; default: a new one under runs/.")
def import_reference(
    files: tuple[Path, ...],
    plugin: str,
    norm: str | None,
    statistics: "Statistics | None",
    generator: str | None,
    direction: str | None,
    epoch: str,
    data: tuple[str, ...],
    size: int | None,
    out: Path | None,
) -> None:
    """Make a run of networks that pytorch-CycleGAN-and-pix2pix trained: its .pth files, or folders of them.

    The networks' architecture is read from the tensors. Files are read as numbers alone: nothing in them is run.
    """
    require_training("gantk import")
    from gantk_exports.imported import import_run
    from gantk_exports.reference_files import chosen_files, read_checkpoint
    from gantk_exports.reference_networks import gather

    checkpoints = [read_checkpoint(path, norm) for path in chosen_files(files, epoch)]
    gathered = gather(plugin, checkpoints, generator, direction)
    statistics = statistics or gathered.statistics
    run = import_run(gathered, list(data), size, statistics, out, say=say)
    for line in _told(gathered, statistics):
        say(line)
    say(f"next: {pasted('gantk', 'export', run.path)}")
    again = pasted("--resume", run.path)
    anew = f"{pasted('--config', run.path / 'config.yaml', '--init', run.path)} --data IMAGES --out NEW-RUN"
    say(f"to train on: gantk train {again if data else anew}")


def _told(gathered: "Gathered", statistics: "Statistics") -> list[str]:
    """Return what became of the files, a line a network."""
    from gantk_exports.reference_weights import unread

    lines = {name: f"{held.path.name}: {held.architecture.title}" for name, held in gathered.networks.items()}
    lines |= dict.fromkeys(gathered.new, "in no file: new, untrained weights")
    width = max(map(len, lines))
    told = [f"{name:<{width}}  {line}" for name, line in lines.items()]
    if any(unread(held.architecture, held.state) for held in gathered.networks.values()):
        told.append("note: the running averages of instance norms are left out, as the reference's own loading does")
    generator = gathered.generator
    batch = generator.architecture.normalization == "batch"
    if batch:
        read = {"running": "the averages of its training", "image": "each image's own statistics"}
        (other,) = read.keys() - {statistics}
        told.append(f"note: once exported, batch norm reads {read[statistics]}; --statistics {other}: {read[other]}")
    if (
        gathered.plugin == "cyclegan"
        and batch
        and generator.architecture.plugin == "unet"
        and generator.name in ("", "G")
    ):
        told.append("note: a U-Net with batch norm is what pix2pix has by default; if this is one, say --as pix2pix")
    if gathered.new:
        told.append(
            "note: a new network's graph is not exported, and a training that goes on starts it from nothing: the "
            "others may lose what they have learned while it learns"
        )
    return told
