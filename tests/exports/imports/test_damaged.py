"""Files that are damaged or hostile: `gantk import` refuses them in one line, and runs no code of theirs."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from gantk.errors import GantkError, UsageError

STATE = {"model.1.weight": torch.full((2, 3, 7, 7), 0.01), "model.1.bias": torch.zeros(2)}


class Harmful:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("harm",)


@pytest.mark.parametrize("held", [{"model.1.weight": Harmful()}, nn.Conv2d(3, 2, 7)])
def test_code_is_not_run(
    held: object, attempt: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GantkError, match=r"G\.pth wants to run code \((posix\.mkdir|torch\.nn\S+)\) when it is read"):
        attempt({"G.pth": held})
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_file_is_refused(share: float, zipped: bool, attempt: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "G.pth"
    torch.save(STATE, path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(GantkError, match=r"G\.pth is no checkpoint of PyTorch, or is truncated or damaged"):
        attempt({}, given=["G.pth"])


def nested(depth: int) -> tuple[Any, ...]:
    value: tuple[Any, ...] = ()
    for _ in range(depth):
        value = (value,)
    return value


def doubled(times: int) -> tuple[Any, ...]:
    """A small value that holds 2^times others, counted as often as they are held."""
    value: tuple[Any, ...] = (0,)
    for _ in range(times):
        value = (value, value)
    return value


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("key", [nested(200), doubled(40)], ids=["deep", "many"])
def test_a_key_that_hashing_would_not_survive_is_refused(
    key: object, zipped: bool, attempt: Callable[..., str], tmp_path: Path
) -> None:
    """It is put into the file as a value, and made a key there: making such a dictionary here would not end either."""
    torch.save([key, torch.ones(1)], tmp_path / "G.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(GantkError, match=r"G\.pth holds values nested more than 50 deep, or more than 2,000,000"):
        attempt({}, given=["G.pth"])


def test_bits_that_flipped_are_found(attempt: Callable[..., str], tmp_path: Path) -> None:
    torch.save(STATE, path := tmp_path / "G.pth")
    held = bytearray(path.read_bytes())
    held[held.index(torch.full((4,), 0.01).numpy().tobytes())] ^= 1
    path.write_bytes(held)
    with pytest.raises(GantkError, match=r"G\.pth is damaged: its record G/data/0 does not have its checksum"):
        attempt({}, given=["G.pth"])
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(tmp_path / "packed.pth", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("G/data.pkl", whole.read("G/data.pkl"))
    with pytest.raises(
        GantkError, match=r"packed\.pth holds a compressed record \(G/data\.pkl\), which torch does not"
    ):
        attempt({}, given=["packed.pth"])


def test_what_is_no_file_is_refused(attempt: Callable[..., str], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pth")
    (tmp_path / "zeros.pth").symlink_to("/dev/zero")
    for name in ("pipe.pth", "zeros.pth"):
        with pytest.raises(UsageError, match=rf"{name}: is no file but a pipe, a device or a folder$"):
            attempt({}, given=[name])
    with (tmp_path / "sparse.pth").open("wb") as file:
        file.truncate(200 * 2**30)
    with pytest.raises(UsageError, match=r"sparse\.pth: holds 214,748,364,800 bytes"):
        attempt({}, given=["sparse.pth"])
