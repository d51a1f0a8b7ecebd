import os
import re
import signal
import subprocess
import sys
import warnings

import pytest
from click.testing import CliRunner

import gantk
from gantk.cli.main import Commands, main
from gantk.install_lines import extra_line

COMMANDS = """
    import os, signal
    import click
    from gantk.errors import GantkError, PluginError, UsageError

    @click.command()
    def fine():
        "Do a fine thing."
        click.echo("done")

    @click.command()
    @click.argument("how")
    def fail(how):
        "Fail."
        if how == "work":
            raise GantkError("the work failed")
        if how == "usage":
            raise UsageError("asked wrongly")
        if how == "cause":
            raise PluginError("plugin x failed") from ValueError("the cause")
        if how == "import":
            import pillow_heif
        if how == "foreign":
            import no_such_package
        if how == "pipe":
            raise BrokenPipeError(32, "Broken pipe")
        os.kill(os.getpid(), signal.SIGINT)

    not_a_command = 3
"""


@pytest.fixture
def gantk_with(distribution, without):
    """Return a function that runs gantk with a third party's commands installed, and no HEIC."""
    without("pillow_heif")
    distribution(
        "acme",
        {
            "gantk.commands": {
                "fine": "acme_commands:fine",
                "fail": "acme_commands:fail",
                "broken": "acme_broken:broken",
                "gone": "acme_commands:gone",
                "value": "acme_commands:not_a_command",
                "heif": "acme_heif:heif",
            }
        },
        {"acme_commands.py": COMMANDS, "acme_broken.py": "1 / 0\n", "acme_heif.py": "import pillow_heif\n"},
    )

    def run(*arguments, standalone=True):
        # The group that the package makes has read the entry points already.
        return CliRunner().invoke(Commands("gantk"), arguments, prog_name="gantk", standalone_mode=standalone)

    return run


def test_help_lists_every_command_with_a_worked_example():
    shown = CliRunner().invoke(main, ["--help"], prog_name="gantk")
    assert shown.exit_code == 0
    assert all(f"\n  {name} " in shown.stdout for name in ("train", "plugins", "data", "translate", "export", "verify"))
    assert "gantk train --plugin cyclegan" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80


def test_version():
    assert CliRunner().invoke(main, ["--version"]).stdout == f"gantk, version {gantk.__version__}\n"


def test_a_third_partys_command_is_listed_and_runs(gantk_with):
    assert "fine       Do a fine thing." in " ".join(gantk_with("--help").stdout.splitlines()).replace("  fine", "fine")
    assert gantk_with("fine").stdout == "done\n"


def test_only_the_command_that_is_called_is_imported(gantk_with):
    gantk_with("fine")
    assert "acme_commands" in sys.modules
    assert "acme_heif" not in sys.modules


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("broken", "acme_broken:broken cannot be imported: ZeroDivisionError: division by zero"),
        ("gone", "acme_commands:gone cannot be imported: AttributeError: "),
        ("value", "acme_commands:not_a_command is not a click command"),
        ("heif", f"it comes with: {extra_line('heic')}"),
    ],
)
def test_a_broken_command_is_listed_with_its_reason_and_breaks_no_other(gantk_with, name, reason):
    listed = gantk_with("--help")
    assert listed.exit_code == 0
    assert reason[:20] in " ".join(listed.stdout.split())
    called = gantk_with(name, "--any", "thing")
    assert (called.exit_code, called.stdout) == (1, "")
    assert called.stderr.startswith(f"Error: command {name}: ")
    assert reason in called.stderr


def test_two_packages_with_one_command_are_both_named(gantk_with, distribution):
    distribution("other", {"gantk.commands": {"fine": "other_commands:fine"}})
    called = gantk_with("fine")
    assert called.exit_code == 1
    assert "two installed packages bring it: " in called.stderr
    assert "acme (acme_commands:fine)" in called.stderr
    assert "other (other_commands:fine)" in called.stderr
    assert "two installed packages bring it" in gantk_with("--help").stdout


@pytest.mark.parametrize(
    ("how", "status", "message"),
    [
        ("work", 1, "Error: the work failed\n"),
        ("usage", 2, "Error: asked wrongly\n"),
        ("import", 1, f"Error: gantk fail needs pillow_heif, which is not installed: {extra_line('heic')}\n"),
        ("pipe", 1, ""),
        ("interrupt", 130, "stopped\n"),
    ],
)
def test_failures_give_one_line_and_their_exit_status(gantk_with, how, status, message):
    called = gantk_with("fail", how)
    assert (called.exit_code, called.stdout, called.stderr) == (status, "", message)


def test_the_exit_status_reaches_a_caller_from_python(gantk_with):
    assert gantk_with("fail", "usage", standalone=False).return_value == 2


def test_an_error_of_the_programs_own_keeps_its_traceback(gantk_with):
    assert isinstance(gantk_with("fail", "foreign").exception, ModuleNotFoundError)


def test_the_trace_adds_the_cause_of_an_error(gantk_with, monkeypatch):
    assert gantk_with("fail", "cause").stderr == "Error: plugin x failed\n"
    monkeypatch.setenv("GANTK_TRACE", "1")
    assert "ValueError: the cause" in gantk_with("fail", "cause").stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian"], "no command is called 'trian'; did you mean 'train'?"),
        (["--verbose"], "No such option"),
        (["data", "x", "-s", "a\x1b[2J\nb"], r"a\x1b[2J\nb: say"),
        (["--no\x1bsuch"], r"--no\x1bsuch"),
        (["plugins", "one", "two"], "unexpected extra argument"),
    ],
)
def test_wrong_use_ends_with_status_2(arguments, message):
    called = CliRunner().invoke(main, arguments, prog_name="gantk")
    assert called.exit_code == 2
    assert message in called.stderr


def test_the_module_runs_as_the_command_does():
    done = subprocess.run([sys.executable, "-m", "gantk", "--version"], capture_output=True, text=True)
    assert done.stdout == f"gantk, version {gantk.__version__}\n"


def test_ctrl_c_ends_with_status_130(distribution):
    site = distribution(
        "slow",
        {"gantk.commands": {"slow": "slow_command:slow"}},
        {
            "slow_command.py": """
            import time, click

            @click.command()
            def slow():
                print("ready", flush=True)
                time.sleep(60)
            """
        },
    )
    running = subprocess.Popen(
        [sys.executable, "-m", "gantk", "slow"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(site)},
    )
    with running:
        assert running.stdout.readline() == "ready\n"
        running.send_signal(signal.SIGINT)
        assert running.wait(10) == 130
        assert running.stderr.read() == "stopped\n"


@pytest.mark.parametrize("command", [["data"], ["verify"], ["export"], ["train", "--plugin", "gan", "--data"]])
def test_a_name_that_the_system_refuses_is_told_in_one_line(command):
    result = CliRunner().invoke(main, [*command, "x" * 300])
    assert result.exit_code == 1
    assert re.fullmatch(r"Error: x{300}(/config.yaml)?: File name too long.*", result.output.splitlines()[-1])
    assert "Traceback" not in result.output


def test_what_pillow_warns_of_does_not_reach_the_user():
    CliRunner().invoke(main, ["--version"])
    # Warnings are errors here: in a thread that decodes, no other filter is sure to hold.
    warnings.warn_explicit("Truncated File Read", UserWarning, "TiffImagePlugin.py", 950, "PIL.TiffImagePlugin")
    with pytest.raises(UserWarning, match="of gantk's own"):
        warnings.warn_explicit("of gantk's own", UserWarning, "main.py", 1, "gantk.cli.main")
