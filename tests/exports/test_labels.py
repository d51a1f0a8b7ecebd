"""Label maps that go into a model and come out of one, and two images of one key."""

import runpy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

import gantk
from gantk.cli.translate import translate
from gantk.data.palettes import Palette
from gantk.errors import DataError, GantkError
from gantk.evaluation.functions import ModelFunction, RunFunction
from gantk.recipe.graph import Graph
from gantk.recipe.ports import Latent
from gantk.recipe.recipe import Recipe
from gantk.runtime.model import Model
from gantk.sizes import Sides
from gantk.training.trained import Trained
from gantk_exports.graphs import export_graph
from gantk_exports.verify import verify

SAMPLE = Path(__file__).parents[2] / "exports" / "samples" / "python" / "translate.py"
PALETTE = Palette.read(["7 road 0x804080", "0 sky 0x4682b4", "255 nothing 0x000000 (ignored)"])


@pytest.fixture(scope="session")
def blend(exported: Callable[..., Path], labelling: Trained) -> Model:
    return gantk.load(exported("blend", labelling, graph="blend"))


@pytest.fixture(scope="session")
def segment(exported: Callable[..., Path], labelling: Trained) -> Model:
    return gantk.load(exported("segment", labelling, graph="segment"))


IDS = np.random.default_rng(3).integers(0, 3, (10, 14), dtype=np.uint8)
VALUES = np.array([7, 0, 255], np.uint8)[IDS]


def picture(seed: int, height: int = 10, width: int = 14) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_the_card_has_the_palette_and_a_name_for_each_image(blend: Model) -> None:
    layout, image, style, output = (*blend.card.inputs, *blend.card.outputs)
    assert (layout.name, layout.kind, layout.layout, layout.dtype) == ("b", "labels", "NHW", "uint8")
    assert layout.palette == PALETTE
    assert [(port.name, port.key) for port in (image, style, output)] == [("a", "a"), ("style", "a"), ("output", "a")]
    shown = CliRunner().invoke(verify, [str(blend.path)]).output
    assert "b: uint8 NHW, a label map of 3 classes: road, sky, nothing, ignoring nothing" in shown


def test_a_model_takes_a_label_map_however_it_is_held(blend: Model, tmp_path: Path) -> None:
    further = {"a": picture(1), "style": picture(2)}
    made = blend(VALUES, **further)
    (direct,) = blend.call(IDS[None], picture(1)[None], picture(2)[None])
    assert np.array_equal(made, direct[0])
    colours = Image.fromarray(np.array(PALETTE.colours, np.uint8)[IDS])
    colours.save(tmp_path / "map.png")
    for given in (Image.fromarray(VALUES), colours, tmp_path / "map.png", (tmp_path / "map.png").read_bytes()):
        answer = blend(given, **further)
        assert isinstance(answer, Image.Image)
        assert np.array_equal(np.asarray(answer), made)
    both = blend(np.stack([VALUES, VALUES])[..., None], **further)
    assert np.array_equal(both[1], made)
    assert not np.array_equal(blend(VALUES, a=picture(1), style=picture(3)), made)
    with pytest.raises(DataError, match=r"holds the value 8, which is no class; the nearest is 7 \(road\)"):
        blend(np.full((4, 4), 8, np.uint8), **further)


def test_label_maps_in_folders_and_in_strips(blend: Model, tmp_path: Path) -> None:
    for name, value in (("one.png", VALUES), ("two.gif", VALUES), ("bad.png", VALUES + 1)):
        (tmp_path / "maps").mkdir(exist_ok=True)
        Image.fromarray(value).save(tmp_path / "maps" / name)
    Image.fromarray(picture(1)).save(tmp_path / "a.png")
    Image.fromarray(picture(2, 20, 28)).save(tmp_path / "style.png")
    images = ["--image", f"a={tmp_path / 'a.png'}", "--image", f"style={tmp_path / 'style.png'}"]
    expected = np.asarray(blend(Image.fromarray(VALUES), a=tmp_path / "a.png", style=tmp_path / "style.png"))
    for options in ([], ["--tile", "4", "--exact"]):
        arguments = [str(blend.path), str(tmp_path / "maps"), "-o", str(tmp_path / "out"), *images, *options]
        result = CliRunner().invoke(translate, arguments)
        assert str(result.exception) == "1 of 3 images could not be translated"
        assert "bad.png: a label map holds the value 1, which is no class; the nearest is 0 (sky)" in result.output
        with Image.open(tmp_path / "out" / "one.png") as out:
            assert np.abs(np.asarray(out).astype(int) - expected).max() <= 1


