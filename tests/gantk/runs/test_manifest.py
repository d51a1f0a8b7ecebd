"""A run's manifest and configuration: whatever stands in them, one line says which field of which file is wrong."""

import json
import re

import pytest

from gantk.errors import GantkError, UsageError
from gantk.parts.settings import Settings
from gantk.runs.config import check_config, read_config
from gantk.runs.manifest import Manifest
from gantk.runs.recorded_data import RecordedData
from gantk.runs.run import Run

IMAGE = {"channels": 3, "dtype": "uint8", "window": [0.0, 255.0]}
DATA = {"name": "emoji", "kind": "unpaired", "summary": "", "licence": "MIT", "fingerprint": "ab", "classes": [],
        "domains": [], "images": {"a": IMAGE}}  # fmt: skip


def with_image(**changes):
    return {"data": {**DATA, "images": {"a": {**IMAGE, **changes}}}}


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        (None, "names and values"), ([1], "names and values"), (7, "names and values"), ("x", "names and values"),
        ({}, "data"), ({"data": None}, "data"), ({"data": []}, "data"),
        ({"data": {**DATA, "images": []}}, "data.images"),
        ({"data": {**DATA, "name": 7}}, "data.name"), ({"data": {**DATA, "classes": "abc"}}, "data.classes"),
        ({"data": {**DATA, "fingerprint": None}}, "data.fingerprint"), ({"data": {**DATA, "kind": []}}, "data.kind"),
        ({"data": {**DATA, "domains": [1]}}, "data.domains.0"), ({"data": DATA, "imported": 3}, "imported"),
        (with_image(channels=0), "channels"), (with_image(channels=10**9), "channels"),
        (with_image(channels="many"), "channels"), (with_image(dtype="complex128"), "dtype"),
        (with_image(window=[0]), "window"), (with_image(window=[5, 5]), "window"), (with_image(window=None), "window"),
        (with_image(window=[0, float("inf")]), "window.1"), (with_image(window=[0, float("nan")]), "window.1"),
    ],
)  # fmt: skip
def test_a_manifest_that_says_something_else_is_one_line(tmp_path, facts, field):
    (tmp_path / "manifest.json").write_text(json.dumps(facts))
    with pytest.raises(GantkError, match=rf"manifest.json: .*{field}") as caught:
        _ = Run(tmp_path).manifest
    assert "\n" not in str(caught.value)
    assert not re.search(r"[Ii]nput|instance|dictionary|Facts|Manifest|Field", str(caught.value))
    assert str(caught.value).endswith(f": gantk train --config {tmp_path}/config.yaml --init {tmp_path}")


@pytest.mark.parametrize("text", ["", "[" * 5000, "{", '{"data": ' + "9" * 5000 + "}"])
def test_a_manifest_that_is_no_json_is_one_line(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(GantkError, match=r"cannot read .*manifest.json: (no JSON|nested)"):
        _ = Run(tmp_path).manifest
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(GantkError, match="cannot read .*manifest.json: No such file"):
        _ = Run(tmp_path).manifest


def test_credits_are_recorded_and_runs_without_them_name_nobody():
    names = ["CC-BY-4.0: Ada, Bén", "CC0-1.0: " + "Cé, " * 9000]
    recorded = Manifest.model_validate({"data": {**DATA, "credits": names}})
    assert list(RecordedData(recorded.data).credits) == names
    assert list(RecordedData(Manifest.model_validate({"data": DATA}).data).credits) == []


def test_names_that_are_not_utf_8_are_names(tmp_path):
    named = "photos-\udcff"
    assert check_config({"data": [named]}, "").data == [named]
    assert Manifest.model_validate({"data": {**DATA, "name": named, "classes": [named]}}).data.classes == [named]


def test_what_gantk_does_not_read_is_kept_and_version_0_1_said_no_kind():
    facts = {"command": ["gantk"], "data": {**DATA, "further": 1}, "host": {"x": 1}}
    assert Manifest.model_validate(facts).model_dump(exclude_unset=True, mode="json") == facts
    old = {key: value for key, value in DATA.items() if key != "kind"}
    assert Manifest.model_validate({"data": old}).data.kind == "unpaired"
    assert Manifest.model_validate({"data": {**old, "images": {"source": IMAGE}}}).data.kind == "paired"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"workers": 10**6}, "workers should be at most 256"), ({"keep": 0}, "keep"), ({"keep": 10**30}, "keep"),
        ({"log_every": 10**12}, "log_every"), ({"seed": 2**70}, "seed"), ({"seed": -1}, "seed"),
        ({"plugins": ["x" * 5000]}, "plugins.0"), ({"plugins": "cyclegan"}, "plugins"), ({"data": [7]}, "data.0"),
        ({"plugins": ["a"] * 101}, "plugins"), ({"set": {"x" * 999: 1}}, "set"), ({"set": []}, "set"),
        ({"device": "cuda" * 99}, "device"), ({1: 2}, "no text"), ({"x" * 5000: 1}, "known here; known: plugins"),
        ({"normalization": {"": {}}}, "normalization"), ({"scale": "vast"}, "scale"), ({"compile": []}, "compile"),
    ],
)  # fmt: skip
def test_a_configuration_beyond_its_bounds_names_the_field(values, field):
    with pytest.raises(UsageError, match=f"the command line: .*{field}") as caught:
        check_config(values, "the command line")
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("text", ["a: " + "x" * 70_000, "[" * 5000, "&a [*a]", "seed: 0x" + "f" * 60_000, "\x00"])
def test_a_configuration_file_that_is_too_much_is_one_line(tmp_path, text):
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(UsageError, match="config.yaml") as caught:
        read_config(tmp_path / "config.yaml")
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 10**9}, "batch_size: 1000000000 is not from 1 to"), ({"batch_size": 0}, "from 1 to"),
        ({"steps": 10**15}, "steps"), ({"epochs": 10**15}, "epochs"), ({"size": 10**6}, "size: 1000000 is not"),
        ({"accumulate": 10**6}, "accumulate"), ({"critic_steps": 10**6}, "critic_steps"), ({"jitter": 1e9}, "jitter"),
        ({"jitter": float("nan")}, "jitter"), ({"ema": {"a": 1.0}}, "ema"), ({"learning_rate": float("inf")}, "rate"),
        ({"size": 4096, "batch_size": 1024}, "17,179,869,184 pixels a batch"),
        ({"size": 16384, "jitter": 16.0}, "pixels a batch"),
    ],
)  # fmt: skip
def test_absurd_settings_are_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        Settings(**settings)
