"""The file that says what is trained, and what is wrong in one."""

import pytest
import yaml

from gantk import UsageError
from gantk.runs.config import check_config, read_config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("plugin: [cyclegan]", "plugin is not a name that is known here; known: plugins, data"),
        ("seed: -1", "seed should be at least 0"),
        ("- cyclegan", "names and values are expected"),
        ("a: [", "is not YAML"),
    ],
)
def test_a_wrong_configuration_file_is_one_line(tmp_path, text, message):
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        read_config(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_values_are_checked_with_their_place():
    with pytest.raises(UsageError, match="the command line: precision"):
        check_config({"precision": "fp8"}, "the command line")
    assert yaml.safe_load("1e-3") == "1e-3"  # why options parse numbers themselves
