"""Images in strips: the same answer as the whole image's, whatever a network is made of."""

import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper
from PIL import Image

import gantk
from gantk.cli.translate import translate
from gantk.errors import GantkError, Unsupported, UsageError
from gantk.runtime.strips.plan import plan
from gantk.training.trained import Trained

Export = Callable[..., Path]


def smooth(height: int, width: int, channels: int = 3) -> np.ndarray:
    """Return a picture whose upper and lower half have other statistics, so that a strip's are not the image's."""
    noise = np.random.default_rng(height).integers(0, 256, (height // 8 + 1, width // 8 + 1, channels))
    enlarged = noise.repeat(8, 0).repeat(8, 1)[:height, :width]
    enlarged[height // 2 :] = enlarged[height // 2 :] // 4 + 190
    return enlarged.astype(np.uint8)


@pytest.mark.parametrize("name", ["residual", "skipping"])
@pytest.mark.parametrize("io", ["uint8", "float"])
@pytest.mark.parametrize("tile", [1, 40, 4000])
def test_strips_give_the_whole_images_answer(
    request: pytest.FixtureRequest, exported: Export, name: str, io: str, tile: int
) -> None:
    model = gantk.load(exported(name, request.getfixturevalue(name), io))
    picture = Image.fromarray(smooth(101, 67))
    whole = np.asarray(model(picture)).astype(int)
    assert whole.std() > 10
    assert np.abs(np.asarray(model(picture, tile=tile)) - whole).max() <= 2
    assert np.abs(np.asarray(model(picture, tile=tile, exact=True)) - whole).max() <= 1


def test_sixteen_bits_keep_their_precision(exported: Export, deep: Trained) -> None:
    model = gantk.load(exported("deep", deep))
    image = smooth(90, 70, 1).astype(np.uint16) * 200
    whole = model(image).astype(int)
    assert whole.std() > 1000
    assert np.abs(model(image, tile=30, exact=True) - whole).max() <= 2


def test_a_batch_runs_image_by_image(exported: Export, residual: Trained) -> None:
    model = gantk.load(exported("residual", residual))
    images = np.stack([smooth(64, 48), smooth(72, 48)[:64]])
    assert np.abs(model(images, tile=30, exact=True).astype(int) - model(images)).max() <= 1


def test_strips_come_from_top_to_bottom_and_memory_does_not_grow(exported: Export, residual: Trained) -> None:
    model = gantk.load(exported("residual", residual), threads=1)
    peaks = []
    for height in (128, 1024):
        image, total = smooth(height, 64), 0
        for _ in model.strips(image[:32], 32):
            pass  # what is made once is made
        tracemalloc.start()
        for strip in model.strips(image, 32):
            assert strip.shape[1:] == (64, 3)
            total += len(strip)
        peaks.append(tracemalloc.get_traced_memory()[1] - image.nbytes)
        tracemalloc.stop()
        assert total == height
    # The activations of 1,024 x 64 pixels alone would be 2 MB.
    assert max(peaks) < 600_000


def test_threads_share_a_model(exported: Export, residual: Trained) -> None:
    model = gantk.load(exported("residual", residual), threads=1)
    images = [smooth(64 + 8 * number, 64) for number in range(6)]
    alone = [model(image) for image in images]
    with ThreadPoolExecutor(6) as pool:
        for tile in (None, 32):
            together = list(pool.map(lambda image, tile=tile: model(image, tile=tile, exact=True), images))
            assert all(np.abs(a.astype(int) - b).max() <= 1 for a, b in zip(alone, together, strict=True))
    with pytest.raises(UsageError, match="at least 1 thread, not 0"):
        gantk.load(model.path, threads=0)


def test_the_command_writes_the_same_picture(exported: Export, residual: Trained, tmp_path: Path) -> None:
    model = exported("residual", residual)
    Image.fromarray(smooth(90, 70)).save(tmp_path / "in.png")
    for name, options in (("whole", []), ("strips", ["--tile", "30", "--exact"])):
        said = [str(model), str(tmp_path / "in.png"), "-o", str(tmp_path / f"{name}.png"), *options]
        assert CliRunner().invoke(translate, said, catch_exceptions=False).exit_code == 0
    whole, strips = (np.asarray(Image.open(tmp_path / f"{name}.png")).astype(int) for name in ("whole", "strips"))
    assert np.abs(whole - strips).max() <= 1
    refused = CliRunner().invoke(translate, [str(model), "in.png", "-o", "out.png", "--exact"])
    assert "--exact belongs to --tile" in refused.output


def test_what_cannot_run_in_strips_says_why(
    exported: Export, residual: Trained, drawn: Trained, tmp_path: Path
) -> None:
    with pytest.raises(Unsupported, match="takes images of 4x4 px alone, and cannot run in strips"):
        gantk.load(exported("reconstruct", drawn, graph="reconstruct"))(smooth(4, 4), tile=8)
    model = gantk.load(exported("residual", residual))
    with pytest.raises(UsageError, match="1 at least, not -1"):
        model(smooth(8, 8), tile=-1)


def test_a_full_disk_is_named(exported: Export, residual: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gantk.runtime.strips.tensors.Scratch.write", full)
    with pytest.raises(GantkError, match="No space left on device; strips need room there, or set TMPDIR"):
        gantk.load(exported("residual", residual))(smooth(16, 16), tile=8)


def small_model(path: Path, *nodes: onnx.NodeProto, **constants: np.ndarray) -> Path:
    shape = ["n", "h", "w", 3]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("image", "output")]
    weights = [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()]
    model = helper.make_model(helper.make_graph(nodes, "small", ends[:1], ends[1:], weights))
    onnx.save(model, str(path))
    return path


@pytest.mark.parametrize(
    ("kind", "options", "constants"),
    [
        ("GlobalAveragePool", {}, {}),
        ("Softmax", {"axis": 1}, {}),
        ("Add", {}, {"value": np.ones((4, 3), np.float32)}),
        ("Concat", {"axis": 2}, {"value": np.ones((1, 1, 1, 3), np.float32)}),
        ("Pad", {"mode": "reflect"}, {"value": np.array([0, 1, 0, 0, 0, 0, 0, 0])}),
    ],
)
def test_what_reads_a_whole_image_is_refused_by_its_name(
    tmp_path: Path, kind: str, options: dict[str, object], constants: dict[str, np.ndarray]
) -> None:
    node = helper.make_node(kind, ["image", *constants], ["output"], **options)
    with pytest.raises(Unsupported, match=f"cannot run in strips: what {kind} .* reads of an image is not known"):
        plan(onnx.load(small_model(tmp_path / "small.onnx", node, **constants)))
