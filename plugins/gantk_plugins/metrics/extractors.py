"""Networks whose features tell images apart, by name or as an ONNX file."""

import hashlib
from abc import ABC, abstractmethod
from collections import OrderedDict
from functools import lru_cache
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own name for it)
from torch import Tensor, nn

from gantk import Unsupported, UsageError
from gantk_plugins.networks.efficientnet_lite0 import SIZE, pretrained, trained_file

LITE = "efficientnet-lite0"

MOST = 256
"""Pieces of images whose features are remembered."""

_KNOWN: OrderedDict[str, Tensor] = OrderedDict()


class Extractor(nn.Module, ABC):
    """Images (N, 1 or 3, H, W) in [-1, 1] -> features (N, d) in float64.

    Grey is repeated to three channels, values beyond [-1, 1] are cut off, and images are resized bilinearly.

    What it gave last is remembered by the images' contents, since several metrics ask it of the same ones.

    Attributes:
        name: what a record calls it.
        digest: SHA-256 of its weights.
        size: height and width in pixels to which images are resized; None: they are not.
    """

    name: str
    digest: str
    size: int | None

    def forward(self, images: Tensor) -> Tensor:
        if images.shape[1] not in (1, 3):
            raise Unsupported(f"needs grey or RGB images, not those of {images.shape[1]} channels")
        content = hashlib.sha256(images.detach().cpu().contiguous().numpy().tobytes()).hexdigest()
        key = f"{self.digest} {tuple(images.shape)} {content}"
        if key not in _KNOWN:
            images = images.clamp(-1, 1).expand(-1, 3, -1, -1)
            if self.size is not None:
                images = F.interpolate(images, (self.size, self.size), mode="bilinear", antialias=True)
            _KNOWN[key] = self.features(images).double()
        _KNOWN.move_to_end(key)
        if len(_KNOWN) > MOST:
            _KNOWN.popitem(last=False)
        return _KNOWN[key]

    def classes(self, features: Tensor) -> Tensor:
        """Return scores of classes (N, classes) of what it gave, before the softmax."""
        return features

    @abstractmethod
    def features(self, images: Tensor) -> Tensor:
        """Return features (N, d) of images (N, 3, size, size) in [-1, 1]."""


class Lite(Extractor):
    """The installed EfficientNet-Lite0."""

    name = f"{LITE} (ImageNet, 1280 features)"
    size = SIZE

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self.device = device
        self.network = pretrained().to(device)
        self.digest = hashlib.sha256(trained_file().read_bytes()).hexdigest()

    def features(self, images: Tensor) -> Tensor:
        """Return what stands before the last layer (N, 1280)."""
        with torch.no_grad(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            features: Tensor = self.network(images.to(self.device))
        return features.cpu()

    def classes(self, features: Tensor) -> Tensor:
        """Return the scores of ImageNet's classes (N, 1000)."""
        with torch.no_grad():
            scores: Tensor = self.network._fc(features.float().to(self.device))
        return scores.cpu()


class OnnxFile(Extractor):
    """A network in an ONNX file: takes float32 (N, 3, H, W) in [-1, 1], its first output is the features."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        import onnxruntime

        try:
            self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        except Exception as error:
            raise UsageError(f"option extractor: {path} is not an ONNX file that can be run") from error
        (taken,) = self.session.get_inputs()[:1]
        self.taken = taken.name
        self.size = taken.shape[2] if len(taken.shape) == 4 and isinstance(taken.shape[2], int) else None
        self.digest = hashlib.sha256(path.read_bytes()).hexdigest()
        self.name = f"{path.name} (sha256 {self.digest[:12]})"

    def features(self, images: Tensor) -> Tensor:
        """Return the file's first output, flattened."""
        (answer, *_) = self.session.run(None, {self.taken: images.numpy()})
        return torch.from_numpy(answer).flatten(1)


def extractor(named: str, device: torch.device) -> Extractor:
    """Return the network of a name, or the one in an ONNX file. Raises UsageError where there is none."""
    if named == LITE:
        return _lite(device)
    path = Path(named).expanduser()
    if path.suffix.lower() != ".onnx" or not path.is_file():
        raise UsageError(f"option extractor: {named} is neither {LITE} nor an .onnx file that is there")
    return OnnxFile(path)


@lru_cache(1)
def _lite(device: torch.device) -> Lite:
    """Return the installed network, which is read once."""
    return Lite(device)
