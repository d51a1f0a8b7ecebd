"""`gantk plugin`: what the author of a plugin needs."""

import click

from gantk.cli.named import named_value
from gantk.cli.plugin_new import new

_EXAMPLE = """\b
Examples:
  gantk plugin check ./my_generator.py                          everything that a plugin owes
  gantk plugin check dilated --only gradients --only export     two of the checks
  gantk plugin check my-recipe -s generator.filters=8           smaller networks, which are checked faster
  gantk plugin check --list                                     what is checked
"""


@click.group()
def plugin() -> None:
    """Begin a plugin of your own, and check it."""


plugin.add_command(new)


@plugin.command(epilog=_EXAMPLE)
@click.argument("name", required=False, metavar="[NAME_OR_FILE]")
@click.option("--list", "listed", is_flag=True, help="Show every check and what it shows, and make none.")
@click.option("--only", multiple=True, metavar="CHECK", help="Make this check alone; may be repeated.")
@click.option(
    "-s",
    "--set",
    "sets",
    multiple=True,
    metavar="NAME=VALUE",
    help="An option of the plugin's parts, as of gantk train, such as generator.filters=8.",
)
@click.option("--data", multiple=True, metavar="NAME|PATH", help="Images to train on; default: those that come along.")
def check(name: str | None, listed: bool, only: tuple[str, ...], sets: tuple[str, ...], data: tuple[str, ...]) -> None:
    """Check whatever a plugin brings, and show a line and a reason for each check.

    NAME_OR_FILE is an installed plugin, or the path of a .py file. The exit status is 1 where a check fails. See
    docs/plugin-check.md.
    """
    from gantk.testing.checks import CHECKS

    if listed:
        formatter = click.HelpFormatter()
        formatter.write_dl([(one.name, f"{one.shows} [{', '.join(one.hooks) or 'every plugin'}]") for one in CHECKS])
        click.echo(formatter.getvalue().rstrip())
        return
    if name is None:
        raise click.UsageError("say which plugin: gantk plugin check NAME_OR_FILE; --list shows the checks")
    from gantk.testing.suite import Checker

    with Checker() as checker:
        report = checker.check(
            name,
            only=only or None,
            options=dict(named_value(item) for item in sets),
            data=data,
            say=click.echo,
        )
    click.echo(report.summary)
    if not report.passed:
        raise click.exceptions.Exit(1)
