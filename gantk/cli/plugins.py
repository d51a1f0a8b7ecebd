"""`gantk plugins`: what is installed, and what one plugin brings."""

import json
import re
import textwrap
from typing import Any

import click

from gantk.errors import PluginError
from gantk.plugins import source
from gantk.plugins.entrypoints import InstalledPlugin, find, installed
from gantk.plugins.extras import install_line
from gantk.plugins.hooks import part_hooks
from gantk.plugins.options import Option, options_of, type_name

_TITLES = {
    "recipe": "Recipes (gantk train --plugin NAME)",
    "generator": "Generators (--generator NAME)",
    "discriminator": "Discriminators (--discriminator NAME)",
    "loss": "Losses (--loss NAME)",
    "normalization": "Normalizations (--normalization NAME)",
    "dataset": "Data sets (--data NAME)",
    "metric": "Metrics (gantk evaluate RUN --metric NAME)",
}
_PREFIXES = {"recipe": "", "normalization": "normalization.ROLE.", "dataset": "data."}

_EXAMPLE = """\b
Examples:
  gantk plugins                     everything that is installed
  gantk plugins cyclegan            its paper, parts, and options
  gantk plugins ./my_generator.py   the same of a file
"""


@click.command(epilog=_EXAMPLE)
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")
def plugins(name: str | None, as_json: bool) -> None:
    """List the installed plugins, or show what one of them brings.

    NAME is an installed plugin, or a path of a .py file. Without it, no plugin is imported.
    """
    if name is not None:
        page = _page(find(name), name)
        click.echo(json.dumps(page, indent=2, default=str) if as_json else _page_text(page))
    elif as_json:
        click.echo(json.dumps([_entry(plugin) for plugin in installed().values()], indent=2))
    else:
        click.echo(_table([_entry(plugin) for plugin in installed().values()]))


def _entry(plugin: InstalledPlugin) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "summary": plugin.summary,
        "brings": [hook for hook in part_hooks() if hook in plugin.hooks],
        "answers": [hook for hook in plugin.hooks if hook not in part_hooks()],
        "distribution": plugin.distribution,
        "version": plugin.version,
        "module": plugin.module,
    }


def _table(entries: list[dict[str, Any]]) -> str:
    """Return the plugins under the first part that each brings."""
    formatter = click.HelpFormatter()
    width = max((len(entry["name"]) for entry in entries), default=0)
    for part in (*part_hooks(), None):
        rows = [
            (entry["name"].ljust(width), f"{entry['summary']}{_also(entry)}")
            for entry in entries
            if (entry["brings"][0] if entry["brings"] else None) == part
        ]
        if rows:
            with formatter.section(_TITLES.get(part or "", part.capitalize() if part else "Others (--plugin NAME)")):
                formatter.write_dl(rows)
    if not entries:
        return "No plugin is installed."
    return f"{formatter.getvalue().strip()}\n\nWhat one brings, and its options: gantk plugins NAME"


def _also(entry: dict[str, Any]) -> str:
    also = [*entry["brings"][1:], *entry["answers"]]
    return f" Also: {', '.join(also)}." if also else ""


def _page(plugin: InstalledPlugin, name: str) -> dict[str, Any]:
    """Return what there is to say of one plugin; without torch installed, that is all but its options."""
    from gantk.plugins.manager import load_plugins

    text = source.docstring(plugin.source) if plugin.source else ""
    page = {
        **_entry(plugin),
        "source": plugin.source,
        "docstring": text,
        "papers": [f"https://arxiv.org/abs/{number}" for number in re.findall(r"arXiv:\s*(\d{4}\.\d{4,5})", text)],
    }
    try:
        loaded = load_plugins([name])
    except PluginError as error:
        if not isinstance(error.__cause__, ImportError) or install_line(error.__cause__) is None:
            raise
        return {**page, "parts": [], "note": str(error)}
    factories = {part: loaded.factory(plugin.name, part) for part in part_hooks()}
    page["brings"] = [part for part, factory in factories.items() if factory]
    page["parts"] = [_part(part, factory, plugin.name) for part, factory in factories.items() if factory]
    return page


def _part(part: str, factory: Any, name: str) -> dict[str, Any]:
    described: dict[str, Any] = {"part": part, "factory": factory.__qualname__}
    if part == "recipe":
        described["kind"] = getattr(factory, "kind", None)
        described["defaults"] = {slot: name for slot, name in vars(factory.defaults).items() if name}
    if part in ("recipe", "loss"):
        described["settings"] = factory.settings.said()
    prefix = f"{name}." if part == "metric" else _PREFIXES.get(part, f"{part}.")
    described["options"] = [_option(prefix, option) for option in options_of(factory).values()]
    return described


def _option(prefix: str, option: Option) -> dict[str, Any]:
    return {
        "name": f"{prefix}{option.name}",
        "type": type_name(option.annotation),
        "default": option.default,
        "help": option.help,
    }


def _page_text(page: dict[str, Any]) -> str:
    formatter = click.HelpFormatter()
    formatter.write(f"{_wrapped(page['docstring'] or page['name'], formatter.width)}\n")
    formatter.write_paragraph()
    came_from = f"{page['distribution']} {page['version']} ({page['module']})" if page["distribution"] else ""
    facts = {
        "Paper": ", ".join(dict.fromkeys(page["papers"])),
        "Installed by": came_from,
        "Source": str(page["source"] or ""),
        "Brings": ", ".join(page["brings"]),
        "Answers": ", ".join(page["answers"]),
        "Options": page.get("note", ""),
    }
    formatter.write_dl([(title, fact) for title, fact in facts.items() if fact])
    for part in page["parts"]:
        with formatter.section(f"{part['part'].capitalize()} {part['factory']}"):
            rows = [
                (name.capitalize(), _fact(part[name])) for name in ("kind", "defaults", "settings") if part.get(name)
            ]
            rows += [
                (f"-s {option['name']}={_shown(option['default'])}", f"{option['help']} [{option['type']}]".strip())
                for option in part["options"]
            ]
            formatter.write_dl(rows or [("(no options)", "")])
    return formatter.getvalue().rstrip()


def _fact(fact: Any) -> str:
    if isinstance(fact, dict):
        return ", ".join(f"{name} {_shown(value)}" for name, value in fact.items())
    return " or ".join(fact) if isinstance(fact, tuple) else str(fact)


def _shown(value: Any) -> str:
    """Return a value as it is written after `-s NAME=`."""
    if isinstance(value, dict):
        return ", ".join(f"{key}={item}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ",".join(str(item) for item in value)
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return "varies" if callable(value) else str(value)


def _wrapped(text: str, width: int) -> str:
    """Return a docstring with its paragraphs wrapped; indented ones and lists stay as they are."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(
        paragraph if re.search(r"^[ \t*-]", paragraph, re.MULTILINE) else textwrap.fill(paragraph, width)
        for paragraph in paragraphs
    )
