"""The wrappers that recipes hold: a network with its precision, a critic with its conditions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from gantk.errors import PluginError, Unsupported
from gantk.parts.specs import GeneratorSpec

Scores = Tensor | list[Tensor]


def single_scores(scores: Scores) -> Tensor:
    """Return scores that must be one tensor. Raises Unsupported where they are a list."""
    if isinstance(scores, list):
        raise Unsupported("one tensor of scores is read here, and this discriminator gives a list")
    return scores


def single_precision(value: Any) -> Any:
    """Return value with its reduced-precision tensors as float32; containers are kept."""
    if isinstance(value, Tensor):
        return value.float() if value.dtype in (torch.bfloat16, torch.float16) else value
    if isinstance(value, dict):
        return {key: single_precision(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(single_precision(item) for item in value)
    return value


def declares_mixing(module: nn.Module) -> bool:
    """Return whether a module says that one sample's answer depends on the rest of the batch."""
    return getattr(module, "mixes_samples", False) is True


class Network(nn.Module):
    """A network as a recipe calls it: autocast surrounds it, and float32 comes back.

    Attributes:
        module: the plugin's own network.
        role: the part it plays ("generator", "discriminator", ...).
        autocast: the dtype in which its layers compute, or None for their own.
        mixes_samples: whether one sample's answer depends on the rest of the batch: by its normalization, or by a
            module with an attribute `mixes_samples` that is True, as minibatch standard deviation should have.
    """

    def __init__(
        self, module: nn.Module, role: str, autocast: torch.dtype | None = None, mixes_samples: bool = False
    ) -> None:
        super().__init__()
        self.module = module
        self.role = role
        self.autocast = autocast
        self.mixes_samples = mixes_samples or any(
            isinstance(part, nn.modules.batchnorm._BatchNorm) or declares_mixing(part) for part in module.modules()
        )
        self._compiled: Callable[..., Any] | None = None

    def compile_forward(self, **options: Any) -> None:
        """Compile `forward`; calls that need a second derivative bypass it. A copy of the network is not compiled."""
        # Not as an attribute of a module: torch would register it, and every weight would be saved twice.
        object.__setattr__(self, "_compiled", torch.compile(self.module, **options))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_compiled": None}

    def forward(self, *inputs: Any) -> Any:
        # A compiled module that has no length has no truth value either.
        call = self.module if self._compiled is None else self._compiled
        with self._precision(self.autocast):
            return single_precision(call(*inputs))

    def eager(self, *inputs: Any) -> Any:
        """Call the network as a gradient that is differentiated again needs it: in float32, without torch.compile.

        A gradient penalty's own gradient would be a tenth too long in bfloat16, and torch.compile has none.
        """
        with self._precision(None):
            return self.module(*inputs)

    def each(self, *images: Tensor) -> tuple[Tensor, ...]:
        """Return the network's answer to each batch (N, C, H, W), computed in one call where samples do not mix."""
        if self.mixes_samples:
            return tuple(self(batch) for batch in images)
        together: Tensor = self(torch.cat(images))
        return torch.split(together, [len(batch) for batch in images])

    def features(self, *inputs: Any) -> list[Tensor]:
        """Return the network's inner activations, shallow to deep."""
        with self._precision(self.autocast):
            features: list[Tensor] = single_precision(self.module.features(*inputs))  # type: ignore[operator]
            return features

    def score(self, features: list[Tensor]) -> Scores:
        """Return the scores that belong to the inner activations `features`, of a network that offers it."""
        with self._precision(self.autocast):
            scores: Scores = single_precision(self.module.score(features))  # type: ignore[operator]
            return scores

    def both(self, *inputs: Any) -> tuple[Scores, list[Tensor]]:
        """Return scores and inner activations, of a network that offers both in one pass."""
        with self._precision(self.autocast):
            answers: tuple[Scores, list[Tensor]] = single_precision(self.module.both(*inputs))  # type: ignore[operator]
            return answers

    def given(self, *conditions: Tensor) -> "Critic":
        """Return the critic that scores under these conditions, as `critic(x)`."""
        return Critic(self, conditions)

    @contextmanager
    def _precision(self, autocast: torch.dtype | None) -> Iterator[None]:
        if self.autocast is None:
            yield
            return
        device = next((parameter.device.type for parameter in self.module.parameters()), "cpu")
        with torch.autocast(device, dtype=autocast or self.autocast, enabled=autocast is not None):
            yield


class Generator(Network):
    """A network that makes images; what it makes is held against its spec."""

    def __init__(self, module: nn.Module, role: str, spec: GeneratorSpec, plugin: str, **options: Any) -> None:
        super().__init__(module, role, **options)
        self.spec = spec
        self.plugin = plugin

    def forward(self, *inputs: Any) -> Any:
        images = super().forward(*inputs)
        if isinstance(images, Tensor) and images.ndim == 4:
            size = images.shape[2:]
            if self.spec.inputs is not None:
                size = inputs[0].shape[2:]
            elif self.spec.layout is not None:
                # A label map follows the latent vector, which is its style.
                size = inputs[int(self.spec.latent is not None)].shape[2:]
            needed = tuple(self.spec.scale * side for side in size)
            if (images.shape[1], tuple(images.shape[2:])) != (self.spec.outputs, needed):
                raise PluginError(
                    f"generator {self.plugin} gave {images.shape[1]} channels of {tuple(images.shape[2:])} pixels; "
                    f"{self.spec.outputs} channels of {needed} are needed"
                )
        return images


class Critic:
    """A network with its conditions filled in: `critic(x)` gives scores.

    Attributes:
        pack: how many samples, that follow each other, are scored together: N of them have N / pack rows of scores.
    """

    pack: int = 1

    def __init__(self, discriminator: Network, conditions: tuple[Tensor, ...] = ()) -> None:
        self.discriminator = discriminator
        self.pack = getattr(discriminator, "pack", 1)
        self.conditions = conditions

    @property
    def mixes_samples(self) -> bool:
        """Whether one sample's scores depend on the rest of the batch."""
        return self.discriminator.mixes_samples

    def watch(self, real_scores: Scores, boundary: float) -> None:
        """Let what augments its images hear the scores of real ones; nothing augments them here."""

    def __call__(self, *points: Tensor) -> Scores:
        scores: Scores = self.discriminator(*points, *self.conditions)
        return scores

    def features(self, *points: Tensor) -> list[Tensor]:
        """Return the discriminator's inner activations at these points."""
        return self.discriminator.features(*points, *self.conditions)

    def both(self, *points: Tensor) -> tuple[Scores, list[Tensor]]:
        """Return scores and inner activations, in one pass where the discriminator offers `score(features)`."""
        if hasattr(self.discriminator.module, "both"):
            return self.discriminator.both(*points, *self.conditions)
        features = self.features(*points)
        if not hasattr(self.discriminator.module, "score"):
            return self(*points), features
        return self.discriminator.score(features), features

    def eager(self, *points: Tensor) -> Scores:
        """Score in float32 and without torch.compile, for gradients that are differentiated again."""
        scores: Scores = self.discriminator.eager(*points, *self.conditions)
        return scores
