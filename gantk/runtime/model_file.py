"""A model's file, opened: nothing in it is believed before it was checked, and its session and its card agree."""

from collections.abc import Sequence
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from gantk.errors import GantkError, UsageError, one_line
from gantk.runtime.agreement import check_agreement
from gantk.runtime.card import Card
from gantk.runtime.card_reader import read_card
from gantk.runtime.model import Model
from gantk.runtime.named_models import PREFIX, model_file, named_models
from gantk.runtime.seals import check_seal, seal
from gantk.runtime.session import Sessions
from gantk.runtime.telemetry import switch_off
from gantk.runtime.wire import MOST_BYTES, FileContents, FormatError, contents

_GIVE = "give an .onnx file that `gantk export` wrote"


def load(path: str | Path, providers: str | Sequence[str] | None = None, threads: int | None = None) -> Model:
    """Open a model that `gantk export` wrote; needs no torch. Several threads may use it at once.

    `path` is its file, or `gantk:NAME` of a model that an installed package brings, see `gantk models`.
    `providers` are ONNX Runtime's execution providers in order of preference, or one; None: CUDA where it is there,
    then the CPU. `threads` is how many an operator may use; None: as many as there are cores. Raises GantkError where
    the file is missing, damaged, changed since its export, or not gantk's.
    """
    path = model_file(path)
    card = read_file(path)
    if threads is not None and threads < 1:
        raise UsageError(f"a model runs on at least 1 thread, not {threads}")
    sessions = Sessions(_chosen(providers), threads or 0)
    try:
        session = sessions.open(str(path))
    except Exception as error:
        raise GantkError(f"{path}: ONNX Runtime cannot open it ({one_line(error)}); export or copy it again") from error
    check_agreement(card, session, path)
    return Model(path, card, sessions, session, load)


def read_file(path: Path) -> Card:
    """Return the card of a model's file, which ONNX Runtime then may open.

    Raises GantkError where it is no file of gantk's, was damaged or changed since its export, or reads weights from
    other files.
    """
    found = _contents(path)
    card = read_card([(entry.key, entry.value) for entry in found.metadata], path)
    check_seal(path, found)
    return card


def accept(path: Path) -> None:
    """Take a model's file as it is, which another program changed on purpose: write its checksum anew.

    Raises GantkError where it is no model, reads weights from other files, or has no checksum.
    """
    _contents(path)
    seal(path)


def _contents(path: Path) -> FileContents:
    _check_file(path)
    try:
        found = contents(path)
    except OSError as error:
        raise GantkError(f"{path}: cannot be read ({error.strerror or error})") from error
    except FormatError as reason:
        raise GantkError(f"{path}: not an ONNX model, or a truncated one ({reason}); export or copy it again") from None
    if outside := next((tensor for tensor in found.tensors if tensor.external), None):
        raise GantkError(
            f"{path}: its weight {outside.name!r} lies in another file, and a model that gantk wrote is one file"
        )
    return found


def _check_file(path: Path) -> None:
    """Raise GantkError where a path does not lead to a file of a model's size."""
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such file"
        if isinstance(error, FileNotFoundError | ValueError):
            reason = "no such file"
        meant = f"did you mean {PREFIX}{path}?" if str(path) in named_models() else _GIVE
        raise GantkError(f"{path}: {reason}; {meant}") from None
    if S_ISDIR(status.st_mode):
        raise GantkError(f"{path} is a folder; {_way_to_model(path)}")
    if not S_ISREG(status.st_mode):
        raise GantkError(f"{path}: neither a file nor a folder; {_GIVE}")
    if not 0 < status.st_size < MOST_BYTES:
        raise GantkError(f"{path}: not an ONNX model: it has {status.st_size:,} bytes; export or copy it again")


def _way_to_model(folder: Path) -> str:
    """Return what to do where a folder was given in place of a model."""
    models = sorted([*folder.glob("*.onnx"), *folder.glob("exports/*.onnx")])
    if models:
        return f"give one of its models: {', '.join(map(str, models))}"
    if (folder / "checkpoints").is_dir():
        return f"it is a run: write its models by `gantk export {folder}`, then give one of {folder}/exports"
    return "give an .onnx file, such as `gantk export` writes to RUN/exports"


def _chosen(providers: str | Sequence[str] | None) -> Sequence[str]:
    """Return execution providers that are installed. Raises UsageError where one is not."""
    switch_off()
    import onnxruntime

    installed = onnxruntime.get_available_providers()
    if isinstance(providers, str):
        providers = [providers]
    chosen = providers or [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in installed]
    if missing := [name for name in chosen if name not in installed]:
        raise UsageError(f"ONNX Runtime has no provider {missing[0]} here, only {', '.join(installed)}")
    return chosen
