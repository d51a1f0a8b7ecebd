"""What is read of a checkpoint is checked: names, shapes, dtypes, numbers, checksums and its state."""

import json
import os
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from gantk import GantkError
from gantk.plan.settings import RunSettings
from gantk.runs import checkpoints as room
from gantk.runs.checkpoints import Checkpoints
from gantk.runs.checksums import check_files
from gantk.training.optimizer_state import check_moved, optimizer_state, possible_state
from gantk.training.optimizers import make_movers
from gantk.training.processes import World
from gantk.training.state import load_settled, load_weights
from gantk.training.statistics import Settled


def test_a_damaged_checkpoint_is_one_clear_line(tmp_path, make_state):
    path = Checkpoints(tmp_path).save(make_state(1), World())
    (path / "checksums.json").unlink()
    (path / "generator.safetensors").write_bytes(b"torn")
    with pytest.raises(GantkError, match="cannot load generator from .*000001"):
        make_state(2).read(path, World())


def test_weights_of_another_network_are_named_by_their_first_difference(tmp_path, make_state):
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
def test_a_tensor_that_does_not_fit_is_refused_before_it_is_used(tmp_path, file, name, change, make_state):
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
def test_a_tensor_of_an_optimizer_that_lacks_is_named(tmp_path, name, recorded, make_state):
    path = Checkpoints(tmp_path).save(make_state(1), World()) / "optimizers.safetensors"
    rewritten(path, lambda tensors: tensors.pop(name), recorded=recorded)
    with pytest.raises(GantkError, match=rf"cannot load the optimizers from {path}: it has no {name}$"):
        make_state(2).read(path.parent, World())


@pytest.mark.parametrize("lacking", ["generator/1", ""])
def test_a_parameter_that_had_moved_is_missed(tmp_path, lacking, make_state):
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
def test_numbers_that_are_not_finite_are_refused(tmp_path, file, name, number, make_state):
    path = Checkpoints(tmp_path).save(make_state(1), World()) / f"{file}.safetensors"
    rewritten(path, lambda tensors: tensors[name].view(-1)[-1:].fill_(number), recorded=True)
    with pytest.raises(GantkError, match=rf"from {path}: {name} holds numbers that are not finite"):
        make_state(2).read(path.parent, World())


@pytest.mark.parametrize("recorded", [True, False])
def test_averages_over_the_data_are_all_there_or_none(tmp_path, recorded, make_state, feedback):
    path = Checkpoints(tmp_path).save(make_state(1), World()) / "statistics.safetensors"
    rewritten(path, lambda tensors: tensors.pop("generator.module.1.running_var"), recorded=recorded)
    for read in (lambda: make_state(2).read(path.parent, World()), lambda: load_settled(feedback(), path.parent)):
        with pytest.raises(GantkError, match="it has no generator.module.1.running_var"):
            read()
    path.unlink()
    if recorded:
        with pytest.raises(GantkError, match="cannot load batch norm's averages"):
            load_settled(feedback(), path.parent)
    else:
        assert load_settled(feedback(), path.parent) == Settled()


def test_where_what_is_read_does_not_fit_a_checkpoint_that_does_is_named(tmp_path, make_state):
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    paths = [checkpoints.save(make_state(step), World()) for step in (1, 2, 3)]
    for path in paths[1:]:
        rewritten(path / "optimizers.safetensors", lambda tensors: tensors.pop("generator/0/step"), recorded=True)
    with pytest.raises(GantkError, match=rf"{paths[2]}.* has no generator/0/step; {paths[0]} is whole: say --step 1$"):
        checkpoints.taken(paths[2], lambda path: make_state(9).read(path, World()))


def test_from_where_numbers_failed_a_run_does_not_go_on_again(tmp_path, make_state):
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
def test_what_each_optimizer_keeps_is_known_beforehand(optimizer, momentum, feedback):
    settings = replace(
        RunSettings(optimizer="adam", learning_rate=0.1, betas=(0.5, 0.9)), optimizer=optimizer, betas=(momentum, 0.9)
    )
    recipe = feedback()
    movers = make_movers(recipe, settings)
    recipe.generator(torch.randn(4, 2)).square().sum().backward()
    movers["generator"].move()
    kept, possible = optimizer_state(movers), possible_state(movers)
    assert kept.keys() == possible.keys()
    assert all((value.shape, value.dtype) == (possible[key].shape, possible[key].dtype) for key, value in kept.items())


def test_a_flipped_bit_is_found_and_the_checkpoint_before_it_named(tmp_path, make_state):
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


def test_a_checkpoint_without_checksums_is_read_as_before(tmp_path, make_state):
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
def test_a_state_that_says_something_else_is_one_line(tmp_path, text, make_state):
    path = Checkpoints(tmp_path).save(make_state(1), World())
    (path / "state.json").write_text(text)
    with pytest.raises(GantkError, match="state.json") as caught:
        make_state(2).read(path, World())
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("kind", ["pipe", "giant", "folder", "device"])
def test_special_files_are_not_read(tmp_path, kind, make_state):
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
