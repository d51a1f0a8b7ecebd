"""A recipe that grows is trained in each of its stages, and what is wrong with a later one is found."""

from pathlib import Path

GROWING = Path(__file__).parents[3] / "docs" / "tutorial" / "gantk_tutorial" / "growing.py"
SMALL = {"filters": "2", "discriminator.filters": "2", "discriminator.layers": "1"}
EACH_STAGE = ("moves", "reaches", "resume", "processes")


def test_what_later_stages_move_raises_no_false_alarm(checker):
    report = checker.check(str(GROWING), only=EACH_STAGE, options=SMALL)
    report.require()
    assert report["moves"].reason == "discriminator: 6 parameters; small: 4 parameters; details: 4 parameters"


def test_weights_may_change_as_a_stage_begins(checker, tmp_path):
    plugin = tmp_path / "mine.py"
    text, step = GROWING.read_text("utf-8"), "    def step(self, batches"
    assert text.count(step) == 1
    plugin.write_text(text.replace(step, BEGIN + step), "utf-8")
    checker.check(str(plugin), only=["moves"], options=SMALL).require()


BEGIN = """
    def begin(self) -> None:
        for parameter in self.generator.parameters():
            parameter.mul_(0.5)

"""


def test_a_layer_that_a_later_stage_never_reaches_is_found(checker, tmp_path):
    plugin = tmp_path / "mine.py"
    layer = "nn.Conv2d(filters, channels, 3, padding=1)"
    text = GROWING.read_text("utf-8")
    assert text.count(layer) == 1
    plugin.write_text(text.replace(layer, f"{layer}, nn.Module()").replace("nn.Module()", "Idle()") + IDLE, "utf-8")
    report = checker.check(str(plugin), only=["reaches"], options=SMALL)
    assert report["reaches"].reason.startswith(
        "no gradient of player details reaches generator.details.3.weight: use it"
    )


IDLE = """

class Idle(nn.Linear):
    def __init__(self) -> None:
        super().__init__(2, 2)

    def forward(self, image: Tensor) -> Tensor:
        return image
"""
