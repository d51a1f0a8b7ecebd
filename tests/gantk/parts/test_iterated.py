"""Samplers in torch: a plain loop, whose states are held to."""

import pytest
import torch
from torch import Tensor

from gantk import Iterated, PluginError, UsageError
from gantk.parts.iterated import shortened, watched


class Counting(Iterated):
    """Adds a number of its own at each step, as wide as `after` says."""

    def __init__(self, count: int, after: int = 3) -> None:
        super().__init__(count)
        self.register_buffer("added", 10.0 ** torch.arange(count))
        self.after = after

    def start(self, latent: Tensor) -> Tensor:
        return latent

    def advance(self, state: Tensor, index: Tensor, latent: Tensor) -> Tensor:
        return (state + self.added[index] * latent)[:, : self.after]

    def finish(self, state: Tensor, latent: Tensor) -> Tensor:
        return -state


def test_steps_follow_one_another() -> None:
    answer = Counting(4)(torch.tensor([[1.0, 2.0, 0.5]]))
    assert answer.tolist() == [[-1112.0, -2224.0, -556.0]]


def test_a_shortened_one_takes_a_single_step_wherever_it_was_made() -> None:
    with shortened():
        assert Counting(4)(torch.ones(1, 3)).tolist() == [[-2.0] * 3]
    assert Counting(4)(torch.ones(1, 3)).tolist() == [[-1112.0] * 3]


def test_each_step_is_told_of() -> None:
    sampler, told = Counting(3), []
    with watched(sampler, lambda number, before, after, inputs: told.append((number, before[0][0, 0].item()))):
        sampler(torch.ones(1, 3))
    sampler(torch.ones(1, 3))
    assert told == [(0, 1.0), (1, 2.0), (2, 12.0)]


def test_a_state_keeps_its_shape() -> None:
    where = r"^\S*test_iterated\.py:\d+: "
    with pytest.raises(PluginError, match=where + r"advance\(\) makes a state of \(1, 2\) float32 of one of \(1, 3\)"):
        Counting(4, after=2)(torch.ones(1, 3))


def test_a_state_is_made_of_tensors() -> None:
    sampler = Counting(4)
    sampler.start = lambda latent: [latent]  # type: ignore[assignment,method-assign]
    with pytest.raises(PluginError, match=r"start\(\) gives list: a tensor \(N, \.\.\.\), or a tuple of them"):
        sampler(torch.ones(1, 3))


@pytest.mark.parametrize("count", [0, 2**20 + 1])
def test_there_are_steps_within_reason(count: int) -> None:
    with pytest.raises(UsageError, match=f"Counting takes from 1 to 1,048,576 steps, not {count}"):
        Iterated.__init__(Counting.__new__(Counting), count)


def test_a_sampler_without_its_step_cannot_be_made() -> None:
    class Resting(Iterated):
        def start(self, latent: Tensor) -> Tensor:
            return latent

    with pytest.raises(TypeError, match="abstract method '?advance"):
        Resting(4)


class Asked(Counting):
    """Takes as many steps as its second input says."""

    def steps(self, latent: Tensor, number: Tensor) -> Tensor:
        return number

    def start(self, latent: Tensor, number: Tensor) -> Tensor:
        return latent

    def advance(self, state: Tensor, index: Tensor, latent: Tensor, number: Tensor) -> Tensor:
        return super().advance(state, index, latent)

    def finish(self, state: Tensor, latent: Tensor, number: Tensor) -> Tensor:
        return state


def test_inputs_may_ask_for_fewer_steps() -> None:
    assert Asked(4)(torch.ones(1, 3), torch.tensor(2)).tolist() == [[12.0] * 3]
    with shortened():
        assert Asked(4)(torch.ones(1, 3), torch.tensor(3)).tolist() == [[2.0] * 3]


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (torch.tensor(5), r"\(\) int64, 5"),
        (torch.tensor(0), r"\(\) int64, 0"),
        (torch.tensor([2]), r"\(1,\) int64"),
        (torch.tensor(2.0), r"\(\) float32, 2\.0"),
    ],
)
def test_what_is_no_number_of_steps(number: Tensor, said: str) -> None:
    line = rf"test_iterated\.py:\d+: steps\(\) gives {said}: an int64 without dimensions from 1 to 4 is needed"
    with pytest.raises(PluginError, match=line):
        Asked(4)(torch.ones(1, 3), number)
