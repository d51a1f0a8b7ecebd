"""What a command says: lines in which nothing from elsewhere steers the terminal."""

import click

from gantk.text import printable, printable_lines


def say(text: object, *, err: bool = False) -> None:
    """Print one line, on standard error where it is about the work and not its result."""
    click.echo(printable(text), err=err)


def say_lines(text: object, *, err: bool = False) -> None:
    """Print a text of several lines, such as a table."""
    click.echo(printable_lines(text), err=err)
