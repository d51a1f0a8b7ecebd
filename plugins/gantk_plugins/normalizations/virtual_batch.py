"""Virtual batch normalization: by a batch that was drawn once (Salimans et al. 2016, arXiv:1606.03498, section 3.5).

Batch norm makes what becomes of a sample depend on those beside it. Here it depends on itself and on a reference batch,
which is drawn once and stays; with B images in that, a sample has weight 1 / (B + 1) and the reference the rest, and
the reference is normalized by its own statistics. It passes through the network at each move, with the weights of the
time, so a step costs a batch of B more; the paper keeps it to generators for that.

From the authors' code: the weights, epsilon 1e-5, and a gain that is the exponential of a number that begins near 0,
drawn from N(0, 0.02). The reference batch is of latent vectors, which a recipe draws in `prepare`; recipes whose
generators read images have none. Once trained, the statistics of the reference are numbers, as those of batch norm are.

    gantk train --plugin dcgan --normalization generator=virtual-batch
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from gantk import Normalization, Unsupported, UsageError, Wrapper, hookimpl

EPSILON = 1e-5


class VirtualBatchNorm(nn.Module):
    """Normalizes activations (N, channels, H, W), each sample by itself and by what a reference batch had.

    Args:
        channels: of the activations.

    Attributes:
        leading: how many samples at the beginning of what comes are the reference batch, and renew what is known of it.
        mean, square: the mean of the reference's activations, and of their squares, of each channel.
        count: how many samples that was; 0: there was none, and each sample is normalized by itself.
    """

    mean: Tensor
    square: Tensor
    count: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(0.02 * torch.randn(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("square", torch.ones(channels))
        self.register_buffer("count", torch.zeros(()))
        self.leading = 0

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, channels, H, W) of the same."""
        values = x.float()
        reference, samples = values[: self.leading], values[self.leading :]
        mean, square, count = self.mean, self.square, self.count
        if self.leading:
            mean, square = reference.mean((0, 2, 3)), reference.square().mean((0, 2, 3))
            with torch.no_grad():
                self.mean.copy_(mean)
                self.square.copy_(square)
                self.count.fill_(self.leading)
                count = self.count.clone()
        own = 1 / (count + 1)
        made = [
            self._normalized(reference, mean, square),
            self._normalized(
                samples,
                own * samples.mean((2, 3)) + (1 - own) * mean,
                own * samples.square().mean((2, 3)) + (1 - own) * square,
            ),
        ]
        return (torch.cat(made) if self.leading else made[1]).to(x.dtype)

    def _normalized(self, x: Tensor, mean: Tensor, square: Tensor) -> Tensor:
        """Return x (N, channels, H, W) by its mean and mean square, of each channel or each sample's (N, channels)."""
        deviation = (square - mean.square()).clamp(min=0) + EPSILON
        scale = self.gain.exp() * deviation.rsqrt()
        return scale[..., None, None] * (x - mean[..., None, None]) + self.bias[:, None, None]


class Referred(Wrapper):
    """A network before whose inputs the reference batch goes in training.

    Args:
        network: the network.
        count: how many samples the reference batch has.
    """

    def __init__(self, network: nn.Module, count: int) -> None:
        super().__init__(network)
        self.count = count
        self.references = 0

    def refer(self, *inputs: Tensor) -> None:
        """Take the inputs (count, ...) that are the reference batch from now on."""
        self.references = len(inputs)
        for number, values in enumerate(inputs):
            self.register_buffer(f"reference_{number}", values)

    def forward(self, *inputs: Any) -> Any:
        if not self.training:
            return self.network(*inputs)
        return self._beyond(self._referring(self.network, inputs))

    def __getattr__(self, name: str) -> Any:
        found = super().__getattr__(name)
        if name != "features":
            return found
        return lambda *inputs: self._beyond(self._referring(found, inputs)) if self.training else found(*inputs)

    def train(self, mode: bool = True) -> Referred:
        """Take up training, or leave it, with what the reference is with the weights of the time."""
        super().train(mode)
        known = [self.get_buffer(f"reference_{number}") for number in range(self.references)]
        if not mode and known and not any(values.is_meta for values in known):
            with torch.no_grad():
                self._referring(self.network, [values[:0] for values in known])
        return self

    def _referring(self, call: Any, inputs: Any) -> Any:
        """Call the network with the reference batch before its inputs, and let the norms know."""
        if not self.references:
            raise Unsupported(
                "normalization virtual-batch has no reference batch here, which this recipe draws for no generator: "
                "choose another by --normalization generator=NAME"
            )
        known = [self.get_buffer(f"reference_{number}") for number in range(self.references)]
        norms = [module for module in self.network.modules() if isinstance(module, VirtualBatchNorm)]
        for norm in norms:
            norm.leading = self.count
        try:
            return call(*(torch.cat([one, other]) for one, other in zip(known, inputs, strict=True)))
        finally:
            for norm in norms:
                norm.leading = 0

    def _beyond(self, answer: Any) -> Any:
        """Return what belongs to the inputs behind the reference batch."""
        return [one[self.count :] for one in answer] if isinstance(answer, list) else answer[self.count :]


class VirtualBatch(Normalization):
    """Each sample is normalized by a reference batch and by itself, then scaled and shifted.

    Args:
        reference: how many samples the reference batch has.
    """

    shifts = True
    refers = True

    def __init__(self, *, reference: int = 64) -> None:
        if reference < 1:
            raise UsageError(f"virtual-batch needs a reference of at least 1 sample, not {reference}")
        self.reference = reference

    def activation(self, channels: int, condition: int | None = None) -> nn.Module:
        """Return the norm of (N, channels, H, W)."""
        self.refuse(condition)
        return VirtualBatchNorm(channels)

    def network(self, network: nn.Module) -> nn.Module:
        """Return the network with the reference batch before its inputs."""
        return Referred(network, self.reference)


@hookimpl
def normalization() -> type[Normalization]:
    """Return virtual batch normalization."""
    return VirtualBatch
