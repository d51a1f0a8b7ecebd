"""Checkpoints: complete or not there, the newest kept, a full disk survived, nothing unpickled."""

import errno
import json
import os
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from gantk import GantkError, Network, Player, Recipe
from gantk.plan.settings import RunSettings
from gantk.recipe.graph import Graph
from gantk.runs import checkpoints as room
from gantk.runs.checkpoints import Checkpoints
from gantk.runs.checksums import check_files
from gantk.training.optimizer_state import check_moved, optimizer_state, possible_state
from gantk.training.optimizers import Averages, make_movers
from gantk.training.processes import World
from gantk.training.state import TrainingState, load_settled, load_weights
from gantk.training.statistics import Settled, settled_averages

SETTINGS = RunSettings(optimizer="adam", learning_rate=0.1, betas=(0.5, 0.9))


class Feedback(Recipe):
    kind = "images"
    step = preview = None  # Not asked for here.

    def __init__(self) -> None:
        super().__init__()
        self.generator = Network(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)), "generator")
        self.register_buffer("balance", torch.zeros(()))

    def graphs(self):
        return {"generator": Graph(network=self.generator, inputs=("image",), outputs=("image",))}

    def players(self):
        return {"generator": Player(self.generator)}


def make_state(step: int) -> TrainingState:
    torch.manual_seed(step)
    recipe = Feedback()
    movers = make_movers(recipe, SETTINGS)
    averages = Averages(recipe, {"generator": 0.9})
    recipe.generator(torch.randn(4, 2)).square().sum().backward()
    movers["generator"].move()
    recipe.balance.add_(step)
    state = TrainingState(recipe, movers, averages, {"images": 40 + step}, step, torch.device("cpu"))
    state.settled = Settled(settled_averages(recipe))
    return state


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

    monkeypatch.setattr(room, "flush", full)
    with pytest.raises(
        GantkError,
        match="the disk is full; make room; the last good checkpoint is .*000001; go on with: gantk",
    ) as caught:
        checkpoints.save(make_state(2), World())
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["000001"]
    assert {path.name: path.read_bytes() for path in good.iterdir()} == before


def test_a_damaged_checkpoint_is_one_clear_line(tmp_path):
    path = Checkpoints(tmp_path).save(make_state(1), World())
    (path / "checksums.json").unlink()
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
    with pytest.raises(GantkError, match="has no checkpoint.*start anew with: gantk train --config .*config.yaml"):
        Checkpoints(tmp_path / "checkpoints").newest()


def test_going_on_is_said_only_where_there_is_a_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "flush", lambda _: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error")))
    with pytest.raises(
        GantkError, match="no checkpoint had been saved; start anew with: gantk train --config"
    ) as caught:
        Checkpoints(tmp_path / "checkpoints").save(make_state(1), World())
    assert "--resume" not in str(caught.value)


ELSEWHERE = {
    "optimizers": ["generator/0/exp_avg", "generator/0/exp_avg_sq", "generator/0/step"],
    "generator": ["0.weight", "1.num_batches_tracked"],
    "generator.average": ["0.weight", "1.running_mean"],
    "recipe-0": ["balance"],
    "random-0": ["cpu"],
    "statistics": ["generator.module.1.running_mean"],
}


@pytest.mark.parametrize(("file", "name"), [(file, name) for file, names in ELSEWHERE.items() for name in names])
@pytest.mark.parametrize("change", ["shape", "dtype", "renamed"])
def test_a_tensor_that_does_not_fit_is_refused_before_it_is_used(tmp_path, file, name, change):
    path = Checkpoints(tmp_path).save(make_state(1), World()) / f"{file}.safetensors"
    (path.parent / "checksums.json").unlink()  # as whoever makes such a file would
    tensors = load_file(path)
    value = tensors.pop(name)
    kinds = {"shape": torch.zeros(7, dtype=value.dtype), "dtype": value.to(torch.float16), "renamed": value}
    key = "x/y/z" if change == "renamed" else name
    save_file({**tensors, key: kinds[change]}, path)
    with pytest.raises(GantkError) as caught:
        make_state(2).read(path.parent, World())
    said = str(caught.value)
    assert str(path) in said
    assert name in said
    assert {"shape": "(7,) there and", "dtype": "float16 there and", "renamed": ""}[change] in said
    assert "\n" not in said


def rewritten(path, change, *, recorded):
    """Change a file's tensors, and leave nothing that tells; without `recorded`, as version 0.2 would have it."""
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)
    (path.parent / "checksums.json").unlink()
    if not recorded:
        state = path.parent / "state.json"
        facts = json.loads(state.read_text())
        state.write_text(json.dumps({key: facts[key] for key in ("step", "positions", "processes")}))


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("name", ["generator/0/step", "generator/1/exp_avg", "generator/3/exp_avg_sq"])
def test_a_tensor_of_an_optimizer_that_lacks_is_named(tmp_path, name, recorded):
    path = Checkpoints(tmp_path).save(make_state(1), World()) / "optimizers.safetensors"
    rewritten(path, lambda tensors: tensors.pop(name), recorded=recorded)
    with pytest.raises(GantkError, match=rf"cannot load the optimizers from {path}: it has no {name}$"):
        make_state(2).read(path.parent, World())


