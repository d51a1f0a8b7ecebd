"""A model's file, opened: its session and its card, checked against each other."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from gantk.errors import GantkError, UsageError, one_line
from gantk.runtime.card import Card, read_card
from gantk.runtime.model import Model


def _way_to_model(folder: Path) -> str:
    """Return what to do where a folder was given in place of a model."""
    models = sorted([*folder.glob("*.onnx"), *folder.glob("exports/*.onnx")])
    if models:
        return f"give one of its models: {', '.join(map(str, models))}"
    if (folder / "checkpoints").is_dir():
        return f"it is a run: write its models by `gantk export {folder}`, then give one of {folder}/exports"
    return "give an .onnx file, such as `gantk export` writes to RUN/exports"


def load(path: str | Path, providers: str | Sequence[str] | None = None, threads: int | None = None) -> Model:
    """Open a model that `gantk export` wrote; needs no torch. Several threads may use it at once.

    `providers` are ONNX Runtime's execution providers in order of preference, or one; None: CUDA where it is there,
    then the CPU. `threads` is how many an operator may use; None: as many as there are cores. Raises GantkError where
    the file is missing, broken, or not gantk's.
    """
    path = Path(path)
    if path.is_dir():
        raise GantkError(f"{path} is a folder; {_way_to_model(path)}")
    if not path.is_file():
        raise GantkError(f"{path}: no such file; give an .onnx file that `gantk export` wrote")
    if threads is not None and threads < 1:
        raise UsageError(f"a model runs on at least 1 thread, not {threads}")
    import onnxruntime

    installed = onnxruntime.get_available_providers()
    chosen = (
        [providers]
        if isinstance(providers, str)
        else providers or [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in installed]
    )
    if missing := [name for name in chosen if name not in installed]:
        raise UsageError(f"ONNX Runtime has no provider {missing[0]} here, only {', '.join(installed)}")
    open_session = partial(_session, providers=chosen, threads=threads)
    try:
        session = open_session(str(path))
    except Exception as error:
        raise GantkError(
            f"{path}: not an ONNX model, or a truncated one ({one_line(error)}); export or copy it again"
        ) from error
    card = read_card(session.get_modelmeta().custom_metadata_map, path)
    _check(card, session, path)
    return Model(path, session, card, open_session)


def _session(source: str | bytes, *, providers: Sequence[str], threads: int | None) -> Any:
    """Return an ONNX Runtime session of a model's file, or of its bytes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads or 0
    return onnxruntime.InferenceSession(source, sess_options=options, providers=providers)


def _check(card: Card, session: Any, path: Path) -> None:
    """Raise GantkError where the card names other tensors than the graph has, or such as its task does not take."""
    for said, found in ((card.inputs, session.get_inputs()), (card.outputs, session.get_outputs())):
        ports, tensors = sorted(port.name for port in said), sorted(tensor.name for tensor in found)
        if ports != tensors:
            raise GantkError(f"{path}: its card names the tensors {ports}, the graph has {tensors}")
    if not card.fits_task:
        raise GantkError(f"{path}: its card says that it {card.task}s images, which its tensors are not made for")
