"""Networks whose features tell images apart, by name or as an ONNX file."""

import hashlib
from abc import ABC, abstractmethod
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own name for it)
from torch import Tensor, nn

from gantk import Unsupported, UsageError
from gantk_plugins.networks.efficientnet_lite0 import SIZE, pretrained

LITE = "efficientnet-lite0"


class Extractor(nn.Module, ABC):
    """Images (N, 1 or 3, H, W) in [-1, 1] -> features (N, d) in float64.

    Grey is repeated to three channels, values beyond [-1, 1] are cut off, and images are resized bilinearly.

    Attributes:
        name: what a record calls it.
        size: height and width in pixels to which images are resized; None: they are not.
    """

    name: str
    size: int | None

    def forward(self, images: Tensor) -> Tensor:
        if images.shape[1] not in (1, 3):
            raise Unsupported(f"needs grey or RGB images, not those of {images.shape[1]} channels")
        images = images.clamp(-1, 1).expand(-1, 3, -1, -1)
        if self.size is not None:
            images = F.interpolate(images, (self.size, self.size), mode="bilinear", antialias=True)
        return self.features(images).double()

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

    def features(self, images: Tensor) -> Tensor:
        """Return what stands before the last layer (N, 1280)."""
        with torch.no_grad(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            features: Tensor = self.network(images.to(self.device))
        return features.cpu()


class OnnxFile(Extractor):
    """A network in an ONNX file: takes float32 (N, 3, H, W) in [-1, 1], its first output is the features."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        import onnxruntime

        try:
            self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        except Exception as error:
            raise UsageError(f"option kid.extractor: {path} is not an ONNX file that can be run") from error
        (taken,) = self.session.get_inputs()[:1]
        self.taken = taken.name
        self.size = taken.shape[2] if len(taken.shape) == 4 and isinstance(taken.shape[2], int) else None
        self.name = f"{path.name} (sha256 {hashlib.sha256(path.read_bytes()).hexdigest()[:12]})"

    def features(self, images: Tensor) -> Tensor:
        """Return the file's first output, flattened."""
        (answer, *_) = self.session.run(None, {self.taken: images.numpy()})
        return torch.from_numpy(answer).flatten(1)


def extractor(named: str, device: torch.device) -> Extractor:
    """Return the network of a name, or the one in an ONNX file. Raises UsageError where there is none."""
    if named == LITE:
        return Lite(device)
    path = Path(named).expanduser()
    if path.suffix.lower() != ".onnx" or not path.is_file():
        raise UsageError(f"option kid.extractor: {named} is neither {LITE} nor an .onnx file that is there")
    return OnnxFile(path)
