"""What never ends is ended: a model's run at the time limit of who waits for it, and the server when it is told to."""

import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import gantk
from gantk.runtime.seals import seal

Photo = Callable[..., bytes]
Serve = Callable[..., httpx.Client]


@pytest.fixture(scope="module")
def endless(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that never answers."""
    model = onnx.load(models["a_to_b"])
    names = [("on", TensorProto.BOOL, []), ("value", TensorProto.UINT8, None)]
    body = helper.make_graph(
        [helper.make_node("Identity", [name], [f"{name}.2"]) for name, *_ in names],
        "body",
        [helper.make_tensor_value_info(*each) for each in (("turn", TensorProto.INT64, []), *names)],
        [helper.make_tensor_value_info(f"{name}.2", *rest) for name, *rest in names],
    )
    given, made = model.graph.input[0].name, model.graph.output[0].name
    del model.graph.node[:], model.graph.value_info[:]
    model.graph.node.append(helper.make_node("Loop", ["", "true", given], [made], body=body))
    model.graph.initializer.append(numpy_helper.from_array(np.array(True), "true"))
    path = tmp_path_factory.mktemp("endless") / "endless.onnx"
    onnx.save(model, path)
    seal(path)
    return path


def test_a_run_that_never_ends_is_stopped_when_nobody_waits(
    serve: Serve, endless: Path, models: dict[str, Path], photo: Photo
) -> None:
    models["endless"] = endless
    try:
        client = serve("endless", "a_to_b", seconds=2)
    finally:
        del models["endless"]
    for _ in range(2):
        answer = client.post("/v1/models/endless/translate", content=photo())
        assert (answer.status_code, "not done after 2 s" in answer.text) == (503, True)
    assert client.post("/v1/models/a_to_b/translate", content=photo()).status_code == 200


def test_sigterm_ends_a_server_whose_model_never_ends(
    launch: Callable[..., tuple[subprocess.Popen[str], str]], endless: Path, photo: Photo
) -> None:
    process, url = launch(endless, "--port", "0", "--no-page", "--grace", "1")
    with ThreadPoolExecutor(1) as threads:
        post = threads.submit(
            httpx.post, f"{url}v1/models/endless/translate", content=photo(), timeout=60, trust_env=False
        )
        for _ in range(100):
            if httpx.get(f"{url}healthz", trust_env=False).status_code == 200 and not post.done():
                break
        time.sleep(1)
        began = time.monotonic()
        process.terminate()
        answer = post.result()
        _, complaints = process.communicate(timeout=30)
    assert time.monotonic() - began < 15
    assert (answer.status_code, "this server is ending" in answer.text) == (503, True)
    assert (process.returncode, complaints) == (0, "")


def test_a_run_in_strips_is_stopped_by_itself(models: dict[str, Path]) -> None:
    model, image = gantk.load(models["a_to_b"], threads=1), np.zeros((1, 300, 300, 3), np.uint8)
    strips = model.apart()
    with ThreadPoolExecutor(1) as threads:
        going = threads.submit(strips.run, image, tile=32)
        while not going.done():
            model.stop()
        assert np.array_equal(going.result(), model.run(image, tile=32))
        stopped = threads.submit(strips.run, image, tile=32)
        while not stopped.done():
            strips.stop()
        with pytest.raises(Exception, match="terminate flag"):
            stopped.result()
