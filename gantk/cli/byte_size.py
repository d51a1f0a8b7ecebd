"""Sizes in bytes, as people write them: 5GB."""

from __future__ import annotations

import re

import click

_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


class ByteSize(click.ParamType[int]):
    """A number of bytes: 5GB, 200 MB, 1.5TB, 0."""

    name = "size"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number of bytes that is said."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMGT]?B)?", value.strip().upper())
        if not found:
            self.fail(f"{value} is no size: say one such as 5GB, 200MB or 0", param, ctx)
        return int(float(found[1]) * _UNITS[found[2] or "B"])
