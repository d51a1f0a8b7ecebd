"""`gantk plugin new`: a plugin to start from, as a package or as one file."""

import keyword
import re
import sys
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from string import Template

import click

import gantk
from gantk.cli.scaffold import TEMPLATES, docstring_of, module_text
from gantk.errors import UsageError
from gantk.install_lines import editable_line
from gantk.plugins.entrypoints import default, installed
from gantk.plugins.hooks import hook_arguments
from gantk.plugins.kinds import CHOSEN, KINDS
from gantk.text import nearest

_LONGEST = 40

_EXAMPLE = """\b
Examples:
  gantk plugin new stripes                            a recipe, as the package gantk-stripes/
  gantk plugin new stripes --brings recipe,generator  a recipe and the generator that it uses
  gantk plugin new soft_labels --brings loss --single one file, soft_labels.py
"""


@click.command(epilog=_EXAMPLE)
@click.argument("name")
@click.option(
    "--brings",
    multiple=True,
    default=["recipe"],
    show_default=True,
    metavar="PART,...",
    help=f"Which parts: {', '.join(KINDS)}.",
)
@click.option("--single", is_flag=True, help="Write one .py file, which is used by its path, instead of a package.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    metavar="DIR",
    help="The folder in which it is written.  [default: this one]",
)
def new(name: str, brings: tuple[str, ...], single: bool, out: Path) -> None:
    """Write a plugin that works as it stands, to change into yours.

    Each part is a small one from a paper. A package also gets a test that checks it, a README, a licence, and a
    workflow for GitHub. See docs/new-plugin.md.
    """
    parts = _parts(",".join(brings))
    if single:
        written = _write_file(name, parts, out)
        used, install = f"./{written}" if not written.is_absolute() else str(written), ""
    else:
        written = _write_package(name, parts, out)
        used, install = name, f"  {editable_line(written)}\n"
    click.echo(f"{written} brings {', '.join(parts)}. Next:")
    click.echo(
        install + "".join(f"  {line}\n" for line in [*_commands(used, parts), f"gantk plugin check {used}"]), nl=False
    )


def _parts(brings: str) -> tuple[str, ...]:
    """Return the parts that are asked for, in the order of the hooks. Raises UsageError."""
    asked = [part.strip() for part in brings.split(",") if part.strip()]
    known = tuple(KINDS)
    for part in asked:
        if part in hook_arguments() and part not in known:
            raise UsageError(f"--brings {part}: this hook brings no part; add it to the plugin as docs/hooks.md shows")
        if part not in known:
            raise UsageError(f"--brings {part}: there is no such part{nearest(part, known)}")
        if asked.count(part) > 1:
            raise UsageError(f"--brings {brings}: a plugin brings at most one {part}; write a second plugin")
    if not asked:
        raise UsageError(f"--brings says no part; known: {', '.join(known)}")
    return tuple(part for part in known if part in asked)


def _write_file(name: str, parts: tuple[str, ...], out: Path) -> Path:
    """Write the one-file form; return the file. Raises UsageError."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or keyword.iskeyword(name):
        raise UsageError(
            f"{name!r} is no name for a plugin's file: use small letters and digits, with _ between words, such as "
            "soft_labels"
        )
    _refuse_taken(name, name)
    path = out / f"{name}.py"
    if path.exists():
        raise UsageError(f"{path} is there already: say another name, or another folder by --out")
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(module_text(_title(name), name, parts), "utf-8")
    return path


def _write_package(name: str, parts: tuple[str, ...], out: Path) -> Path:
    """Write the package; return its folder. Raises UsageError."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or len(name) > _LONGEST:
        raise UsageError(
            f"{name!r} is no name for a plugin: use small letters and digits, with - between words, at most {_LONGEST} "
            "in all, such as soft-labels"
        )
    if name.startswith("gantk"):
        raise UsageError(
            f"plugin {name}: leave gantk out of the name; the package of `stripes` is called gantk-stripes"
        )
    module = f"gantk_{name.replace('-', '_')}"
    _refuse_taken(name, module)
    folder = out / f"gantk-{name}"
    if folder.exists():
        raise UsageError(f"{folder} is there already: say another name, or another folder by --out")
    files = _package_files(name, module, parts)
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    return folder


def _package_files(name: str, module: str, parts: tuple[str, ...]) -> dict[str, str]:
    """Return the text of each of a package's files, by its path in the package."""
    docstring = docstring_of(_title(name), parts)
    summary, _, rest = docstring.partition("\n")
    extra = "" if parts == ("dataset",) else "[train]"
    words = {
        "name": name,
        "module": module,
        "summary": summary.replace('"', "'"),
        "paragraphs": docstring if len(parts) == 1 else rest.strip(),
        "commands": "".join(f"    {line}\n" for line in ["pip install -e .", *_commands(name, parts)]).rstrip(),
        "requires": f"gantk{extra}>={gantk.__version__}",
        # The checks train, whatever the plugin itself needs.
        "checked": "" if extra else '"gantk[train]", ',
        "year": str(date.today().year),
    }
    templates = {
        "pyproject.toml": "pyproject.toml",
        "README.md": "README.md",
        "LICENSE": "LICENSE",
        ".gitignore": "gitignore",
        ".github/workflows/test.yml": "test.yml",
        f"tests/test_{module}.py": "test_plugin.py",
    }
    files = {
        path: Template((TEMPLATES / "package" / f"{template}.txt").read_text("utf-8")).substitute(words)
        for path, template in templates.items()
    }
    return {f"{module}.py": module_text(_title(name), name, parts), **files}


def _commands(name: str, parts: tuple[str, ...]) -> list[str]:
    """Return how a plugin is used: the recipe with its own parts, or each part by itself."""
    shown = [part for part in parts if "recipe" not in parts or part not in CHOSEN]
    recipe = name if "recipe" in parts else default("recipe") or "RECIPE"
    return [KINDS[part].example.format(name=name, recipe=recipe) for part in shown]


def _refuse_taken(name: str, module: str) -> None:
    """Raise UsageError where a plugin or an importable module has the name already."""
    if name in installed():
        raise UsageError(f"a plugin called {name} is installed already: say another name")
    if module in sys.stdlib_module_names or find_spec(module) is not None:
        raise UsageError(
            f"a Python module called {module} is there already, which this one would hide: say another name"
        )


def _title(name: str) -> str:
    return re.sub(r"[-_]", " ", name).capitalize()
