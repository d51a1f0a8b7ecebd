"""What saves files and imports them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from gantk_exports.imports import import_reference


@pytest.fixture
def attempt(tmp_path: Path) -> Callable[..., str]:
    """Return what saves objects under names in one folder, and imports them as a run called `run`."""

    def attempt(files: dict[str, Any], *options: object, given: list[str] | None = None) -> str:
        for name, held in files.items():
            torch.save(held, tmp_path / name)
        paths = [str(tmp_path / name) for name in (files if given is None else given)]
        chosen = options if "--as" in options else ("--as", "cyclegan", *options)
        arguments = [*paths, "--size", "32", "--out", str(tmp_path / "run"), *map(str, chosen)]
        result = CliRunner().invoke(import_reference, arguments)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.stdout

    return attempt
