"""The option `--direction` of the commands that read two sides."""

from typing import Any

import click


class _Direction(click.Choice[str]):
    """The direction, also as others write it: `b-to-a`, `BtoA`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        shortened = {"".join(filter(str.isalnum, choice)): choice for choice in self.choices}
        return super().convert(shortened.get("".join(filter(str.isalnum, str(value).lower())), value), param, ctx)


direction_option = click.option(
    "--direction",
    type=_Direction(["a_to_b", "b_to_a"]),
    help="Which of two sides is translated: left to right, the first folder to the second, or b_to_a.",
)