def test_a_label_map_comes_out_as_a_png_of_its_colours(segment: Model, tmp_path: Path) -> None:
    image = np.repeat(np.array([[10, 128, 250]], np.uint8).repeat(5, 0)[..., None], 3, 2)
    assert segment(image).tolist() == [[0, 1, 2]] * 5
    made = segment(Image.fromarray(image))
    assert made.mode == "P"
    assert made.convert("RGB").getpixel((0, 0)) == PALETTE.colours[0]
    Image.fromarray(image).save(tmp_path / "photo.jpg", quality=100)
    for options in ([], ["--tile", "2"]):
        arguments = [str(segment.path), str(tmp_path / "photo.jpg"), "-o", str(tmp_path / "out"), *options]
        result = CliRunner().invoke(translate, arguments)
        assert result.exit_code == 0, result.output
        with Image.open(tmp_path / "out" / "photo.png") as out:
            assert (out.mode, np.asarray(out).tolist()) == ("P", [[0, 1, 2]] * 5)
        (tmp_path / "out" / "photo.png").unlink()
    result = CliRunner().invoke(translate, [str(segment.path), str(tmp_path / "photo.jpg"), "-o", "x.jpg"])
    assert "JPEG cannot hold this image (mode P); write a .png" in result.output


def test_a_generator_of_label_maps_is_refused(labelling: Trained, tmp_path: Path) -> None:
    class Drawing(Recipe):
        kind = "layout"
        players = step = preview = None

        def __init__(self) -> None:
            super().__init__()
            self.drawing = labelling.recipe.segmenting

        def graphs(self) -> dict[str, Graph]:
            return {"draw": Graph(network=self.drawing, task="generate", inputs=(Latent(length=2),), outputs=("b",))}

    with pytest.raises(GantkError, match="graph draw: a label map comes out of a graph that translates alone"):
        export_graph(replace(labelling, recipe=Drawing()), "draw", tmp_path / "draw.onnx")


def test_the_sample_in_python_reads_and_writes_label_maps(blend: Model, segment: Model, tmp_path: Path) -> None:
    app = runpy.run_path(str(SAMPLE))["main"]
    for name, image in {"map": VALUES, "a": picture(1), "style": picture(2), "wrong": VALUES + 1}.items():
        Image.fromarray(image).save(tmp_path / f"{name}.png")
    Image.fromarray(np.array(PALETTE.colours, np.uint8)[IDS]).save(tmp_path / "shown.png")
    paths = {name: str(tmp_path / f"{name}.png") for name in ("map", "shown", "wrong", "a", "style", "out")}
    said = [f"a={paths['a']}", f"style={paths['style']}"]
    expected = np.asarray(blend(paths["map"], a=paths["a"], style=paths["style"]))
    for name in ("map", "shown"):
        app(str(blend.path), paths[name], paths["out"], *said)
        assert np.array_equal(np.asarray(Image.open(paths["out"])), expected)
    with pytest.raises(SystemExit, match=r"wrong.png: holds the value \[1\], which is none of"):
        app(str(blend.path), paths["wrong"], paths["out"], *said)
    app(str(segment.path), paths["a"], paths["out"])
    made = Image.open(paths["out"])
    assert (made.mode, np.asarray(made).tolist()) == ("P", np.asarray(segment(paths["a"])).tolist())


def test_metrics_give_ids_to_a_run_and_to_its_model_alike(blend: Model, segment: Model, labelling: Trained) -> None:
    ids = torch.from_numpy(IDS.astype(np.int64))[None]
    images = [torch.from_numpy(picture(seed)).permute(2, 0, 1)[None] / 127.5 - 1 for seed in (1, 2)]
    graphs, cpu, sides = labelling.recipe.graphs(), torch.device("cpu"), Sides(10, 14)
    of_run = {name: RunFunction(name, graph, sides, cpu, {"b": PALETTE}) for name, graph in graphs.items()}
    (one,), (other,) = ModelFunction(blend, sides)(ids, *images), of_run["blend"](ids, *images)
    assert (one - other).abs().max() <= 1.01 / 127.5
    (one,), (other,) = ModelFunction(segment, sides)(images[0]), of_run["segment"](images[0])
    assert (one.dtype, one.shape) == (torch.int64, (1, 10, 14))
    assert (one != other).float().mean() < 0.02
