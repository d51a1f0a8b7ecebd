"""Time of `gantk translate` on a folder over that of a plain loop: for each file load, run, save.

    python benchmarks/translate.py a_to_b.onnx --images 200

The images are PNG files of noise with a photograph's spectrum and grain, 256 to 512 px a side. The two ways take turns
on the same files, each in a process of its own; the answers are compared.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from gantk.data.formats.known import PILLOW
from gantk.runtime.model_file import load
from gantk.runtime.translation import plan, translate_files


def photograph(rng: np.random.Generator, height: int, width: int) -> Image.Image:
    """Return octaves of noise, each half as strong as the one below it, under three levels of grain."""
    values = np.full((height, width, 3), 127.0)
    for octave in range(7):
        cells = rng.normal(0, 60 / 2**octave, (2 + 2**octave, 2 + 2**octave, 3)).astype(np.float32)
        for channel in range(3):
            plane = Image.fromarray(cells[:, :, channel]).resize((width, height), Image.Resampling.BICUBIC)
            values[:, :, channel] += np.asarray(plane)
    values += rng.normal(0, 3, values.shape)
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


def naive(model_file: Path, inputs: Path, out: Path, threads: int | None) -> None:
    """Do as a few lines of Python would."""
    model = load(model_file, threads=threads)
    out.mkdir()
    for path in sorted(inputs.iterdir()):
        with Image.open(path, formats=PILLOW) as image:
            answer = model(image)
        answer.save(out / path.name)


def overlapped(model_file: Path, inputs: Path, out: Path, threads: int | None) -> None:
    """Do as the command does."""
    model = load(model_file, threads=threads)
    problems = [outcome.problem for outcome in translate_files(model, plan([inputs], out)) if outcome.problem]
    assert not problems, problems


WAYS = {"naive": naive, "overlapped": overlapped}


def parts(model_file: Path, inputs: Path) -> dict[str, float]:
    """Return processor seconds of one thread for decoding, running and encoding the first twenty images, in ms each."""
    model, spent = load(model_file, threads=1), {"decode": 0.0, "run": 0.0, "encode": 0.0}
    paths = sorted(inputs.iterdir())[:20]
    model(paths[0])  # what the first run makes, later ones have
    for path in paths:
        marks = [time.process_time()]
        image = Image.open(path, formats=PILLOW).convert("RGB")
        marks.append(time.process_time())
        answer = model(image)
        marks.append(time.process_time())
        with tempfile.TemporaryFile() as file:
            answer.save(file, "PNG")
        marks.append(time.process_time())
        for name, began, ended in zip(spent, marks, marks[1:], strict=False):
            spent[name] += 1000 * (ended - began) / len(paths)
    return spent


def timed(way: str, model: Path, inputs: Path, out: Path, threads: int | None) -> float:
    """Run one way in a process of its own; return the seconds that it says its work took."""
    command = [sys.executable, __file__, str(model), "--way", way, "--inputs", str(inputs), "--out", str(out)]
    command += ["--threads", str(threads)] if threads else []
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--threads", type=int, help="of an operator; default: ONNX Runtime's, one a core")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--inputs", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        began = time.perf_counter()
        WAYS[arguments.way](arguments.model, arguments.inputs, arguments.out, arguments.threads)
        print(time.perf_counter() - began)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs = folder / "in"
        inputs.mkdir()
        rng = np.random.default_rng(0)
        for number in range(arguments.images):
            photograph(rng, *rng.integers(256, 513, 2)).save(inputs / f"{number:04d}.png")
        spent = parts(arguments.model, inputs)
        print(", ".join(f"{part} {value:.1f} ms" for part, value in spent.items()), "of one core an image")
        seconds: dict[str, list[float]] = {way: [] for way in WAYS}
        for turn in range(arguments.turns):
            for way in WAYS:
                out = folder / f"{way}-{turn}"
                seconds[way].append(timed(way, arguments.model, inputs, out, arguments.threads))
        for path in sorted(inputs.iterdir()):
            one, other = (
                np.asarray(Image.open(folder / f"{way}-0" / path.name, formats=PILLOW)).astype(int) for way in WAYS
            )
            assert np.abs(one - other).max() <= 1, path.name
        for way, values in seconds.items():
            middle = statistics.median(values)
            print(f"{way:11} {middle:6.2f} s  {arguments.images / middle:6.1f} images/s  (of {sorted(values)})")
        gains = [one / other for one, other in zip(seconds["naive"], seconds["overlapped"], strict=True)]
        print(f"gain        {statistics.median(gains):.2f}")


main()
