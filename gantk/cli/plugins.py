"""`gantk plugins`: what is installed, and what one plugin brings."""

import json
import re
import textwrap
from typing import Any

import click

from gantk.cli.output import say_lines
from gantk.cli.plugin_pages import entry_of, page_of, tricks_of
from gantk.errors import UsageError
from gantk.plugins.entrypoints import find, installed
from gantk.plugins.kinds import KINDS

_EXAMPLE = """\b
Examples:
  gantk plugins                     everything that is installed
  gantk plugins cyclegan            its paper, parts, and options
  gantk plugins ./my_generator.py   the same of a file
  gantk plugins cyclegan --combinations
                                    and the parts that it can be trained with
  gantk plugins --tricks            which recipe takes which trick of training
  gantk plugins cyclegan --tricks   the same of one recipe, with reasons
"""


@click.command(epilog=_EXAMPLE)
@click.argument("name", required=False)
@click.option(
    "--combinations",
    is_flag=True,
    help="Of a recipe: which installed parts can stand in for its own, and why others cannot. Takes seconds.",
)
@click.option(
    "--tricks",
    is_flag=True,
    help="Which recipes take which tricks of training, found by building them; docs/tricks.md says what each does.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, for other programs; docs/new-plugin.md has its keys."
)
def plugins(name: str | None, combinations: bool, tricks: bool, as_json: bool) -> None:
    """List the installed plugins, or show what one of them brings.

    NAME is an installed plugin, or a path of a .py file. Without it, no plugin is imported.
    """
    if combinations and name is None:
        raise UsageError("--combinations is for one recipe: gantk plugins NAME --combinations")
    if tricks:
        found_tricks = tricks_of(name)
        say_lines(json.dumps(found_tricks, indent=2) if as_json else _tricks(found_tricks, reasons=name is not None))
        return
    if name is not None:
        found = find(name)
        if combinations and "recipe" not in found.hooks:
            raise UsageError(f"--combinations is for recipes: {name} brings {', '.join(found.hooks) or 'no part'}")
        page = page_of(found, name, combinations)
        say_lines(json.dumps(page, indent=2, default=_said) if as_json else _page_text(page))
    elif as_json:
        say_lines(json.dumps([entry_of(plugin) for plugin in installed().values()], indent=2))
    else:
        say_lines(_table([entry_of(plugin) for plugin in installed().values()]))


def _table(entries: list[dict[str, Any]]) -> str:
    """Return a line for each plugin, under the first part that it brings; recipes stand in families."""
    if not entries:
        return "No plugin is installed."
    formatter = click.HelpFormatter()
    column = max(len(entry["name"]) for entry in entries)
    for part in (*KINDS, None):
        shown = [entry for entry in entries if (entry["brings"] or [None])[0] == part]
        others = [entry["name"] for entry in entries if part in entry["brings"][1:]]
        families: dict[str, list[tuple[str, str]]] = {}
        for entry in shown:
            line = _line(entry, formatter.width - column - 4)
            family = entry["family"].rstrip(".") if part == "recipe" else ""
            families.setdefault(family, []).append((entry["name"].ljust(column), line))
        if others:
            families.setdefault("", []).append(("also by".ljust(column), ", ".join(others)))
        for family, rows in families.items():
            with formatter.section(_title(part, family)):
                formatter.write_dl(rows)
    return f"{formatter.getvalue().strip()}\n\nWhat one brings, and its options: gantk plugins NAME"


def _tricks(found: dict[str, dict[str, Any]], *, reasons: bool) -> str:
    """Return the tricks that each recipe takes; with reasons, also why it takes no other."""
    rows = [
        (recipe, ", ".join(_with(trick, one) for trick, one in by_trick.items() if one["kinds"]) or "none")
        for recipe, by_trick in found.items()
    ]
    if reasons:
        rows += [
            (f"not {trick}", one["reason"])
            for one_of in found.values()
            for trick, one in one_of.items()
            if one["reason"]
        ]
        return _in_columns(rows)
    closing = "Why a recipe takes no other: gantk plugins NAME --tricks. What each does: docs/tricks.md"
    return f"{_in_columns(rows)}\n\n{closing}"


def _in_columns(rows: list[tuple[str, str]]) -> str:
    column, width = max(len(name) for name, _ in rows) + 2, click.HelpFormatter().width
    return "\n".join(
        textwrap.fill(
            text, width, initial_indent=name.ljust(column), subsequent_indent=" " * column, break_on_hyphens=False
        )
        for name, text in rows
    )


