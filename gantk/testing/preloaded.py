"""What trainings need, imported once, before the processes of the checks are forked."""

from contextlib import suppress

import torch._dynamo
import torch.utils.tensorboard

import gantk.training.launch
from gantk.data.views import open_split
from gantk.errors import GantkError
from gantk.plan.open_data import open_data
from gantk.plugins.entrypoints import installed
from gantk.runs.config import Config

__all__ = ["gantk", "torch"]

# What was read of all installed plugins is kept: most of what is tried asks which of them bring a part.
for plugin in installed().values():
    _ = plugin.hooks, plugin.gantk_api

# Data sets keep what they have decoded, so that this is done once.
with suppress(GantkError):
    shipped = open_data(Config())
    for column in open_split(shipped, shipped.kinds[0], False, 32).columns.values():
        column[0]
