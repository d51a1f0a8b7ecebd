"""What a case is: from its seed and number, a damaged input and the command that reads it."""

import json
import random
import shutil
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import yaml
from mutations import damaged_bytes, damaged_value, odd_value

from gantk.errors import GantkError
from gantk.runtime.seals import seal

Command = list[str]


@dataclass(frozen=True)
class Case:
    """One trial.

    Attributes:
        kind: what is damaged, a key of KINDS.
        seed: the seed of all trials.
        number: which of its kind.
    """

    kind: str
    seed: int
    number: int

    def prepare(self, material: Path, place: Path) -> Command:
        """Write the damaged input to an empty folder; return the arguments of gantk."""
        draw = random.Random(f"{self.kind} {self.seed} {self.number}")
        # Some values are deep; gantk itself is tried at Python's own limit.
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(50 * limit)
        try:
            return KINDS[self.kind](material, place, draw)
        finally:
            sys.setrecursionlimit(limit)


def _image(material: Path, place: Path, draw: random.Random) -> Command:
    source = draw.choice(sorted((material / "images").iterdir()))
    name = source.name
    if draw.random() < 0.1:
        name = source.stem + draw.choice([".png", ".jpg", ".tif", ".npy", ".gif", ".webp", ".jfif"])
    (place / "in").mkdir()
    (place / "in" / name).write_bytes(damaged_bytes(source.read_bytes(), draw))
    if draw.random() < 0.5:
        return ["data", str(place / "in")]
    return ["translate", str(material / "model.onnx"), str(place / "in"), "-o", str(place / "out")]


def _card(material: Path, place: Path, draw: random.Random) -> Command:
    model = onnx.load(material / "model.onnx")
    prop = draw.choice([prop for prop in model.metadata_props if prop.key.startswith("gantk.")])
    try:
        value = json.loads(prop.value)
    except ValueError:
        value = prop.value
    damage = draw.random()
    if damage < 0.7:
        prop.value = _text(damaged_value(value, draw) if isinstance(value, dict | list) else odd_value(draw))
    elif damage < 0.9:
        prop.value = damaged_bytes(prop.value.encode(), draw).decode("utf-8", "replace")
    else:
        model.metadata_props.remove(prop)
    onnx.save(model, place / "model.onnx")
    _seal(place / "model.onnx")
    return _run_model(place / "model.onnx", material, place, draw)


def _seal(model: Path) -> None:
    """Give a damaged model the checksum of what it holds, where it has a place for one: else that alone is refused."""
    with suppress(GantkError, OSError, ValueError):
        seal(model)


def _model(material: Path, place: Path, draw: random.Random) -> Command:
    (place / "model.onnx").write_bytes(damaged_bytes((material / "model.onnx").read_bytes(), draw))
    if draw.random() < 0.5:
        _seal(place / "model.onnx")
    return _run_model(place / "model.onnx", material, place, draw)


def _config(material: Path, place: Path, draw: random.Random) -> Command:
    run = _copied_run(material, place)
    path = run / "config.yaml"
    if draw.random() < 0.75:
        path.write_bytes(_yaml(damaged_value(yaml.safe_load(path.read_text("utf-8")), draw)))
    else:
        path.write_bytes(damaged_bytes(path.read_bytes(), draw))
    if draw.random() < 0.5:
        return ["train", "--config", str(path), "--dry-run"]
    return ["evaluate", str(run), "--metric", "l1"]


def _manifest(material: Path, place: Path, draw: random.Random) -> Command:
    run = _copied_run(material, place)
    path = run / "manifest.json"
    if draw.random() < 0.75:
        path.write_text(_text(damaged_value(json.loads(path.read_text("utf-8")), draw)), "utf-8", "surrogatepass")
    else:
        path.write_bytes(damaged_bytes(path.read_bytes(), draw))
    return _use_run(run, draw)


def _checkpoint(material: Path, place: Path, draw: random.Random) -> Command:
    run = _copied_run(material, place)
    (folder,) = (run / "checkpoints").iterdir()
    path = draw.choice(sorted(folder.iterdir()))
    if draw.random() < 0.5:
        # As of a checkpoint that was written without checksums, so that the tensors themselves are read.
        (folder / "checksums.json").unlink(missing_ok=True)
    damage = draw.random()
    if damage < 0.1:
        path.unlink(missing_ok=True)
    elif path.exists():
        damaged = _damaged_header if path.suffix == ".safetensors" and damage < 0.6 else damaged_bytes
        path.write_bytes(damaged(path.read_bytes(), draw))
    return _use_run(run, draw)


KINDS: dict[str, Callable[[Path, Path, random.Random], Command]] = {
    "images": _image,
    "cards": _card,
    "models": _model,
    "configs": _config,
    "manifests": _manifest,
    "checkpoints": _checkpoint,
}
"""What can be damaged, and how a case of it is made."""


def _run_model(model: Path, material: Path, place: Path, draw: random.Random) -> Command:
    if draw.random() < 0.5:
        return ["verify", str(model)]
    return ["translate", str(model), str(material / "images" / "rgb.png"), "-o", str(place / "out.png")]


def _use_run(run: Path, draw: random.Random) -> Command:
    return ["train", "--resume", str(run)] if draw.random() < 0.5 else ["evaluate", str(run), "--metric", "l1"]


def _copied_run(material: Path, place: Path) -> Path:
    shutil.copytree(material / "run", place / "run")
    return place / "run"


def _damaged_header(data: bytes, draw: random.Random) -> bytes:
    """Return a safetensors file whose header says something else of its tensors."""
    length = struct.unpack("<Q", data[:8])[0]
    header = _text(damaged_value(json.loads(data[8 : 8 + length]), draw)).encode("utf-8", "replace")
    return struct.pack("<Q", len(header)) + header + data[8 + length :]


def _text(value: Any) -> str:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else json.dumps(value)


def _yaml(value: Any) -> bytes:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True).encode("utf-8", "surrogatepass")
