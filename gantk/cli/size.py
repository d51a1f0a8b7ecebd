"""Sizes on the command line."""

from typing import Any

import click

from gantk.sizes import Sides, read_size, sides_of


class HeightByWidth(click.ParamType[Sides]):
    """A height and width in pixels, up to so many: HEIGHTxWIDTH, or one number for both."""

    name = "HxW"

    def __init__(self, most: int = 16_384) -> None:
        self.most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Sides:
        try:
            sides = sides_of(read_size(value))
        except ValueError:
            sides = Sides(0, 0)
        if not all(1 <= side <= self.most for side in sides):
            wanted = f"say HEIGHTxWIDTH, or one number for both, in pixels from 1 to {self.most}"
            self.fail(f"{value!r}: {wanted}", param, ctx)
        return sides
