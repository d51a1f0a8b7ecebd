"""Schedules: what each gives at the start, in the middle and at the end, and how it is read, written and shown."""

import math

import pytest
import yaml

from gantk import (
    Constant,
    Cosine,
    Exponential,
    HalfLife,
    Linear,
    PluginError,
    Schedule,
    Settings,
    Stepwise,
    UsageError,
    WarmUp,
)
from gantk.parts.context import Progress
from gantk.parts.scheduled import Scheduled, is_writable, read_schedule, shown, value_at, written
from gantk.parts.schedules import SCHEDULES
from gantk.plan.settings import RunSettings
from gantk.plugins.options import Option, options_of, parse_value


def growing(fraction):
    return 0.5 + 0.2 * fraction


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (0.3, (0.3, 0.3, 0.3)),
        (growing, (0.5, 0.6, 0.7)),
        (Constant(start=0.3), (0.3, 0.3, 0.3)),
        (Linear(), (1.0, 0.5, 0.0)),
        (Linear(start=0.5, end=0.7, begin=0.25, finish=0.75), (0.5, 0.6, 0.7)),
        (Linear(begin=0.5), (1.0, 1.0, 0.0)),
        (Cosine(), (1.0, 0.5, 0.0)),
        (Cosine(start=2.0, end=1.0, begin=0.25), (2.0, 1.0 + (1 + math.cos(math.pi / 3)) / 2, 1.0)),
        (Stepwise(start=16, factor=2, points=(0.5, 1.0)), (16, 32, 64)),
        (Exponential(), (1.0, 0.1, 0.01)),
        (Exponential(begin=0.5), (1.0, 1.0, 0.01)),
        (Exponential(start=0.1, factor=0.99, end=1e-9), (0.1, 0.1 * 0.99**500, 0.1 * 0.99**1000)),
        (Exponential(factor=0.99, end=0.5), (1.0, 0.5, 0.5)),
        (Exponential(factor=1.01, end=2.0), (1.0, 2.0, 2.0)),
        (WarmUp(), (0.0, 1.0, 1.0)),
        (WarmUp(start=0.5, steps=1000), (0.5, 0.75, 1.0)),
        (WarmUp(finish=0.1, then=Cosine(end=0.2)), (0.0, 0.6, 0.2)),
        (HalfLife(share=0.1), (0.5 ** (1 / 100),) * 3),
        (HalfLife(share=0.04, ramp=0.05), (0.0, 0.5 ** (1 / 25), 0.5 ** (1 / 40))),
    ],
)
def test_what_holds_at_the_start_in_the_middle_and_at_the_end(schedule, expected):
    found = [value_at(schedule, Progress(step, 1000)) for step in (0, 500, 1000)]
    assert found == pytest.approx(expected, rel=1e-9)


def parsed(text, annotation=Scheduled | None):
    return parse_value(Option("learning_rate", annotation, None), text, "learning_rate")


@pytest.mark.parametrize(
    "schedule",
    [
        Linear(start=0.5, end=0.7, begin=1 / 3),
        Exponential(start=0.1, end=1e-6, factor=1 / 1.000004),
        Stepwise(start=2.0, points=(0.1, 0.2)),
        WarmUp(steps=7, then=Cosine(start=0.4, end=0.1)),
        HalfLife(share=1 / 3, ramp=0.05),
        HalfLife(images=500_000, ramp=0.05, begin=0.25),
    ],
)
def test_what_is_written_is_read_to_the_bit(schedule):
    text = yaml.safe_dump(written(schedule))
    assert parsed(text) == schedule
    assert parsed(yaml.safe_load(text)) == schedule
    assert written({"a": (schedule, 1.0)}) == {"a": [written(schedule), 1.0]}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_name_alone_is_a_schedule_of_factors(name):
    assert read_schedule(name) == SCHEDULES[name]() == read_schedule({"name": name})
    assert RunSettings(schedule=name).schedule == name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cosine", "option learning_rate: 'cosine' is not a float or Schedule"),
        ("{name: cosin, start: 1}", "names 'cosin', which there is not: .*; known: constant, linear, cosine"),
        ("{start: 3}", "has no name: write {name: linear, ...}; known: constant, linear, "),
        ("{name: [1]}", r"names \[1\], which there is not"),
        ("{name: cosine, end: 0.1}", "stands for the number itself: say where it starts, such as "),
        ("{name: warm-up, then: cosine}", "say where it starts"),
        ("{name: linear, strat: 3}", "schedule linear has no 'strat'; known: start, end, begin, finish"),
        ("{name: linear, start: x}", "schedule linear: start 'x': it should be a number"),
        ("{name: linear, start: 1, begin: 2}", "schedule linear: begin 2.0 and finish 1.0 are not "),
        ("{name: exponential, start: -1}", "schedule exponential: start -1.0, .* must be above 0"),
        ("{name: half-life, share: 0}", "schedule half-life: share 0.0 and ramp None must be above 0, up to 1"),
        ("{name: half-life, images: 0}", "schedule half-life: images 0 must be at least 1, and decay None between"),
        ("{name: half-life, decay: 1}", "images None must be at least 1, and decay 1.0 between 0 and 1"),
        ("{name: half-life, decay: 0.9, images: 9}", "images and decay both say how long it is: say one of them"),
        ("{name: half-life, begin: 1}", "schedule half-life: begin 1.0 and finish 1.0 are not"),
        (
            "{name: warm-up, steps: 0, then: {name: constant, start: 1}}",
            "finish 0.05 must be above 0, and steps 0 at least 1",
        ),
    ],
)
def test_a_wrong_schedule_is_one_line(text, message):
    with pytest.raises(UsageError, match=message) as caught:
        parsed(text)
    assert "\n" not in str(caught.value)


