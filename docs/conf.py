"""How the book is built: `sphinx-build -W docs build/book`, with `-t demo` the page of the ready models in it, too."""

from pathlib import Path

from sphinx.errors import ExtensionError

import gantk
from gantk import GantkError
from gantk.runtime.named_models import named_models
from gantk_exports.app import write_app

project = "gantk"
copyright = "the authors of gantk"  # noqa: A001 (Sphinx asks for this name)
release = gantk.__version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinx_copybutton",
    "sphinx_external_toc",
]
exclude_patterns = ["tutorial"]
smartquotes = False
default_role = "literal"
html_theme = "furo"
html_title = f"gantk {release}"
html_favicon = "../exports/gantk_exports/web/icon.svg"
html_static_path = ["static"]
html_css_files = ["book.css"]
myst_heading_anchors = 4
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_preserve_defaults = True


def show_examples_as_written(app, context, lines):
    """Make literal blocks of what commands print line by line, whose columns would collapse."""
    shown = [f"   {line[2:]}" if line.startswith("| ") else line for line in lines]
    starts = [number for number, line in enumerate(lines) if line.startswith("| ") and lines[number - 1][:2] != "| "]
    for number in reversed(starts):
        shown[number:number] = [".. code-block:: text", ""]
    lines[:] = shown


# `tags` is Sphinx's. Without a ready model nothing links to a demo.
if not named_models():
    tags.remove("demo")  # noqa: F821


def write_demo(app, exception):
    """Write the page of `gantk app`, with the ready models that are installed, where the book's front page links to."""
    if exception is not None or app.builder.format != "html" or not app.tags.has("demo"):
        return
    try:
        models = {name: gantk.load(model.path) for name, model in named_models().items()}
        write_app(models, Path(app.outdir) / "demo")
    except GantkError as error:
        raise ExtensionError(f"no demo: {error}") from error


def setup(app):
    """Let sphinx-click ask, and the demo be written."""
    for part in ("description", "epilog"):
        app.connect(f"sphinx-click-process-{part}", show_examples_as_written)
    app.connect("build-finished", write_demo)
