"""The agreement of a model's card and its graph: both speak of the same tensors."""

from collections.abc import Sequence
from pathlib import Path

from gantk.errors import GantkError
from gantk.runtime.card import Card
from gantk.runtime.ports import Numbers, Port
from gantk.runtime.session import Session

_TYPES = {
    "tensor(uint8)": "uint8",
    "tensor(uint16)": "uint16",
    "tensor(float)": "float32",
    "tensor(int64)": "int64",
}


def check_agreement(card: Card, session: Session, path: Path) -> None:
    """Raise GantkError where a card says other names, types or lengths of tensors than the graph has."""
    for said, found, taken in ((card.inputs, session.inputs, True), (card.outputs, session.outputs, False)):
        tensors = {tensor.name: tensor for tensor in found}
        ports = sorted(port.name for port in said)
        if ports != sorted(tensors):
            raise GantkError(f"{path}: its card names the tensors {ports}, the graph has {sorted(tensors)}")
        for port in said:
            tensor = tensors[port.name]
            if _TYPES.get(tensor.type) != port.dtype:
                raise GantkError(f"{path}: its card says that {port.name} is {port.dtype}, the graph {tensor.type}")
            lengths = _lengths(port, card, taken)
            if not _alike(lengths, tensor.lengths, taken):
                raise GantkError(
                    f"{path}: its card says that {port.name} is {_shown(lengths)}, the graph {_shown(tensor.lengths)}"
                )


def _lengths(port: Port | Numbers, card: Card, taken: bool) -> list[int | None]:
    """Return a tensor's lengths as a card has them; None: any."""
    if isinstance(port, Numbers):
        return [card.batch, *port.lengths]
    sides: tuple[int | None, int | None] = (None, None)
    if card.sides is not None:
        sides = card.sides if taken else (card.scaled(card.sides[0]), card.scaled(card.sides[1]))
    if port.layout == "NHW":
        return [card.batch, *sides]
    return [card.batch, port.channels, *sides] if port.layout == "NCHW" else [card.batch, *sides, port.channels]


def _alike(said: Sequence[int | None], found: Sequence[int | None], taken: bool) -> bool:
    """Return whether lengths agree: what a model takes as its card says, of what it gives the graph may know more."""
    if taken or len(said) != len(found):
        return tuple(said) == tuple(found)
    return all(None in pair or pair[0] == pair[1] for pair in zip(said, found, strict=True))


def _shown(lengths: Sequence[int | None]) -> str:
    return "x".join("any" if length is None else str(length) for length in lengths)