def _with(trick: str, one: dict[str, Any]) -> str:
    return f"{trick} ({' or '.join(one['kinds'])})" if one["reason"] else trick


def _title(part: str | None, family: str) -> str:
    if family:
        return f"{family} (--plugin NAME)"
    return KINDS[part].title if part else "Others (--plugin NAME)"


def _line(entry: dict[str, Any], width: int) -> str:
    """Return what a plugin is in one line, with its paper's authors and year where there is room, and what it answers.

    A name that opens it, as "CUT: ...", is left out, since it stands before the line.
    """
    what, opening, cited = entry["summary"].rstrip(".").partition(" (")
    head, colon, rest = what.partition(": ")
    if colon and _plain(head) == _plain(entry["name"]):
        what = rest
    authors = re.split(", arXiv:|, doi:", cited.rstrip(")"))[0]
    year = re.search(r"\b(19|20)\d\d\b", authors)
    papers = [f" ({authors})", f" ({year[0]})" if year else ""] if opening else [""]
    paper = next((paper for paper in papers if len(what) + len(paper) <= width), papers[-1])
    besides = f" Also: {', '.join(entry['answers'])}." if entry["answers"] else ""
    foreign = "" if entry["fits"] else f" (Written for another hook API: {entry['gantk_api']}.)"
    shown = textwrap.shorten(what, width - len(paper), placeholder=" …", break_on_hyphens=False)
    return shown + paper + besides + foreign


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _page_text(page: dict[str, Any]) -> str:
    formatter = click.HelpFormatter()
    formatter.write(f"{_wrapped(page['docstring'] or page['name'], formatter.width)}\n")
    formatter.write_paragraph()
    came_from = f"{page['distribution']} {page['version']} ({page['module']})" if page["distribution"] else ""
    facts = {
        "Paper": ", ".join(page["papers"]),
        "Installed by": came_from,
        "Source": str(page["source"] or ""),
        "Brings": ", ".join(page["brings"]),
        "Answers": ", ".join(page["answers"]),
        "Hook API": page["gantk_api"] or "",
        "Options": page["note"],
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
    if page["combinations"]:
        with formatter.section(
            f"Combines with (one part replaced, networks built for {page['combinations']['size']} px)"
        ):
            formatter.write_dl(_combined(page["combinations"]["slots"]) or [("(no parts to replace)", "")])
    elif "recipe" in page["brings"] and page["parts"]:
        formatter.write_paragraph()
        named = page["name"] if page["distribution"] else page["source"]
        formatter.write_text(f"What it can be combined with: gantk plugins {named} --combinations")
    return formatter.getvalue().rstrip()


def _combined(slots: dict[str, Any]) -> list[tuple[str, str]]:
    """Return a row for each slot with the plugins that it takes, and one for each reason with those that it refuses."""
    rows = []
    for slot, tried in slots.items():
        rows.append((slot, ", ".join(tried["accepts"]) or "nothing"))
        reasons = dict.fromkeys(tried["refuses"].values())
        for reason in reasons:
            names = ", ".join(name for name, said in tried["refuses"].items() if said == reason)
            rows.append(("", f"not {names}: {reason}"))
    return rows


def _said(value: Any) -> str:
    """Return a value that JSON has no word for."""
    return "varies" if callable(value) else str(value)


def _fact(fact: Any) -> str:
    if isinstance(fact, dict):
        return ", ".join(f"{name} {_shown(value)}" for name, value in fact.items())
    return " or ".join(fact) if isinstance(fact, tuple) else str(fact)


def _shown(value: Any) -> str:
    """Return a value as it is written after `-s NAME=`."""
    if isinstance(value, dict) and "name" in value:  # a schedule
        return f"{{{', '.join(f'{key}: {_shown(item)}' for key, item in value.items())}}}"
    if isinstance(value, dict):
        return ", ".join(f"{key}={_shown(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ",".join(_shown(item) if isinstance(item, dict) else str(item) for item in value)
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return _said(value)


def _wrapped(text: str, width: int) -> str:
    """Return a docstring with its paragraphs wrapped; indented ones and lists stay as they are."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(
        paragraph if re.search(r"^[ \t*-]", paragraph, re.MULTILINE) else textwrap.fill(paragraph, width)
        for paragraph in paragraphs
    )
