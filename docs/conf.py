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
html_theme = "furo"
html_title = f"gantk {release}"
html_favicon = "../exports/gantk_exports/web/icon.svg"
html_static_path = ["static"]
html_css_files = ["book.css"]
myst_heading_anchors = 4
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_preserve_defaults = True
