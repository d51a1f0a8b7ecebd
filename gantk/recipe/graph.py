"""What a trained recipe offers for export, and the mode in which it does so."""

from dataclasses import dataclass
from typing import Literal

from gantk.parts.networks import Network


@dataclass(frozen=True)
class Inference:
    """How a recipe's networks behave once trained.

    Attributes:
        statistics: batch norm uses its running averages, or each image's own statistics (which is what test-batch
            statistics at batch 1 are).
    """

    statistics: Literal["running", "image"] = "running"


@dataclass(frozen=True, kw_only=True)
class Graph:
    """One exportable function of a trained recipe.

    Attributes:
        network: what is exported.
        task: what it does.
        source: batch key of the images it takes ("a", "source"), whose channels and window it reads.
        target: batch key of the images it gives.
    """

    network: Network
    task: Literal["translate"] = "translate"
    source: str
    target: str
