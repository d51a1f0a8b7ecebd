"""Checks of the hooks, and of what the docstring says."""

from __future__ import annotations

import re

from gantk.plugins import source
from gantk.plugins.kinds import KINDS
from gantk.testing.checked import CheckedPlugin
from gantk.testing.report import Failure, Skip

_NUMBERED = r"arXiv:\s*(\d{4}\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?/\d{7})|\b(doi:\s*|doi\.org/)10\.\d{4,9}/\S+"
# A name, then a year: "Xiao et al. 2017", "Lim & Ye (2017)", '"A title", 2017'.
_DATED = r"[A-Z]\w+.{0,80}\b(19|20)\d\d\b"


def hooks(checked: CheckedPlugin) -> str:
    """Load the plugin, which refuses unknown hooks and arguments, and ask each part hook."""
    loaded = checked.plugins.found[checked.name]
    for hook in loaded.hooks:
        if hook in KINDS:
            checked.factory(hook)
    answered = loaded.hooks or tuple(checked.factories)
    return f"answers {', '.join(answered)}"


def paper(checked: CheckedPlugin) -> str:
    """Look for an arXiv number, a DOI, or a name and a year in the module's docstring."""
    path = checked.installed.source
    if path is None:
        raise Skip(f"module {checked.installed.module} has no source file to read")
    text = " ".join(source.docstring(path).split())
    for pattern in (_NUMBERED, _DATED):
        if found := re.search(pattern, text):
            return f"cites {found[0].strip()}"
    if re.search(r"\bunpublished\b", text, re.IGNORECASE):
        return "says that it is unpublished"
    raise Failure(
        f"{path}: the docstring cites no paper: name authors and year, and an arXiv number (arXiv:1234.56789) or a DOI "
        "(doi:10.1234/5); of a method without a paper say that it is unpublished"
    )
