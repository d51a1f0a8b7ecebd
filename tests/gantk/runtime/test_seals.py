"""A model's checksum: whatever changes its file is found, and taken only where a user says so."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import numpy_helper

import gantk
from gantk.cli.main import main
from gantk.errors import GantkError
from gantk.runtime import wire
from gantk.runtime.seals import SEAL, UNSEALED, seal

MakeModel = Callable[..., Path]


@pytest.fixture
def sealed(make_model: MakeModel) -> Path:
    """A model as `gantk export` writes one."""
    path = make_model()
    model = onnx.load(path)
    model.graph.initializer.append(numpy_helper.from_array(np.linspace(0, 1, 50, dtype=np.float32), "weights"))
    model.metadata_props.add(key=SEAL, value=UNSEALED)
    onnx.save(model, path)
    seal(path)
    return path


def changed(path: Path) -> None:
    """Change a model as another program does that keeps its metadata."""
    model = onnx.load(path)
    model.graph.initializer.append(numpy_helper.from_array(np.zeros(1, np.float32), "unused"))
    onnx.save(model, path)


def test_a_bit_that_turned_over_is_found_wherever_it_lies(sealed: Path) -> None:
    whole = sealed.read_bytes()
    gantk.load(sealed)
    (entry,) = (entry for entry in wire.contents(sealed).metadata if entry.key == SEAL)
    rng = np.random.default_rng(0)
    for place in rng.choice(len(whole), 150, replace=False).tolist():
        damaged = bytearray(whole)
        damaged[place] ^= 1 << rng.integers(8)
        sealed.write_bytes(damaged)
        if not entry.span[0] <= place < entry.value_span[0]:
            with pytest.raises(GantkError, match=r"^[^\n]*$"):
                gantk.load(sealed)


@pytest.mark.parametrize("command", ["verify", "translate"])
def test_a_weight_that_a_disk_changed_ends_a_command_in_a_line(sealed: Path, command: str, tmp_path: Path) -> None:
    ((first, _),) = next(tensor for tensor in wire.contents(sealed).tensors if tensor.name == "weights").spans
    damaged = bytearray(sealed.read_bytes())
    damaged[first + 7] ^= 0x40
    sealed.write_bytes(damaged)
    images = [str(tmp_path), "-o", str(tmp_path / "out")] if command == "translate" else []
    (tmp_path / "a.png").touch()
    found = CliRunner().invoke(main, [command, str(sealed), *images])
    assert found.exit_code == 1
    assert found.output.splitlines()[-1].startswith(f"Error: {sealed}: damaged, or changed by another program: its che")


def test_a_model_that_another_program_changed_is_taken_once_a_user_says_so(sealed: Path) -> None:
    changed(sealed)
    with pytest.raises(GantkError, match=r"where it was changed on purpose: gantk verify --accept \S+negative\.onnx$"):
        gantk.load(sealed)
    found = CliRunner().invoke(main, ["verify", "--accept", str(sealed)])
    assert found.exit_code == 0, found.output
    gantk.load(sealed)


def test_other_programs_may_add_metadata_of_their_own(sealed: Path) -> None:
    model = onnx.load(sealed)
    model.metadata_props.insert(0, onnx.StringStringEntryProto(key="author", value="somebody"))
    model.metadata_props.add(key="note", value="of a shop")
    onnx.save(model, sealed)
    assert gantk.load(sealed).card.graph


def test_a_model_without_a_checksum_is_opened_and_has_none_to_accept(make_model: MakeModel) -> None:
    path = make_model()
    changed(path)
    gantk.load(path)
    with pytest.raises(GantkError, match=r"its metadata have no checksum \(gantk\.sha256\)"):
        seal(path)