@pytest.mark.parametrize("lacking", ["generator/1", ""])
def test_a_parameter_that_had_moved_is_missed(tmp_path, lacking):
    def change(tensors):
        for name in [name for name in tensors if name.startswith(lacking)]:
            del tensors[name]

    path = Checkpoints(tmp_path).save(make_state(1), World()) / "optimizers.safetensors"
    rewritten(path, change, recorded=True)
    state = make_state(2)
    with pytest.raises(GantkError, match=f"it has no {lacking or 'generator/0'}/"):
        state.read(path.parent, World())
    facts = json.loads((path.parent / "state.json").read_text())
    (path.parent / "state.json").write_text(json.dumps({key: facts[key] for key in facts if key != "moved"}))
    state.read(path.parent, World())
    assert not state.records_moves
    # What is not recorded is known from what the losses reach; what they do not reach never moved.
    parameters = list(state.recipe.parameters())
    check_moved(state.movers, set() if not lacking else {parameters[0], parameters[2]}, path)
    with pytest.raises(
        GantkError, match=f"cannot load the optimizers from {path}: it has no {lacking or 'generator/0'}/"
    ):
        check_moved(state.movers, set(parameters), path)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("optimizers", "generator/2/exp_avg"), ("generator", "0.weight"), ("generator.average", "0.bias"),
        ("statistics", "generator.module.1.running_var"),
    ],
)  # fmt: skip
def test_numbers_that_are_not_finite_are_refused(tmp_path, file, name, number):
    path = Checkpoints(tmp_path).save(make_state(1), World()) / f"{file}.safetensors"
    rewritten(path, lambda tensors: tensors[name].view(-1)[-1:].fill_(number), recorded=True)
    with pytest.raises(GantkError, match=rf"from {path}: {name} holds numbers that are not finite"):
        make_state(2).read(path.parent, World())


@pytest.mark.parametrize("recorded", [True, False])
def test_averages_over_the_data_are_all_there_or_none(tmp_path, recorded):
    path = Checkpoints(tmp_path).save(make_state(1), World()) / "statistics.safetensors"
    rewritten(path, lambda tensors: tensors.pop("generator.module.1.running_var"), recorded=recorded)
    for read in (lambda: make_state(2).read(path.parent, World()), lambda: load_settled(Feedback(), path.parent)):
        with pytest.raises(GantkError, match="it has no generator.module.1.running_var"):
            read()
    path.unlink()
    if recorded:
        with pytest.raises(GantkError, match="cannot load batch norm's averages"):
            load_settled(Feedback(), path.parent)
    else:
        assert load_settled(Feedback(), path.parent) == Settled()


def test_where_what_is_read_does_not_fit_a_checkpoint_that_does_is_named(tmp_path):
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    paths = [checkpoints.save(make_state(step), World()) for step in (1, 2, 3)]
    for path in paths[1:]:
        rewritten(path / "optimizers.safetensors", lambda tensors: tensors.pop("generator/0/step"), recorded=True)
    with pytest.raises(GantkError, match=rf"{paths[2]}.* has no generator/0/step; {paths[0]} is whole: say --step 1$"):
        checkpoints.taken(paths[2], lambda path: make_state(9).read(path, World()))


def test_from_where_numbers_failed_a_run_does_not_go_on_again(tmp_path):
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    for step in (2, 4):
        checkpoints.save(make_state(step), World())
    again = f"gantk train --resume {tmp_path}"
    assert checkpoints.after_failing_from(0).endswith(
        f"the last good checkpoint is {checkpoints.newest()}; go on with: {again}"
    )
    assert checkpoints.after_failing_from(3).endswith(f"go on with: {again}")
    assert checkpoints.after_failing_from(4).endswith(
        f"fail so again; go on from an older checkpoint with: {again} --step 2"
    )
    assert checkpoints.after_failing_from(2).endswith(f"go on with: {again}")
    room._delete(tmp_path / "checkpoints" / "000002")
    assert "no older checkpoint is kept; start anew with: gantk train --config" in checkpoints.after_failing_from(4)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "rmsprop", "sgd"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_what_each_optimizer_keeps_is_known_beforehand(optimizer, momentum):
    settings = replace(SETTINGS, optimizer=optimizer, betas=(momentum, 0.9))
    recipe = Feedback()
    movers = make_movers(recipe, settings)
    recipe.generator(torch.randn(4, 2)).square().sum().backward()
    movers["generator"].move()
    kept, possible = optimizer_state(movers), possible_state(movers)
    assert kept.keys() == possible.keys()
    assert all((value.shape, value.dtype) == (possible[key].shape, possible[key].dtype) for key, value in kept.items())


