"""Which files are held out."""

from pathlib import Path

from gantk.data.image_file import ImageFile, digest_of
from gantk.data.opened import Facts
from gantk.data.rows import Rows, hold_out


def rows(contents: list[str]) -> Rows:
    files = tuple(
        ImageFile(Path(f"{place}.png"), digest_of(text.encode()), Facts(8, 8, 3, "uint8"))
        for place, text in enumerate(contents)
    )
    return Rows({"image": files})


def digests(held: Rows) -> set[str]:
    return {file.digest for file in held.files["image"]}


def test_about_the_share_is_held_out() -> None:
    train, test = hold_out(rows([str(i) for i in range(2000)]), 0.1)
    assert len(train) + len(test) == 2000
    assert 150 < len(test) < 250


def test_a_file_stays_on_its_side_when_others_are_added() -> None:
    _, few = hold_out(rows([str(i) for i in range(200)]), 0.1)
    _, many = hold_out(rows([str(i) for i in range(300)]), 0.1)
    assert digests(few) <= digests(many)


def test_duplicates_fall_on_one_side() -> None:
    train, test = hold_out(rows([str(i % 50) for i in range(100)]), 0.3)
    assert not digests(train) & digests(test)
    assert len(test) % 2 == 0


def test_each_side_has_one_of_two_or_more() -> None:
    for share in (0.001, 0.999):
        for count in (2, 3, 7):
            train, test = hold_out(rows([str(i) for i in range(count)]), share)
            assert len(train) >= 1
            assert len(test) >= 1


def test_of_one_file_none_is_held_out() -> None:
    assert [len(side) for side in hold_out(rows(["x"]), 0.5)] == [1, 0]
    assert [len(side) for side in hold_out(rows(["x", "x"]), 0.5)] == [2, 0]


def test_a_share_of_zero_holds_none_out() -> None:
    assert [len(side) for side in hold_out(rows(["x", "y"]), 0)] == [2, 0]


def test_a_pair_is_held_out_whole() -> None:
    a, b = rows([str(i) for i in range(40)]), rows([f"b{i}" for i in range(40)])
    both = Rows({"source": a.files["image"], "target": b.files["image"]}, tuple(range(40)))
    train, test = hold_out(both, 0.4)
    for side in (train, test):
        places = [int(file.path.stem) for file in side.files["source"]]
        assert places == [int(file.path.stem) for file in side.files["target"]] == list(side.labels)
