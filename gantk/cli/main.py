"""The command `gantk`: a group whose commands are found through entry points and imported when they are called."""

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import EntryPoint
from typing import Any

import click

import gantk
from gantk.cli.interrupts import answered_interrupts
from gantk.cli.output import say, say_lines
from gantk.cli.streams import guarded_streams
from gantk.errors import GantkError, PluginError, Unsupported, one_line
from gantk.install_lines import install_line
from gantk.packages import entries, hide_damaged
from gantk.runtime.telemetry import switch_off
from gantk.text import nearest, printable

_EXAMPLE = """\b
Example:
  gantk train --plugin cyclegan           train on the images that come along
  gantk plugins                           see what else can be trained
  gantk export runs/cyclegan-emoji        write what was trained as ONNX
  gantk translate model.onnx in/ -o out/  run it, without PyTorch
"""


class BrokenCommand(click.Command):
    """A command of an installed package that cannot be loaded: listed with the reason, and failing with it."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, short_help=f"(broken: {reason})", add_help_option=False)
        self.reason = reason

    def make_context(self, *_arguments: Any, **_options: Any) -> click.Context:
        raise PluginError(f"command {self.name}: {self.reason}")


class Commands(click.Group):
    """Lists the commands of the entry-point group `gantk.commands`, and imports the one that is called."""

    @cached_property
    def entries(self) -> Mapping[str, list[EntryPoint]]:
        """The entry points by the command's name; more than one where packages disagree."""
        found: dict[str, list[EntryPoint]] = {}
        for entry in sorted(entries("gantk.commands"), key=lambda entry: entry.name):
            found.setdefault(entry.name, []).append(entry)
        return found

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.entries)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return a command, imported; one that cannot be imported is a BrokenCommand."""
        found = self.entries.get(name)
        if found is None:
            return None
        if len(found) > 1:
            packages = " and ".join(f"{entry.dist.name if entry.dist else '?'} ({entry.value})" for entry in found)
            return BrokenCommand(name, f"two installed packages bring it: {packages}; uninstall one")
        try:
            command = found[0].load()
        except Exception as error:
            install = install_line(error, name) if isinstance(error, ImportError) else None
            hint = f"; it comes with: {install}" if install else ""
            return BrokenCommand(name, f"{found[0].value} cannot be imported: {one_line(error)}{hint}")
        if not isinstance(command, click.Command):
            return BrokenCommand(name, f"{found[0].value} is not a click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command with its whole first sentence, which click would cut at the end of the line."""
        rows = [(name, self.get_command(ctx, name)) for name in self.entries]
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(1000)) for name, command in rows if command])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.entries and not args[0].startswith("-"):
            raise click.UsageError(f"no command is called {args[0]!r}{nearest(args[0], self.entries)}", ctx)
        return super().resolve_command(ctx, args)

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run as a program; neither the encoding nor the readers of its output can end it."""
        # Whatever a command, or a plugin, imports.
        switch_off()
        # What decoders say of odd files gantk says itself. For all threads, since none can do it for itself alone.
        warnings.filterwarnings("ignore", module=r"PIL\b")
        with guarded_streams(), answered_interrupts():
            for note in hide_damaged():
                say(f"note: {note}", err=True)
            return super().main(*arguments, **options)

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        with _printable():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; whatever a user can mend ends it with one message and no traceback."""
        try:
            with _printable():
                return super().invoke(ctx)
        except GantkError as error:
            if error.__cause__ and os.environ.get("GANTK_TRACE", "0") not in ("", "0"):
                import traceback

                say_lines("".join(traceback.format_exception(error.__cause__)).rstrip(), err=True)
            say_lines(f"Error: {error}{_instead(error)}", err=True)
            raise click.exceptions.Exit(error.exit_code) from error
        except OSError as error:
            # A name that is too long, a disk that is full: wherever it is met, the system says which file, and why.
            if error.filename is None or error.strerror is None:
                raise
            say(f"Error: {error.filename}: {error.strerror}", err=True)
            raise click.exceptions.Exit(1) from error
        except ImportError as error:
            install = install_line(error, ctx.invoked_subcommand or "")
            if install is None:
                raise
            raise click.ClickException(
                f"gantk {ctx.invoked_subcommand} needs {error.name}, which is not installed: {install}"
            ) from error
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
            raise click.exceptions.Exit(130) from None


def _instead(error: GantkError) -> str:
    if not isinstance(error, Unsupported):
        return ""
    from gantk.plugins.alternatives import alternatives
    from gantk.plugins.selection import UnsupportedPart

    return alternatives(error) if isinstance(error, UnsupportedPart) else ""


@contextmanager
def _printable() -> Iterator[None]:
    """Make what click says of wrong use safe to show, which repeats what was typed."""
    try:
        yield
    except click.ClickException as error:
        error.message = printable(error.message)  # type: ignore[misc]
        raise


@click.group(cls=Commands, epilog=_EXAMPLE, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(gantk.__version__, prog_name="gantk")
def main() -> None:
    """Train image-translation networks and GANs, and run them anywhere as ONNX."""
