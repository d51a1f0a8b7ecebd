"""`gantk data`: which data sets there are, and what folders hold."""

import json
from collections.abc import Iterable, Sequence

import click

from gantk.cli.byte_size import ByteSize
from gantk.cli.direction import direction_option
from gantk.cli.output import say
from gantk.text import bytes_said

EPILOG = """\b
Examples:
  gantk data                                   the data sets that can be named
  gantk data emoji                             what one of them holds
  gantk data photos/                           how a folder will be read, and what is wrong with it
  gantk data horses/ zebras/                   the same of two domains
  gantk data facades/ --direction b_to_a       ... its pairs, of which the right side is translated
  gantk data photos/ -s data.layout=plain      ... when read otherwise
  gantk data --cache                           the room that decoded images take, and where
  gantk data --cache --at-most 5GB             ... less: those that were used longest ago are deleted
"""


@click.command(epilog=EPILOG)
@click.argument("data", metavar="[NAME|PATH]...", nargs=-1)
@click.option("-s", "--set", "sets", multiple=True, metavar="data.NAME=VALUE", help="How to read it, as for train.")
@direction_option
@click.option("--cache", is_flag=True, help="Show the room that decoded images take, instead.")
@click.option(
    "--at-most",
    type=ByteSize(),
    metavar="SIZE",
    help="With --cache: delete decoded images above so much, oldest first.",
)
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
def data(
    data: tuple[str, ...],
    sets: tuple[str, ...],
    direction: str | None,
    cache: bool,
    at_most: int | None,
    as_json: bool,
) -> None:
    """Show which data sets there are, or what folders hold, how they are read, and what is wrong with them.

    Every image is looked at. Ends with exit status 1 where something is wrong that would stop training.
    """
    if cache or at_most is not None:
        if not cache or data or sets or direction:
            raise click.UsageError("--cache stands alone, or with --at-most SIZE")
        _show_cache(at_most, as_json)
        return
    if not data:
        _list_data_sets(as_json)
        return
    from gantk.cli.data_report import show_folders, show_named
    from gantk.data.folder_dataset import FolderDataset
    from gantk.plan.open_data import data_option_names, open_data
    from gantk.runs.config import Config

    said = dict(_pair(item) for item in sets) | ({"data.direction": direction} if direction else {})
    config = Config(data=list(data), set=said)
    _check_names(config.set, data_option_names(config))
    dataset = open_data(config)
    if isinstance(dataset, FolderDataset):
        show_folders(dataset, as_json)
    else:
        show_named(dataset, as_json)


def _show_cache(at_most: int | None, as_json: bool) -> None:
    from gantk.data.cached_files import cache_parts, make_room
    from gantk.data.storage import cache_folder

    if at_most is not None:
        count, freed = make_room(at_most)
        say(f"deleted {count} file{'' if count == 1 else 's'} of decoded images, {bytes_said(freed)}", err=True)
    parts = cache_parts()
    if as_json:
        listed = [{"name": part.name, "files": part.files, "bytes": part.bytes} for part in parts]
        click.echo(json.dumps({"folder": str(cache_folder()), "parts": listed}, indent=2))
        return
    say(str(cache_folder()))
    for part in parts:
        say(f"  {part.name:<9} {part.files:>7,} files {bytes_said(part.bytes):>9}  {part.holds}")


def _list_data_sets(as_json: bool) -> None:
    from gantk.plugins.entrypoints import installed

    found = {name: plugin.summary for name, plugin in installed().items() if "dataset" in plugin.hooks}
    if as_json:
        click.echo(json.dumps([{"name": name, "summary": summary} for name, summary in found.items()], indent=2))
        return
    width = max(map(len, found), default=0)
    for name, summary in found.items():
        say(f"{name:<{width}}  {summary}")
    say(f"{'' if found else 'No data set is installed. '}Folders of your own are named by their path.", err=True)


def _pair(item: str) -> tuple[str, str]:
    name, equals, value = item.partition("=")
    if not equals or not name:
        raise click.UsageError(f"-s {item}: say data.NAME=VALUE, such as -s data.hold_out=0.2")
    return name, value


def _check_names(said: Iterable[str], names: Sequence[str]) -> None:
    from gantk.text import nearest

    for name in said:
        if name not in names:
            raise click.UsageError(f"there is no option {name}{nearest(name, names)}")
