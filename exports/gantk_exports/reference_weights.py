"""The tensors of the field's reference implementation under the names that gantk's own networks have for them."""

from torch import Tensor

from gantk.errors import GantkError
from gantk_exports.reference import Architecture, Layer, State, norm_statistics, size_of


def translated(architecture: Architecture, state: State, wanted: State) -> dict[str, Tensor]:
    """Return a state dict's tensors under gantk's names, for a network whose own are `wanted`.

    An inner bias that the reference's network has not, and gantk's has, is zero. Raises GantkError, naming a tensor
    that is missing, is of another shape, or has no place.
    """
    layers = {layer.ours: layer for layer in architecture.layers}
    left, found = dict(state), {}
    for ours, own in wanted.items():
        name, _, leaf = ours.rpartition(".")
        theirs = f"{layers[name].theirs}.{leaf}"
        tensor = left.pop(theirs, None)
        if tensor is None and _may_lack(architecture, layers[name], leaf):
            tensor = own.new_zeros(own.shape)
        if tensor is None:
            raise GantkError(f"lacks {theirs} {size_of(own)} of its {architecture.title}")
        if tensor.shape != own.shape:
            raise GantkError(f"{theirs} is {size_of(tensor)}, where {size_of(own)} is needed")
        found[ours] = tensor
    for name in unread(architecture, state):
        del left[name]
    if left:
        name = next(iter(left))
        raise GantkError(f"{name} {size_of(left[name])} has no place in its {architecture.title}")
    return found


def unread(architecture: Architecture, state: State) -> list[str]:
    """Return the running statistics of instance norms, which older versions of torch kept; the reference drops them."""
    known = norm_statistics(architecture.layers) if architecture.normalization == "instance" else []
    return [name for name in known if name in state]


def _may_lack(architecture: Architecture, layer: Layer, leaf: str) -> bool:
    # Versions of torch before 0.4.1 did not count batches.
    return leaf == "num_batches_tracked" or (leaf == "bias" and layer.kind == "inner" and not architecture.biased)
