"""The part that says how activations or weights are normalized."""

from torch import nn

from gantk.errors import Unsupported


class Normalization:
    """How a network's activations or weights are normalized; the default changes nothing.

    Attributes:
        shifts: whether `activation` adds a learned bias, so that a layer before it needs none.
        mixes_samples: whether one sample's activations depend on the rest of the batch.
        refers: whether it normalizes by a reference batch: what `network` returns has `count`, and `refer(*inputs)`, by
            which a recipe of noise gives its generator so many latents, with labels if any, in `prepare`. It is for
            such generators alone.
        normalizes: whether it does anything; where it does not, first weights must suit layers without norms.
    """

    shifts: bool = False
    mixes_samples: bool = False
    refers: bool = False
    normalizes: bool = True

    def activation(self, channels: int, condition: int | None = None) -> nn.Module:
        """Return a module (N, channels, H, W) -> same shape, placed after a layer.

        `condition` is the length of a conditioning vector, given to the module as its second argument.
        Raises Unsupported where conditioning is asked of a kind that knows none.
        """
        self.refuse(condition)
        return nn.Identity()

    def refuse(self, condition: int | None) -> None:
        """Raise Unsupported where there is a condition, for `activation` of a kind that knows none."""
        if condition is not None:
            raise Unsupported(f"{type(self).__name__} takes no conditioning vector")

    def mapped_activation(self, channels: int, condition: int) -> nn.Module:
        """Return a module (N, channels, H, W) -> same shape, placed after a layer, which a map conditions.

        The map is its second argument: (N, condition, height, width), of any height and width, which the module brings
        to H and W by nearest neighbour; a label map comes as one-hot numbers, `condition` being its classes. Raises
        Unsupported where the kind knows no maps.
        """
        raise Unsupported(f"{type(self).__name__} takes no map as a condition")

    def weight(self, layer: nn.Module) -> nn.Module:
        """Return the layer, its `weight` normalized."""
        return layer

    def network(self, network: nn.Module) -> nn.Module:
        """Return the whole network, for kinds that must see each call of it."""
        return network
