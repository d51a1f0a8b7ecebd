"""Files that are no models or are not to be opened, each refused in a line; and runs that end when they are told to."""

import os
import pickle
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import gantk
from gantk.errors import GantkError
from gantk.runtime import wire

MakeModel = Callable[..., Path]


@pytest.fixture
def unopened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where ONNX Runtime is asked to open a file."""

    def opened(*_arguments: Any, **_options: Any) -> None:
        raise AssertionError("ONNX Runtime was asked to open the file")

    monkeypatch.setattr(onnxruntime, "InferenceSession", opened)


def outside() -> onnx.TensorProto:
    """Return a weight that lies in another file."""
    tensor = TensorProto(name="far", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="weights.bin")
    return tensor


def holding(place: str, model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model with a weight in another file, in some place of it."""
    graph = model.graph
    if place == "initializer":
        graph.initializer.append(outside())
    elif place == "without a location":
        graph.initializer.append(TensorProto(name="far", dims=[1], data_location=TensorProto.EXTERNAL))
    elif place == "sparse":
        graph.sparse_initializer.add(values=outside())
    elif place == "attribute":
        graph.node.append(helper.make_node("Constant", [], ["unused"], value=outside()))
    elif place == "function":
        model.functions.add(name="f", node=[helper.make_node("Constant", [], ["y"], value=outside())])
    elif place == "training":
        model.training_info.add().initialization.initializer.append(outside())
    else:
        inner = helper.make_graph([], "inner", [], [helper.make_tensor_value_info("far", 1, [1])], [outside()])
        graph.node.append(helper.make_node("If", ["condition"], ["unused"], then_branch=inner, else_branch=inner))
    return model


PLACES = ["initializer", "without a location", "sparse", "attribute", "function", "training", "branch"]


@pytest.mark.usefixtures("unopened")
@pytest.mark.parametrize("place", PLACES)
def test_weights_in_another_file_are_refused_wherever_they_are_named(make_model: MakeModel, place: str) -> None:
    path = make_model()
    onnx.save(holding(place, onnx.load(path)), path)
    with pytest.raises(GantkError, match=r"^[^\n]*: its weight 'far' lies in another file, and a model that gantk"):
        gantk.load(path)


@pytest.mark.usefixtures("unopened")
def test_what_is_no_file_of_a_models_size_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.onnx")
    (tmp_path / "empty.onnx").touch()
    with (tmp_path / "sparse.onnx").open("wb") as file:
        file.truncate(200 * 2**30)
    (tmp_path / "loop.onnx").symlink_to(tmp_path / "loop.onnx")
    for name, reason in {
        "pipe.onnx": "neither a file nor a folder",
        "/dev/zero": "neither a file nor a folder",
        "/proc/self/status": "it has 0 bytes",
        "empty.onnx": "it has 0 bytes",
        "sparse.onnx": "it has 214,748,364,800 bytes",
        "loop.onnx": "Too many levels of symbolic links",
        "x" * 300: "File name too long",
        "nul\0.onnx": "no such file",
        "empty.onnx/model.onnx": "Not a directory",
    }.items():
        with pytest.raises(GantkError, match=rf"^[^\n]*: [^\n]*{reason}[^\n]*$"):
            gantk.load(tmp_path / name)


def field(number: int, value: bytes) -> bytes:
    """Return a field of a protocol buffer that holds bytes."""
    length, head = len(value), bytearray([number << 3 | 2])
    while length > 127:
        head.append(length & 127 | 128)
        length >>= 7
    return bytes([*head, length]) + value


def nested(depth: int) -> bytes:
    """Return a graph in a graph in a graph ..., each an attribute of a node."""
    graph = b""
    for _ in range(depth):
        graph = field(1, field(5, field(6, graph)))
    return field(7, graph)


@pytest.mark.usefixtures("unopened")
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x08", "it ends within a number"),
        (b"\xff" * 20, "it ends within a number"),
        (b"\x0a\x05abc", "it ends within a field"),
        (b"\x0a" + b"\xff" * 9 + b"\x01", "it ends within a field"),
        (b"\x0b\x0c", "it has a field of kind 3"),
        (b"\x3a\x04\x08\x01\x10\x01", "field 1 of a graph is none of ONNX"),
        (b"not a model\n" * 50, "it has a field of kind 6"),
        (field(14, field(1, b"\xff") + field(2, b"x")), "a text in it is no UTF-8"),
        (field(14, field(1, b"gantk.data") + field(2, b"x" * (2**22 + 1))), "a text in it has 4,194,305 bytes"),
        (nested(100), "graphs in it are nested more than 60 deep"),
    ],
)
def test_damaged_files_are_refused_in_a_line(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "x.onnx").write_bytes(data)
    with pytest.raises(GantkError, match=rf"^[^\n]*x\.onnx: not an ONNX model, or a truncated one \([^\n]*{reason}"):
        gantk.load(tmp_path / "x.onnx")


