"""`gantk data`: which data sets there are, and what folders hold."""

import json
from collections.abc import Iterable, Sequence

import click

from gantk.cli.direction import direction_option
from gantk.cli.output import say

EPILOG = """\b
Examples:
  gantk data                                   the data sets that can be named
  gantk data emoji                             what one of them holds
  gantk data photos/                           how a folder will be read, and what is wrong with it
  gantk data horses/ zebras/                   the same of two domains
  gantk data facades/ --direction b_to_a       ... its pairs, of which the right side is translated
  gantk data photos/ -s data.layout=plain      ... when read otherwise
"""


@click.command(epilog=EPILOG)
@click.argument("data", metavar="[NAME|PATH]...", nargs=-1)
@click.option("-s", "--set", "sets", multiple=True, metavar="data.NAME=VALUE", help="How to read it, as for train.")
@direction_option
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
def data(data: tuple[str, ...], sets: tuple[str, ...], direction: str | None, as_json: bool) -> None:
    """Show which data sets there are, or what folders hold, how they are read, and what is wrong with them.

    Every image is looked at. Ends with exit status 1 where something is wrong that would stop training.
    """
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
