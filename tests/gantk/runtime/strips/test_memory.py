"""What memory is free, what a network takes of it, and that what does not fit is run in strips."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

import gantk
from gantk.cli.translate import translate
from gantk.runtime import model
from gantk.runtime.strips import memory
from gantk.runtime.strips.plan import plan
from gantk.runtime.strips.strips import Strips

MakeModel = Callable[..., Path]


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that writes what the system says of its memory: a group's limit, use and cache by its place."""
    monkeypatch.setattr(memory, "_PROC", tmp_path / "proc")
    monkeypatch.setattr(memory, "_GROUPS", tmp_path / "groups")

    def say(meminfo: str, groups: str = "", **files: str) -> None:
        (tmp_path / "proc" / "self").mkdir(parents=True, exist_ok=True)
        (tmp_path / "proc" / "meminfo").write_text(meminfo)
        (tmp_path / "proc" / "self" / "cgroup").write_text(groups)
        for place, text in files.items():
            path = tmp_path / "groups" / place.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return say


MEMINFO = "MemTotal: 8000 kB\nMemAvailable:    5000 kB\nBuffers: 1 kB\n"


def test_what_is_free_is_what_the_machine_has_and_its_groups_allow(system: Callable[..., None]) -> None:
    system(MEMINFO)
    assert memory.free_memory() == 5000 * 1024
    system(MEMINFO, "0::/a/b\n", a__memory_dot_max="3000000", a__memory_dot_current="1000000")
    assert memory.free_memory() == 5000 * 1024, "a group that does not say all is none"
    system(MEMINFO, "0::/a/b\n", a__memory_dot_stat="anon 5\ninactive_file 250000\n")
    assert memory.free_memory() == 2_250_000
    system(MEMINFO, "0::/a/b\n", a__memory_dot_max="max")
    assert memory.free_memory() == 5000 * 1024
    system(
        MEMINFO,
        "9:cpu,memory:/docker/1\n1:name=systemd:/\n",
        memory__memory_dot_limit_in_bytes="2000000",
        memory__memory_dot_usage_in_bytes="2500000",
        memory__memory_dot_stat="total_inactive_file 100\n",
    )
    assert memory.free_memory() == 0


def test_a_system_that_says_nothing_is_asked_for_all_that_it_has(
    system: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    system("nothing")
    monkeypatch.setattr(memory.os, "sysconf", {"SC_PHYS_PAGES": 1000, "SC_PAGE_SIZE": 4096}.__getitem__)
    assert memory.free_memory() == 4_096_000
    monkeypatch.delattr(memory.os, "sysconf")
    assert memory.free_memory() is None


@pytest.fixture
def wide(make_model: MakeModel) -> Path:
    """A model whose widest tensors are 64 channels of float32: it gives its input back."""
    path = make_model()
    proto = onnx.load(path)
    del proto.graph.node[:], proto.graph.initializer[:]
    weight = np.zeros((64, 3, 1, 1), np.float32)
    weight[:3, :, 0, 0] = np.eye(3)
    nodes: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Cast", ["image"], "values", {"to": TensorProto.FLOAT}),
        ("Transpose", ["values"], "planes", {"perm": [0, 3, 1, 2]}),
        ("Conv", ["planes", "into"], "many", {"kernel_shape": [1, 1]}),
        ("Relu", ["many"], "kept", {}),
        ("Conv", ["kept", "out"], "few", {"kernel_shape": [1, 1]}),
        ("Transpose", ["few"], "pixels", {"perm": [0, 2, 3, 1]}),
        ("Cast", ["pixels"], "output", {"to": TensorProto.UINT8}),
    ]
    proto.graph.node.extend(helper.make_node(kind, given, [name], **said) for kind, given, name, said in nodes)
    proto.graph.initializer.append(numpy_helper.from_array(weight, "into"))
    proto.graph.initializer.append(numpy_helper.from_array(weight.transpose(1, 0, 2, 3), "out"))
    onnx.save(proto, path)
    return path


def test_what_a_network_takes_is_what_it_holds_at_once(wide: Path) -> None:
    assert memory.bytes_a_pixel(plan(onnx.load(wide))) == 2.25 * 2 * 64 * 4


@pytest.mark.parametrize(("free", "tile"), [(None, None), (2000, None), (1999, 31), (10_000_000, None)])
def test_the_tile_is_as_large_as_half_of_the_free_memory(
    free: int | None, tile: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda: free)
    monkeypatch.setattr(memory, "_SMALLEST", 1)
    assert memory.fitting_tile(1000, 1.0) == tile
    monkeypatch.setattr(memory, "free_memory", lambda: 10**9)
    assert memory.fitting_tile(10**9, 1.0) == 512


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 100 kB be free, and any image be worth a question."""
    monkeypatch.setattr(memory, "free_memory", lambda: 100_000)
    monkeypatch.setattr(model, "SURELY_FITS", 0)
    monkeypatch.setattr("gantk.runtime.overlap._SMALL", 0)


@pytest.mark.usefixtures("short")
def test_an_image_that_takes_too_much_is_run_in_strips_and_it_is_said(wide: Path, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (150, 90, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    for arguments, said in (
        ([], "was run in strips of 64 x 64 pixels, since whole it takes more"),
        (["--tile", "0"], ""),
    ):
        command = [str(wide), str(tmp_path / "in.png"), "-o", str(tmp_path / "out.png"), *arguments]
        result = CliRunner().invoke(translate, command, catch_exceptions=False)
        assert (result.exit_code, result.stderr.count("\n")) == (0, bool(said))
        assert said in result.stderr
        assert np.array_equal(np.asarray(Image.open(tmp_path / "out.png")), pixels)


@pytest.mark.usefixtures("short")
def test_a_call_and_a_map_run_in_strips_where_memory_is_short(wide: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, pixels = gantk.load(wide), np.full((150, 90, 3), 7, np.uint8)
    tiles = []
    joined = Strips.joined
    monkeypatch.setattr(Strips, "joined", lambda *given: tiles.append(given[2]) or joined(*given))
    assert np.array_equal(opened(pixels), pixels)
    assert np.array_equal(next(opened.map([pixels])), pixels)
    assert np.array_equal(opened(pixels, tile=0), pixels)
    assert tiles == [64, 64]


@pytest.mark.usefixtures("short")
def test_a_model_that_cannot_be_cut_is_run_whole(make_model: MakeModel) -> None:
    path = make_model()
    proto = onnx.load(path)
    (cast,) = (node for node in proto.graph.node if node.output[0] == "output")
    cast.output[0] = "sorted"
    proto.graph.node.append(helper.make_node("Shape", ["sorted"], ["shape"]))
    proto.graph.node.append(helper.make_node("Reshape", ["sorted", "shape"], ["output"]))
    onnx.save(proto, path)
    assert gantk.load(path)(np.zeros((8, 8, 3), np.uint8)).min() == 255
