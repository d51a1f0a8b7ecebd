"""The argument of commands that run a model."""

import os
from pathlib import Path
from typing import Any

import click

from gantk.runtime.named_models import is_named, model_file


class ModelPath(click.Path):
    """A model's file, said by its path, or as `gantk:NAME` where an installed package brings it."""

    def convert(self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return model_file(str(value)) if is_named(value) else super().convert(value, param, ctx)


MODEL = ModelPath(path_type=Path)
