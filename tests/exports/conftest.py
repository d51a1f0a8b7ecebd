"""Small networks in a trained recipe, and their exports: each is exported once in a session."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from gantk.cli.train import train
from gantk.recipe.recipe import Recipe
from gantk.training.trained import Trained
from gantk_exports.export import export as export_command
from gantk_exports.form import Form
from gantk_exports.graphs import export_graph
from support.blending import write_blending
from support.exported import (
    DEEP,
    MAPS,
    Drawn,
    ImageStatistics,
    Labelling,
    Residual,
    Skipping,
    Translation,
    trained,
    worked,
)


@pytest.fixture(scope="session")
def labelling() -> Trained:
    """A recipe whose images `b` are label maps of three classes: 7, 0 and 255 in files."""
    torch.manual_seed(0)
    return trained(Labelling(), target=MAPS)


@pytest.fixture(scope="session")
def opened() -> Callable[[Recipe], Trained]:
    """Return what makes a recipe a trained one, whose images `a` and `b` are uint8 RGB."""
    return trained


@pytest.fixture(scope="session")
def drawn() -> Trained:
    return replace(trained(Drawn()), classes=("cat", "dog", "cow", "hen", "bee"))


@pytest.fixture(scope="session")
def residual() -> Trained:
    return trained(Translation({"a_to_b": worked(Residual(), 1), "b_to_a": worked(Residual(), 2)}))


@pytest.fixture(scope="session")
def skipping() -> Trained:
    return trained(ImageStatistics({"a_to_b": worked(Skipping(), 3)}))


@pytest.fixture(scope="session")
def deep() -> Trained:
    return trained(Translation({"a_to_b": worked(Residual(1), 4)}), DEEP, DEEP)


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that exports a graph once a session."""
    folder = tmp_path_factory.mktemp("exports")

    def export(name: str, model: Trained, io: Any = "uint8", graph: str = "a_to_b") -> Path:
        path = folder / f"{name}.{io}.onnx"
        return path if path.exists() else export_graph(model, graph, path, Form(io))

    return export


@pytest.fixture(scope="session")
def trained_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose generator has some hundred weights in each of its layers; its graph a_to_b is exported."""
    folder = tmp_path_factory.mktemp("runs") / "small"
    options = ["generator.filters=8", "generator.blocks=1", "discriminator.filters=2"]
    chosen = [argument for option in options for argument in ("-s", option)]
    wanted = ["--plugin", "cyclegan", "--steps", "3", "--size", "32", "--precision", "fp32", "--out", str(folder)]
    for command, said in ((train, [*wanted, *chosen]), (export_command, [str(folder), "--graph", "a_to_b"])):
        result = CliRunner().invoke(command, said, catch_exceptions=False)
        assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="session")
def blending(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that writes a model of further inputs, made by hand, with or without a second image."""
    return lambda *, style: write_blending(tmp_path_factory.mktemp("blending") / "blending.onnx", style=style)


@pytest.fixture(scope="session")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the book's diffusion model that trained two steps, went on for two more, and was exported."""
    out = tmp_path_factory.mktemp("sampler") / "run"
    recipe = Path(__file__).parents[2] / "docs" / "tutorial" / "gantk_tutorial" / "denoised.py"
    small = ["--size", "16", "--batch-size", "2", "--device", "cpu", "-s", "timesteps=8", "-s", "filters=8"]
    begun = ["--plugin", recipe, "--data", "emoji", "--out", out, *small]
    for arguments in ([*begun, "--steps", "2"], ["--resume", out, "--steps", "4"]):
        done = CliRunner().invoke(train, [*map(str, arguments)])
        assert done.exit_code == 0, done.output
    done = CliRunner().invoke(export_command, [str(out)])
    assert done.exit_code == 0, done.output
    assert "a step by" in done.output
    return out