class Waves(Schedule):
    def at(self, progress):
        return 1.0 + progress.step % 2


def test_what_a_configuration_cannot_say_is_left_out_of_it():
    assert [is_writable(value) for value in (1, (0.5, Linear()), {"a": growing}, growing, Waves())] == [
        True, True, False, False, False
    ]  # fmt: skip
    assert shown((Linear(start=0.5, end=0.7), 0.9)) == "(linear (start 0.5, end 0.7), 0.9)"
    assert shown(growing) == "growing, a function of the progress"
    assert shown(Waves()) == "Waves"
    assert shown({"a": Cosine()}) == "{a: cosine}"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"betas": (Linear(start=0.5, end=1.5), 0.9)}, "setting betas: .*linear.* comes to 1.0, which is not a pair"),
        (
            {"batch_size": lambda fraction: 4 * fraction},
            "setting batch_size: .*lambda.* comes to 0.0, which",
        ),
        ({"ema": {"a": lambda fraction: 2}}, "setting ema: .* comes to 2, which is not a decay"),
        ({"learning_rate": Stepwise(start=math.nan)}, "setting learning_rate: .* comes to nan, which is not a finite"),
    ],
)
def test_a_schedule_that_leaves_its_range_is_refused_before_a_run(said, message):
    with pytest.raises(UsageError, match=message) as caught:
        Settings(**said)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("function", [lambda fraction: fraction.step, lambda: 1, lambda fraction: "1"])
def test_a_function_that_cannot_be_called_names_its_line(function):
    with pytest.raises(PluginError, match=r"test_schedules\.py:\d+: .*of learning_rate, at 0.00 of the run: "):
        Settings(learning_rate=function)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"schedule": "constant", "decay_from": 0.0}, (1.0, 1.0, 1.0)),
        ({"schedule": "linear"}, (1.0, 1.0, 0.0)),
        ({"schedule": "linear", "decay_from": 0.0}, (1.0, 0.5, 0.0)),
        ({"schedule": "linear", "decay_from": 1.0}, (1.0, 1.0, 1.0)),
        ({"schedule": "exponential", "decay_from": 0.0}, (1.0, 0.1, 0.01)),
        ({"schedule": "step"}, (1.0, 0.1, 0.01)),
        ({"schedule": Cosine(end=0.5)}, (1.0, 0.75, 0.5)),
        ({"schedule": growing}, (0.5, 0.6, 0.7)),
    ],
)
def test_the_factor_on_learning_rates(said, expected):
    factor = RunSettings(**said).rate_factor
    assert [value_at(factor, Progress(step, 2)) for step in (0, 1, 2)] == pytest.approx(expected)


@pytest.mark.parametrize("said", ["{name: half-life}", "half-life", "{name: warm-up, then: half-life}"])
def test_a_half_life_is_no_factor(said):
    with pytest.raises(UsageError, match="is the decay of a moving average, and no factor: say it of ema"):
        parse_value(options_of(RunSettings)["schedule"], said, "schedule")


@pytest.mark.parametrize("total", [10, 1000])
def test_an_average_forgets_half_within_its_share_of_the_run_whatever_its_length(total):
    decay, average = HalfLife(share=0.2), 1.0
    for step in range(total // 5):
        average *= decay.at(Progress(step, total))
    assert average == pytest.approx(0.5)


def test_a_ramped_average_is_what_the_weights_are_at_first():
    assert HalfLife(ramp=0.05).at(Progress(0, 1000)) == 0.0
    Settings(ema={"generator": HalfLife(share=1e-6, ramp=1e-6)})
    assert parsed("{name: half-life, share: 0.05}") == HalfLife(share=0.05)


def test_an_averages_half_life_is_said_in_images_or_as_a_decay():
    # StyleGAN2-ADA: ema_nimg = min(ema_kimg * 1000, images seen * 0.05), decay = 0.5 ** (batch / ema_nimg).
    half = HalfLife(images=10_000, ramp=0.05)
    for step, batch in ((10, 32), (1000, 32), (100_000, 32), (1000, 64)):
        expected = 0.5 ** (batch / min(10_000, step * batch * 0.05))
        assert half.at(Progress(step, 10**6, images=batch)) == pytest.approx(expected)
    decay = HalfLife(decay=0.999, ramp=0.1)
    assert decay.at(Progress(10, 10**6)) == pytest.approx(0.5)
    assert decay.at(Progress(10**5, 10**6)) == pytest.approx(0.999)


def test_an_average_may_begin_late():
    late = HalfLife(decay=0.9, begin=0.25)
    assert [late.at(Progress(step, 100)) for step in (0, 24, 25, 99)] == pytest.approx([0, 0, 0.9, 0.9])
    ramped = HalfLife(decay=0.9, begin=0.25, ramp=0.5)
    assert [ramped.at(Progress(step, 100)) for step in (25, 27)] == pytest.approx([0, 0.5])


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("0.999", 0.999),
        ("{name: half-life, decay: 0.9}", HalfLife(decay=0.9)),
        ("{a: 0.9, b: {name: half-life}}", {"a": 0.9, "b": HalfLife()}),
        ("{}", {}),
    ],
)
def test_averages_are_said_of_all_generators_or_by_network(said, expected):
    assert parse_value(options_of(RunSettings)["ema"], said, "ema") == expected


@pytest.mark.parametrize("said", ["much", "{a: much}"])
def test_what_is_no_decay_is_one_line(said):
    with pytest.raises(
        UsageError, match="option ema: .* is no decay, and no mapping from networks to decays"
    ) as caught:
        parse_value(options_of(RunSettings)["ema"], said, "ema")
    assert "\n" not in str(caught.value)
