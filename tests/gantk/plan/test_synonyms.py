"""What was meant by a name that other programs use."""

import pytest
from click.testing import CliRunner

from gantk.cli.main import main
from gantk.cli.train import train
from gantk.errors import UsageError
from gantk.parts.settings import Settings
from gantk.plan import synonyms
from gantk.plan.resolve import resolve
from gantk.plugins.options import options_of
from gantk.runs.config import Config


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("lr", "; did you mean 'learning_rate'?"),
        ("LR", "; did you mean 'learning_rate'?"),
        ("learning-rate", "; did you mean 'learning_rate'?"),
        ("batch", "; did you mean 'batch_size'?"),
        ("n_epochs", "; did you mean 'epochs'?"),
        ("iterations", "; did you mean 'steps'?"),
        ("img_size", "; did you mean 'size'?"),
        ("ngf", "; did you mean 'generator.filters'?"),
        ("lambda_A", "; did you mean 'cycle'?"),
        ("seed", "; say it by --seed"),
        ("num_workers", "; say it by --workers"),
        ("gpu", "; say it by --device"),
        ("gan_mode", "; say it by --loss"),
        ("cycl", "; did you mean 'cycle'?"),
        ("upsampling", "; did you mean 'generator.upsampling'?"),
    ],
)
def test_an_unknown_setting_names_the_one_that_was_meant(name, hint):
    with pytest.raises(UsageError) as caught:
        resolve(Config(plugins=["cyclegan"], set={name: "3"}))
    assert str(caught.value) == f"no option is called {name}{hint}"


def test_a_name_that_is_like_no_other_is_answered_by_few_and_by_the_command_that_lists_them():
    with pytest.raises(UsageError) as caught:
        resolve(Config(plugins=["cyclegan"], set={"zzz": "3"}))
    assert str(caught.value).endswith("; gantk plugins cyclegan lists all")
    assert len(str(caught.value)) < 200


def test_a_name_that_nobody_uses_shows_all():
    assert synonyms.meant("qqq", ["cycle", "size"]) == "; known: cycle, size"
    assert synonyms.meant("nz", ["cycle", "size"]) == "; known: cycle, size"


@pytest.mark.parametrize(
    ("option", "right"),
    [
        ("--lr", "-s learning_rate=VALUE"),
        ("--epochs", "-s epochs=VALUE"),
        ("--batch", "--batch-size"),
        ("--gpu", "--device"),
    ],
)
def test_an_unknown_option_says_how_it_is_said(option, right):
    refused = CliRunner().invoke(main, ["train", option, "3"], prog_name="gantk")
    assert refused.exit_code == 2
    assert refused.stderr.endswith(f"Error: there is no option {option}; say {right}\n")


def test_other_unknown_options_are_clicks_own():
    assert "No such option" in CliRunner().invoke(main, ["train", "--qqq"], prog_name="gantk").stderr


def test_what_is_named_is_there():
    options = {name for parameter in train.params for name in parameter.opts}
    assert {*synonyms._OPTIONS, *synonyms._DIRECT.values()} <= options
    own = {name for name in synonyms._SETTINGS if "." not in name} - {"latent", "cycle", "identity", "l1", "pool"}
    assert own <= options_of(Settings).keys()
