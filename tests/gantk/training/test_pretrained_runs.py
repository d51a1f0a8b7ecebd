"""A run whose loss is taken between the features of a pretrained network."""

import json
import shutil

import onnx
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from gantk.runs.run import Run
from support.commands import invoke

PERCEPTUAL = '''
    from pathlib import Path
    from torch import nn
    from torch.nn.functional import l1_loss
    from gantk import Build, Graph, Player, Recipe, Settings

    class Perceptual(Recipe):
        """Translates by the distance of features.

        Args:
            features: the file of the network whose features are compared.
        """

        kind = "paired"
        settings = Settings(learning_rate=1e-3, batch_size=2, ema={"generator": 0.5})

        def __init__(self, build: Build, *, features: Path = Path("features.pth")) -> None:
            super().__init__()
            source, target = build.data.channels["source"], build.data.channels["target"]
            self.generator = build.network(nn.Conv2d(source, target, 3, padding=1), "generator")
            self.features = build.pretrained(features, nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU()))

        def players(self):
            return {"generator": Player(self.generator)}

        def step(self, batches):
            batch = next(batches)
            made = self.features(self.generator(batch["source"]))
            yield "generator", {"features": l1_loss(made, self.features(batch["target"]))}

        def preview(self, batch):
            return {"output": self.generator(batch["source"])}

        def graphs(self):
            return {"source_to_target": Graph(network=self.generator, inputs=("source",), outputs=("target",))}

    @hookimpl
    def recipe():
        return Perceptual
'''


def features(seed: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)).state_dict()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Return a folder with a run of four steps, its plugin, and the pretrained network's file in `weights/`."""
    root = tmp_path_factory.mktemp("pretrained")
    (root / "weights").mkdir()
    torch.save(features(0), root / "weights" / "features.pth")
    body = "\n".join(line[4:] for line in PERCEPTUAL.splitlines())
    (root / "perceptual.py").write_text(f"from gantk import hookimpl\n{body}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCH_HOME", str(root / "torch"))
        patch.chdir(root / "weights")
        said = ("--plugin", root / "perceptual.py", "--data", "emoji:line,flat", "--size", 8, "--device", "cpu")
        every = ("--steps", 4, "--checkpoint-every", 2, "--precision", "fp32")
        absent = invoke("train", *said, *every, "-s", "features=gone.pth", "--out", root / "none", status=2)
        assert "/weights/gone.pth, the pretrained network of option features, is not there" in absent
        assert not (root / "none").exists()
        dry = invoke("train", *said, "-s", "features=gone.pth", "--dry-run", status=2)
        assert dry.splitlines()[-1] == absent.splitlines()[-1]
        assert f"pretrained  {root / 'weights' / 'features.pth'}" in invoke("train", *said, "--dry-run")
        told = invoke("train", *said, *every, "--out", root / "run")
        assert "pretrained network: " in told
    return root


@pytest.fixture
def run(world, tmp_path, monkeypatch):
    """Return a copy of the run, and be in another folder than it was started in."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.chdir(tmp_path)
    shutil.copytree(world / "run", tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def moved(world, tmp_path):
    """Take the file from where the run found it, and return where it is meanwhile."""
    file = world / "weights" / "features.pth"
    shutil.move(file, tmp_path / "moved.pth")
    yield tmp_path / "moved.pth"
    shutil.move(tmp_path / "moved.pth", file)


def test_the_run_says_the_whole_path_and_the_digest(world):
    run = Run(world / "run")
    assert run.config.set["features"] == str(world / "weights" / "features.pth")
    digest = json.loads((run.path / "manifest.json").read_text())["pretrained"]["features"]
    assert len(digest) == 64


def test_no_checkpoint_holds_it(run):
    folder = run / "checkpoints" / "000004"
    files = {file.name: load_file(file) for file in folder.glob("*.safetensors")}
    assert {"generator.safetensors", "generator.average.safetensors"} <= files.keys()
    assert not any(name.startswith("features") for name in files)
    assert files["recipe-0.safetensors"] == {}
    held = [tensor.shape for tensors in files.values() for tensor in tensors.values()]
    assert torch.Size((8, 3, 3, 3)) not in held


def test_it_goes_on_bit_for_bit_from_another_folder(run, world):
    told = invoke("train", "--resume", run, "--step", 2)
    assert "has changed" not in told
    for file in (world / "run" / "checkpoints" / "000004").glob("*.safetensors"):
        again = load_file(run / "checkpoints" / "000004" / file.name)
        assert all(torch.equal(again[name], value) for name, value in load_file(file).items())


def test_a_missing_file_is_said_and_its_new_place_taken(run, world, moved):
    told = invoke("train", "--resume", run, "--steps", 5, status=2)
    assert f"{world}/weights/features.pth, the pretrained network of option features, is not there" in told
    assert "say where it is, -s features=FILE" in told
    told = invoke("train", "--resume", run, "--steps", 5, "-s", "features=moved.pth")
    assert "has changed" not in told
    assert Run(run).config.set["features"] == str(moved)


def test_only_the_place_of_a_file_may_be_said_anew(run):
    assert "leave out optimizer" in invoke("train", "--resume", run, "-s", "optimizer=sgd", status=2)


def test_a_changed_file_is_said(run, tmp_path):
    torch.save(features(1), tmp_path / "other.pth")
    told = invoke("train", "--resume", run, "--steps", 5, "-s", "features=other.pth")
    said = f"note: {tmp_path}/other.pth, a pretrained network, has changed since {run} was started"
    assert said in " ".join(told.split())


def test_an_export_needs_it_not_and_holds_it_not(run, moved, tmp_path):
    invoke("export", run, "--out", tmp_path / "out")
    (file,) = (tmp_path / "out").rglob("*.onnx")
    held = [list(tensor.dims) for tensor in onnx.load(file).graph.initializer]
    assert [3, 3, 3, 3] in held
    assert [8, 3, 3, 3] not in held
