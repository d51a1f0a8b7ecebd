"""The stages of a run in steps, and the sizes and batches that follow."""

from types import SimpleNamespace

import pytest

from gantk import Stage, UsageError
from gantk.parts.context import Context, Progress
from gantk.plan.course import Course, images_a_pass, sides_in, total_steps

STAGES = (Stage(name="first", scale=0.25, batch=4), Stage(name="second", share=2), Stage(name="last", batch=0.1))


def resolved(**settings):
    said = {
        "sides": (32, 64),
        "batch_size": 2,
        "accumulate": 1,
        "critic_steps": 1,
        "steps": None,
        "epochs": 3,
    } | settings
    recipe = SimpleNamespace(plugin="mine")
    origins = {"steps": "default", "epochs": "default"}
    return SimpleNamespace(settings=SimpleNamespace(**said), parts={"recipe": recipe}, origins=origins)


@pytest.mark.parametrize(
    ("total", "borders"),
    [(400, [0, 100, 300, 400]), (10, [0, 2, 8, 10]), (4, [0, 1, 3, 4]), (3, [0, 1, 2, 3])],
)
def test_shares_divide_the_steps_and_each_stage_has_one(total, borders):
    spans = Course(resolved(), STAGES, total).spans
    assert [span.begin for span in spans] == borders[:-1]
    assert [span.end for span in spans] == borders[1:]


def test_a_stage_far_shorter_than_a_step_has_one_all_the_same():
    stages = (Stage(name="a", share=1e-9), Stage(name="b", share=1e9), Stage(name="c", share=1e-9))
    assert [span.end - span.begin for span in Course(resolved(), stages, 100).spans] == [1, 98, 1]


def test_fewer_steps_than_stages_are_refused():
    with pytest.raises(UsageError, match=r"steps 2 are fewer than the 3 stages of recipe mine \(first, second, last\)"):
        Course(resolved(), STAGES, 2)


def test_where_a_run_is_follows_from_its_step():
    course = Course(resolved(), STAGES, 400)
    context = Context(spans=course.spans)
    for step, number, name, own, length in [
        (0, 0, "first", 0, 100),
        (99, 0, "first", 99, 100),
        (100, 1, "second", 0, 200),
    ]:
        context.progress = Progress(step, 400)
        stage = context.stage
        assert (stage.number, stage.name, stage.step, stage.total) == (number, name, own, length)
        assert course.number_at(step) == number
    assert (course.number_at(400), Context(progress=Progress(3, 4)).stage.fraction) == (2, 0.75)


def test_a_checkpoint_belongs_to_the_stage_that_it_records():
    course = Course(resolved(), STAGES, 400)
    assert [course.trained_to(step, None).step for step in (0, 1, 100, 101)] == [0, 0, 99, 100]
    # Of runs whose length was changed since: step 50 was in the second stage, or step 350 in the first.
    assert (course.trained_to(50, 1).step, course.trained_to(350, 0).step) == (100, 99)


def test_size_and_batch_are_relative_to_the_runs():
    assert [sides_in(resolved(), stage) for stage in STAGES] == [(8, 16), (32, 64), (32, 64)]
    assert [images_a_pass(resolved(), Progress(0, 1), stage) for stage in STAGES] == [8, 2, 1]


def test_passes_over_the_data_count_the_batches_of_all_stages():
    # A quarter of the steps take 8 images, a half take 2, a quarter takes 1: 3.25 on average.
    assert total_steps(resolved(), 130, 1, STAGES) == 3 * 130 / 3.25
    assert total_steps(resolved(), 130) == 3 * 130 / 2