@pytest.mark.usefixtures("unopened")
def test_a_file_of_very_many_parts_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_MOST_FIELDS", 1000)
    (tmp_path / "x.onnx").write_bytes(field(7, b"\x0a\x00" * 2000))
    with pytest.raises(GantkError, match="it has more than 1,000 parts"):
        gantk.load(tmp_path / "x.onnx")


def test_a_file_with_bits_turned_over_is_opened_or_refused(
    make_model: MakeModel, capfd: pytest.CaptureFixture[str]
) -> None:
    path = make_model()
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(200):
        damaged = bytearray(whole)
        damaged[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        with suppress(GantkError):
            gantk.load(path)
    assert capfd.readouterr() == ("", "")


def test_what_is_read_of_a_file_is_what_onnx_reads(make_model: MakeModel) -> None:
    path = make_model()
    model = onnx.load(path)
    model.graph.initializer.append(numpy_helper.from_array(np.zeros((2, 300, 1), np.float32), "w"))
    onnx.save(model, path)
    found = wire.contents(path)
    assert [(entry.key, entry.value) for entry in found.metadata] == [
        (entry.key, entry.value) for entry in model.metadata_props
    ]
    assert [(tensor.name, tensor.rank, tensor.kind) for tensor in found.tensors] == [("top", 0, 1), ("w", 3, 1)]
    ((first, end),) = found.tensors[1].spans
    assert path.read_bytes()[first:end] == bytes(2400)


@pytest.fixture
def endless(make_model: MakeModel) -> Path:
    """A model that never answers."""
    path = make_model()
    model = onnx.load(path)
    body = helper.make_graph(
        [helper.make_node("Identity", [name], [f"{name}2"]) for name in ("on", "value")],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("value", TensorProto.UINT8, None),
        ],
        [
            helper.make_tensor_value_info("on2", TensorProto.BOOL, []),
            helper.make_tensor_value_info("value2", TensorProto.UINT8, None),
        ],
    )
    del model.graph.node[:]
    model.graph.node.append(helper.make_node("Loop", ["", "true", "image"], ["output"], body=body))
    model.graph.initializer.append(numpy_helper.from_array(np.array(True), "true"))
    onnx.save(model, path)
    return path


IMAGE = np.zeros((4, 4, 3), np.uint8)


def interrupt_once_running(model: gantk.Model) -> None:
    """Send Ctrl-C when the model runs."""

    def send() -> None:
        while not model._session._running:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    Thread(target=send, daemon=True).start()


def test_a_run_that_never_ends_obeys_ctrl_c(endless: Path) -> None:
    model = gantk.load(endless)
    interrupt_once_running(model)
    with pytest.raises(KeyboardInterrupt):
        model(IMAGE)
    assert not model._session._running


def test_runs_in_threads_obey_ctrl_c_in_the_main_one(endless: Path) -> None:
    model = gantk.load(endless, threads=1)
    interrupt_once_running(model)
    with pytest.raises(KeyboardInterrupt):
        list(model.map([IMAGE] * 9))
    assert not model._session._running


def test_runs_in_other_threads_end_when_the_model_is_stopped(endless: Path) -> None:
    model = gantk.load(endless)
    with ThreadPoolExecutor(2) as threads:
        runs = [threads.submit(model, IMAGE) for _ in range(2)]
        while len(model._session._running) < 2:
            time.sleep(0.01)
        model.stop()
        for run in runs:
            with pytest.raises(
                GantkError, match=r"^[^\n]*cannot run on a batch of 1x4x4x3: [^\n]*terminate flag[^\n]*$"
            ):
                run.result(timeout=30)


def test_a_model_is_pickled_as_the_way_to_its_file(
    make_model: MakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(make_model().parent)
    model = gantk.load("negative.onnx", threads=2)
    pickled = pickle.dumps(model)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    again = pickle.loads(pickled)
    assert (again.card, again.threads, int(again(IMAGE).min())) == (model.card, 2, 255)


def test_what_onnx_runtime_cannot_open_is_one_line(make_model: MakeModel) -> None:
    path = make_model()
    model = onnx.load(path)
    model.opset_import[0].version = 99
    onnx.save(model, path)
    with pytest.raises(GantkError, match=r"^[^\n]*negative\.onnx: ONNX Runtime cannot open it \([^\n]*opset[^\n]*\)"):
        gantk.load(path)
