"""torch's optimizers without its compiler, whose import takes a third of the time to a first step, and 150 MB.

They import it at their first step, and where they are made, to tell it that it shall leave them alone; it never sees
them here, since networks are compiled by themselves.
"""

import inspect

import torch
from torch.optim import Optimizer


def spare_the_compiler() -> None:
    """Let optimizers be made without importing the compiler."""
    for method in vars(Optimizer).values():
        undecorated = getattr(method, "__wrapped__", None)
        if undecorated is not None:
            # Where torch keeps what its compiler gives for the method; of another version it is an attribute unused.
            vars(undecorated).setdefault("__dynamo_disable", undecorated)


@torch.no_grad()
def step(optimizer: Optimizer) -> None:
    """Move an optimizer's parameters along their gradients; hooks of its step are not called, nobody here has any."""
    inspect.unwrap(type(optimizer).step)(optimizer)
