"""What a recipe does against the protocol: an error, with the line of the author's file."""

import pytest

from gantk import PluginError


def test_a_stale_graph_is_an_error_even_with_fused_optimizers(stage, batch):
    def step(self, batches):
        score = self.discriminator(self.generator(next(batches))).square().mean()
        yield "discriminator", {"game": score}
        yield "generator", {"game": -(score + self.discriminator(next(batches)).mean())}

    for optimizer in ("adam", "adamw", "sgd", "rmsprop"):
        with pytest.raises(PluginError, match="moved since.*detach"):
            stage(step, {"optimizer": optimizer}).run([batch, batch])


def test_micro_batches_that_part_ways_are_an_error(stage, batch):
    def step(self, batches):
        x = next(batches)
        player = "generator" if x.mean() > 0 else "discriminator"
        yield player, {"game": self.discriminator(self.generator(x)).mean()}

    with pytest.raises(PluginError, match="different moves.*everywhere"):
        stage(step, accumulate=2).run([batch.abs(), -batch.abs()])


@pytest.mark.parametrize(
    ("move", "message"),
    [
        (lambda self, x: ("critic", {"game": x.mean()}), "unknown player 'critic'; players: generator, discriminator"),
        (
            lambda self, x: ("generator", {"game": self.generator(x)}),
            r"loss 'game' of 'generator' is of shape \(4, 3\)",
        ),
        (lambda self, x: ("generator", {"game": 1.0}), "'game' of 'generator' is a float"),
        (lambda self, x: None, r"yields None: a move is"),
        (lambda self, x: x.mean(), r"yields tensor"),
        (lambda self, x: (("generator", {}), ("discriminator", {})), r"yields \(\('generator', .*a move is"),
        (lambda self, x: ("generator", {}), r"a move is"),
        (lambda self, x: ("generator", {"game": x.mean()}), "'generator' reach none of its parameters"),
        (lambda self, x: ("generator", {"game": self.discriminator(x).mean()}), "'generator' reach none"),
    ],
)
def test_a_wrong_move_names_the_line_of_the_recipe(stage, batch, move, message):
    def step(self, batches):
        yield move(self, next(batches))

    with pytest.raises(PluginError, match=message) as caught:
        stage(step).run([batch])
    assert "test_step_body.py:" in str(caught.value)


def test_a_step_without_a_yield_is_an_error(stage, batch):
    with pytest.raises(PluginError, match="Pair.step returned a NoneType: it must yield its moves"):
        stage(lambda self, batches: None).run([batch])


def test_what_fails_inside_a_step_names_the_line_that_is_to_blame(stage, batch):
    def step(self, batches):
        yield "generator", {"game": self.generator(next(batches)[:, :2]).mean()}

    with pytest.raises(PluginError, match=r"Pair.step, .*_body.py:\d+: RuntimeError: .*GANTK_TRACE=1"):
        stage(step).run([batch])


def test_what_fails_outside_names_the_line_of_the_step_too(stage, batch, tmp_path):
    file = tmp_path / "elsewhere.py"
    code = compile("def fail():\n    raise ValueError('no')\n", file, "exec")
    exec(code, namespace := {})

    def step(self, batches):
        yield "generator", {"game": namespace["fail"]()}

    line = step.__code__.co_firstlineno + 1
    with pytest.raises(PluginError, match=rf"{__file__}:{line}: in {file}:2: ValueError: no"):
        stage(step).run([batch])