def test_a_flipped_bit_is_found_and_the_checkpoint_before_it_named(tmp_path):
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    before, path = (checkpoints.save(make_state(step), World()) for step in (1, 2))
    assert checkpoints.chosen(None) == path
    for file in sorted(path.iterdir()):
        whole = file.read_bytes()
        torn = bytearray(whole)
        torn[len(torn) // 2] ^= 4
        file.write_bytes(torn)
        with pytest.raises(GantkError, match=r"; .*000001 is whole: say --step 1") as caught:
            checkpoints.chosen(None)
        assert str(path) in str(caught.value)
        file.write_bytes(whole)
    (before / "random-0.safetensors").unlink()
    (path / "state.json").write_text("{}")
    with pytest.raises(GantkError, match="state.json is damaged.*no other checkpoint is whole; start anew"):
        checkpoints.chosen(None)


def test_a_checkpoint_without_checksums_is_read_as_before(tmp_path):
    path = Checkpoints(tmp_path).save(make_state(7), World())
    (path / "checksums.json").unlink()
    facts = json.loads((path / "state.json").read_text())
    (path / "state.json").write_text(json.dumps(facts | {"optimizers": {}}))
    assert Checkpoints(tmp_path).chosen(None) == path
    state = make_state(9)
    state.read(path, World())
    assert state.step == 7


STATES = ["", "null", "[]", "{}", "7", "[" * 5000, '{"step": 1e999}', '{"step": -1, "positions": {}, "processes": 1}',
          '{"step": 1, "positions": [], "processes": 1}', '{"step": 1, "positions": {"a": -4}, "processes": 1}',
          '{"step": 1, "positions": {}, "processes": 0}', '{"step": "1", "positions": {}, "processes": 1}',
          '{"step": 2, "positions": {}, "processes": 1}', '{"step": ' + "9" * 5000 + "}"]  # fmt: skip


@pytest.mark.parametrize("text", STATES)
def test_a_state_that_says_something_else_is_one_line(tmp_path, text):
    path = Checkpoints(tmp_path).save(make_state(1), World())
    (path / "state.json").write_text(text)
    with pytest.raises(GantkError, match="state.json") as caught:
        make_state(2).read(path, World())
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("kind", ["pipe", "giant", "folder", "device"])
def test_special_files_are_not_read(tmp_path, kind):
    path = Checkpoints(tmp_path).save(make_state(1), World())
    for name in ("generator.safetensors", "state.json", "checksums.json"):
        whole = (path / name).read_bytes()
        (path / name).unlink()
        if kind == "pipe":
            os.mkfifo(path / name)
        elif kind == "giant":
            with (path / name).open("wb") as file:
                file.truncate(200 * 10**9)
        elif kind == "folder":
            (path / name).mkdir()
        else:
            (path / name).symlink_to("/dev/zero")
        with pytest.raises(GantkError, match=name):
            check_files(path) if name == "checksums.json" else make_state(2).read(path, World())
        room._delete(path / name)
        (path / name).write_bytes(whole)


def test_links_among_checkpoints_are_none_and_what_they_name_stays(tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "kept.txt").write_text("kept")
    folder = tmp_path / "run" / "checkpoints"
    folder.mkdir(parents=True)
    for name in ("000000", "000001", "000002", "000009.partial"):
        (folder / name).symlink_to(precious)
    (folder / "²").mkdir()
    checkpoints = Checkpoints(folder, keep=1)
    checkpoints.save(make_state(1), World())
    checkpoints.save(make_state(2), World())
    assert [path.name for path in checkpoints.all()] == ["000002"]
    assert (precious / "kept.txt").read_text() == "kept"
    assert list(precious.iterdir()) == [precious / "kept.txt"]


def test_a_checkpoint_that_is_being_deleted_is_none(tmp_path, monkeypatch):
    checkpoints = Checkpoints(tmp_path, keep=1)
    checkpoints.save(make_state(1), World())
    monkeypatch.setattr(room.shutil, "rmtree", lambda *_, **__: None)  # killed before its first file went
    checkpoints.save(make_state(2), World())
    assert [path.name for path in checkpoints.all()] == ["000002"]
    monkeypatch.undo()
    checkpoints.save(make_state(3), World())
    assert [path.name for path in tmp_path.iterdir()] == ["000003"]


def test_going_back_keeps_what_came_after_under_another_name(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    for step in (1, 2, 3):
        checkpoints.save(make_state(step), World())
    assert [path.name for path in checkpoints.set_aside(1)] == ["000002.aside", "000003.aside"]
    assert checkpoints.newest().name == "000001"
    checkpoints.save(make_state(2), World())
    assert [path.name for path in checkpoints.set_aside(1)] == ["000002-2.aside"]
