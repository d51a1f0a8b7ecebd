"""The suite as its users meet it: the function, the command, and the fixture."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gantk.cli.main import main
from gantk.errors import UsageError
from gantk.testing import Outcome, Report, check_plugin
from gantk.testing.checks import CHECKS
from gantk.testing.processes import Died, Workers
from gantk.testing.suite import imported
from gantk.testing.worker import forked

RUN_HOOK = "from gantk import hookimpl\n\n@hookimpl\ndef run_started(run): ...\n"


def gantk(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def test_every_check_has_a_function_with_a_sentence_and_a_name_of_its_own():
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    for check in CHECKS:
        assert check.function.__doc__, check.name
        assert check.needs in ("", *(one.name for one in CHECKS))


def test_every_check_is_documented():
    documented = (Path(__file__).parents[3] / "docs/plugin-check.md").read_text("utf-8")
    assert [check.name for check in CHECKS if f"| `{check.name}` |" not in documented] == []


def test_every_check_is_seen_to_fail():
    tests = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*_checks.py"))
    assert [check.name for check in CHECKS if f'"{check.name}"' not in tests] == []


def test_the_list_shows_every_check():
    status, said = gantk("plugin", "check", "--list")
    assert status == 0
    assert [check.name for check in CHECKS if check.name not in said] == []


def test_a_plugin_must_be_named():
    status, said = gantk("plugin", "check")
    assert status == 2
    assert "say which plugin: gantk plugin check NAME_OR_FILE" in said


def test_the_command_shows_a_line_a_check_and_fails_where_one_fails(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text('"""Nothing to cite."""\n' + RUN_HOOK)
    status, said = gantk("plugin", "check", path, "--only", "hooks")
    assert (status, said) == (0, "pass  hooks            answers run_started\nmine: 1 passed, 0 failed, 0 skipped\n")
    path.write_text(RUN_HOOK.replace("run)", "runs)"))
    status, said = gantk("plugin", "check", path, "--only", "hooks")
    assert status == 1
    assert said.startswith("FAIL  hooks            ")
    assert said.endswith("mine: 0 passed, 1 failed, 0 skipped\n")


def test_a_check_that_does_not_exist_or_does_not_apply_is_refused(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(RUN_HOOK)
    with pytest.raises(UsageError, match="no check is called 'gradient'; did you mean 'gradients'"):
        check_plugin(str(path), only=["gradient"])
    with pytest.raises(UsageError, match="check sides is for plugins that answer loss; mine answers none of these"):
        check_plugin(str(path), only=["sides"])


def test_a_report_requires_that_nothing_fails(tmp_path):
    good, bad = Outcome("hooks", "pass", "fine"), Outcome("paper", "FAIL", "none cited")
    Report("mine", (good,), tmp_path).require()
    with pytest.raises(AssertionError, match="plugin mine:\nFAIL  paper            none cited"):
        Report("mine", (good, bad), tmp_path).require()
    with pytest.raises(KeyError):
        Report("mine", (good,), tmp_path)["paper"]


def test_options_reach_the_plugins_parts(check):
    body = """
    from gantk import AdversarialLoss, hookimpl

    class Margin(AdversarialLoss):
        def __init__(self, *, margin: float = 1.0):
            super().__init__()
            self.margin = margin

        def discriminator(self, real_scores, fake_scores):
            return (fake_scores - real_scores).mean() / self.margin

        def generator(self, fake_scores, real_scores=None):
            return -fake_scores.mean() / self.margin

    @hookimpl
    def loss():
        return Margin
    """
    assert check(body, "scalars").passed
    report = check(body, "scalars", "trains", options={"loss.margin": "0"})
    assert report["scalars"].status == "FAIL"
    assert "became NaN or infinite" in report["trains"].reason
    assert "no option is called loss.width" in check(body, "trains", options={"loss.width": "0"})["trains"].reason


def test_a_test_of_a_plugin_uses_the_fixture(tmp_path):
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["gantk.testing.fixtures"]\n')
    (tmp_path / "mine.py").write_text(RUN_HOOK)
    (tmp_path / "test_mine.py").write_text(
        "from pathlib import Path\n\n\n"
        "def test_it_is_a_plugin(gantk_check):\n"
        '    gantk_check(str(Path(__file__).with_name("mine.py")), only=["hooks"]).require()\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)], capture_output=True, text=True
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_package_needs_no_torch_and_nothing_is_left_in_the_callers_process(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("import os\nos.environ['LEFT'] = 'behind'\n" + RUN_HOOK)
    code = (
        "import os, sys\nfrom gantk.testing import check_plugin\n"
        f"assert not check_plugin({str(path)!r}, only=['import-state']).passed\n"
        "assert 'torch' not in sys.modules and 'LEFT' not in os.environ and 'mine' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_call_that_takes_too_long_is_ended(tmp_path):
    workers = Workers()
    try:
        with pytest.raises(Died, match="did not end within 1 s"):
            workers.call("signal:pause", {}, tmp_path / "out", 1.0)
    finally:
        workers.close()


def test_a_checks_process_imports_what_a_package_names_for_it():
    exported, trained = (next(check for check in CHECKS if check.name == name) for name in ("export", "trains"))
    assert imported(exported) == (*imported(trained), "gantk_exports.preloaded")


@pytest.mark.parametrize("forks", [True, False])
def test_a_call_is_answered_with_and_without_forks(forks, tmp_path, monkeypatch):
    if not forks:
        monkeypatch.delattr(os, "fork")
    workers = Workers()
    try:
        assert workers.call("os.path:basename", {"p": "a/b"}, tmp_path / "out", 20.0, ["os.path"]) == "b"
        with pytest.raises(Died, match="the process that makes the checks ended"):
            workers.call("os.path:basename", {"p": "a/b"}, tmp_path / "out", 20.0, ["nowhere_to_be_found"])
        assert workers.call("os.path:basename", {"p": "c/d"}, tmp_path / "out", 20.0) == "d"
    finally:
        workers.close()


def test_forks_answer_in_order_and_say_how_they_died():
    def killed():
        os.kill(os.getpid(), 9)

    answers = forked([lambda: [1, 2], killed, lambda: os._exit(4)], seconds=20)
    assert answers[0] == [1, 2]
    assert [answer["died"] for answer in answers[1:]] == [
        "the process ended by signal SIGKILL",
        "the process ended with exit status 4",
    ]
