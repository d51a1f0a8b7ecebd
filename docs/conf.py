"""How the book is built: `sphinx-build -W docs build/book`."""

import gantk

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


def setup(app):
    """Let sphinx-click ask."""
    for part in ("description", "epilog"):
        app.connect(f"sphinx-click-process-{part}", show_examples_as_written)
