"""An exported model, run by ONNX Runtime: `load(path)(image)`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from gantk.data.dataset import Array
from gantk.errors import GantkError, UsageError, one_line
from gantk.runtime.card import Card, read_card
from gantk.runtime.taking import take

if TYPE_CHECKING:
    from PIL import Image


class Model:
    """A model that `gantk export` wrote; `model.card` says what it is.

    Attributes:
        path: the file.
        card: what the model says of itself.
    """

    def __init__(self, path: Path, session: Any, card: Card) -> None:
        self.path = path
        self.card = card
        self._session = session

    @overload
    def __call__(self, image: Image.Image) -> Image.Image: ...

    @overload
    def __call__(self, image: Array) -> Array: ...

    @overload
    def __call__(self, image: str | Path) -> Any: ...

    def __call__(self, image: Any) -> Any:
        """Translate a picture, an image file, or an array (H, W), (H, W, C) or (N, H, W, C); the same kind comes back.

        A picture is turned the way its EXIF orientation says, brought to the model's channels, and keeps its size and
        alpha channel. From an image file comes a picture, from a `.npy` file an array. Arrays are of the model's own
        type (`card.inputs[0].dtype`). Raises DataError where the model cannot take the image.
        """
        taken = take(image, self.card)
        return taken.give(self.run(taken.batch))

    def run(self, batch: Array) -> Array:
        """Return the model's answer (N, H, W, C) to a batch (N, H, W, C) of its input's type, at any H and W.

        Raises GantkError where ONNX Runtime cannot run it.
        """
        source, target = self.card.inputs[0], self.card.outputs[0]
        values = np.ascontiguousarray(batch.transpose(0, 3, 1, 2)) if source.layout == "NCHW" else batch
        try:
            answer: Array = self._session.run([target.name], {source.name: values})[0]
        except Exception as error:
            shape = "x".join(str(length) for length in batch.shape)
            raise GantkError(f"{self.path}: cannot run on a batch of {shape}: {one_line(error)}") from error
        return answer.transpose(0, 2, 3, 1) if target.layout == "NCHW" else answer


def load(path: str | Path, providers: Sequence[str] | None = None) -> Model:
    """Open a model that `gantk export` wrote; needs no torch.

    `providers` are ONNX Runtime's execution providers in order of preference; None: CUDA where it is there, then the
    CPU. Raises GantkError where the file is missing, broken, or not gantk's.
    """
    path = Path(path)
    if path.is_dir():
        raise GantkError(f"{path} is a folder; give an .onnx file, such as `gantk export` writes to RUN/exports")
    if not path.is_file():
        raise GantkError(f"{path}: no such file; give an .onnx file that `gantk export` wrote")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    installed = onnxruntime.get_available_providers()
    chosen = providers or [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in installed]
    if missing := [name for name in chosen if name not in installed]:
        raise UsageError(f"ONNX Runtime has no provider {missing[0]} here, only {', '.join(installed)}")
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=chosen)
    except Exception as error:
        raise GantkError(
            f"{path}: not an ONNX model, or a truncated one ({one_line(error)}); export or copy it again"
        ) from error
    card = read_card(session.get_modelmeta().custom_metadata_map, path)
    _check(card, session, path)
    return Model(path, session, card)


def _check(card: Card, session: Any, path: Path) -> None:
    ports = {port.name for port in (*card.inputs, *card.outputs)}
    tensors = {tensor.name for tensor in (*session.get_inputs(), *session.get_outputs())}
    if ports != tensors or len(card.inputs) != 1 or len(card.outputs) != 1:
        raise GantkError(f"{path}: its card names the tensors {sorted(ports)}, the graph has {sorted(tensors)}")
