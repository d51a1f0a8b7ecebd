"""A network around another, of which nothing is lost."""

from typing import Any

from torch import Tensor, nn


class Wrapper(nn.Module):
    """A network around another, as `network_built` may return it: a subclass changes what goes in or what comes out.

    Whatever else the network inside offers (`features`, `score`, `both`, attributes) is offered too, behind the same
    change of what goes in. Its conditions pass through.

    Args:
        network: the network inside.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def before(self, first: Tensor) -> Tensor:
        """Return what the network inside gets in place of its first input: an image (N, C, H, W), or noise (N, L)."""
        return first

    def after(self, answer: Any) -> Any:
        """Return what is given in place of the answer of the network inside."""
        return answer

    def forward(self, first: Tensor, *conditions: Any) -> Any:
        return self.after(self.network(self.before(first), *conditions))

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            inside = getattr(super().__getattr__("network"), name)
        if name not in ("features", "both"):
            return inside
        return lambda first, *conditions: inside(self.before(first), *conditions)
