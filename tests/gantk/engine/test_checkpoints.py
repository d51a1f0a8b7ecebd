"""Checkpoints: complete or not there, the newest kept, a full disk survived, nothing unpickled."""

import errno

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from gantk import GantkError, Network, Player, Recipe
from gantk.engine import checkpoints as room
from gantk.engine.checkpoints import Checkpoints, TrainingState, load_weights
from gantk.engine.optimizers import Averages, make_movers
from gantk.engine.processes import World

SETTINGS = {"optimizer": "adam", "learning_rate": 0.1, "betas": (0.5, 0.9), "rmsprop_decay": 0.99, "clip": None}


class Feedback(Recipe):
    kind = "images"
    step = preview = graphs = None  # Not asked for here.

    def __init__(self) -> None:
        super().__init__()
        self.generator = Network(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)), "generator")
        self.register_buffer("balance", torch.zeros(()))

    def players(self):
        return {"generator": Player(self.generator)}


def make_state(step: int) -> TrainingState:
    torch.manual_seed(step)
    recipe = Feedback()
    movers = make_movers(recipe, SETTINGS.__getitem__)
    averages = Averages(recipe, {"generator": 0.9})
    recipe.generator(torch.randn(4, 2)).square().sum().backward()
    movers["generator"].move()
    recipe.balance.add_(step)
    return TrainingState(recipe, movers, averages, {"images": 40 + step}, step, torch.device("cpu"))


def test_everything_comes_back(tmp_path):
    saved = make_state(7)
    random = torch.get_rng_state()
    path = Checkpoints(tmp_path).save(saved, World())
    other = make_state(9)
    other.read(path, World())
    assert (other.step, other.positions) == (7, {"images": 47})
    assert torch.equal(torch.get_rng_state(), random)
    assert other.recipe.balance == 7
    for name, tensor in saved.recipe.state_dict().items():
        assert torch.equal(tensor, other.recipe.state_dict()[name]), name
    ours, theirs = (s.movers["generator"].optimizer.state_dict()["state"] for s in (saved, other))
    for index, state in ours.items():
        assert state.keys() == theirs[index].keys()
        assert all(torch.equal(state[name], theirs[index][name]) for name in state)
    assert {path.suffix for path in path.iterdir()} == {".safetensors", ".json"}


def test_only_the_newest_are_kept_and_leftovers_go(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=2)
    (tmp_path / "000099.partial").mkdir(parents=True)
    for step in (1, 2, 3):
        checkpoints.save(make_state(step), World())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000002", "000003"]
    assert checkpoints.newest().name == "000003"


def test_a_full_disk_leaves_the_last_good_checkpoint(tmp_path, monkeypatch):
    checkpoints = Checkpoints(tmp_path)
    good = checkpoints.save(make_state(1), World())
    before = {path.name: path.read_bytes() for path in good.iterdir()}

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(room, "_flush", full)
    with pytest.raises(GantkError, match="the disk is full; the last good checkpoint is .*000001") as caught:
        checkpoints.save(make_state(2), World())
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["000001"]
    assert {path.name: path.read_bytes() for path in good.iterdir()} == before


def test_a_damaged_checkpoint_is_one_clear_line(tmp_path):
    path = Checkpoints(tmp_path).save(make_state(1), World())
    (path / "generator.safetensors").write_bytes(b"torn")
    with pytest.raises(GantkError, match="cannot load generator from .*000001"):
        make_state(2).read(path, World())


def test_weights_of_another_network_are_named_by_their_first_difference(tmp_path):
    folder = Checkpoints(tmp_path).save(make_state(1), World())
    recipe = make_state(2).recipe
    tensors = load_file(folder / "generator.safetensors")
    name = next(iter(tensors))
    for others, reason in (
        ({**tensors, name: torch.zeros(7)}, rf"{name} is \(7,\) there and \(.*\) here"),
        ({key: value for key, value in tensors.items() if key != name}, f"it has no {name}"),
        ({**tensors, "further": torch.zeros(1)}, "further is not in this one"),
    ):
        save_file(others, folder / "generator.safetensors")
        with pytest.raises(GantkError, match=f"it is another network, or has other options: {reason}") as caught:
            load_weights(recipe, folder)
        assert "\n" not in str(caught.value)


def test_no_checkpoint_is_one_clear_line(tmp_path):
    with pytest.raises(GantkError, match="has no checkpoint"):
        Checkpoints(tmp_path / "checkpoints").newest()
