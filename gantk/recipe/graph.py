"""What a trained recipe offers for export, and the mode in which it does so."""

from dataclasses import dataclass
from typing import Literal

from gantk.parts.networks import Network
from gantk.recipe.ports import Category, Latent, Vector

Task = Literal["translate", "generate", "encode", "score"]


@dataclass(frozen=True)
class Inference:
    """How a recipe's networks behave once trained.

    Attributes:
        statistics: batch norm uses averages over the data ("running"), or each image's own statistics ("image", which
            is what test-batch statistics at batch 1 are). "trained": as it was trained, "image" where one image passed
            at a time, else "running".
    """

    statistics: Literal["trained", "running", "image"] = "trained"

    def after(self, images: int) -> "Inference":
        """Return what it comes to where so many images passed at a time."""
        if self.statistics != "trained":
            return self
        return Inference("image" if images == 1 else "running")


@dataclass(frozen=True, kw_only=True)
class Graph:
    """One exportable function of a trained recipe.

    Attributes:
        network: what is exported; it takes the inputs in order, and gives a tensor, or a tuple of them for several
            outputs.
        task: `translate` makes images of images, `generate` images of what is drawn, `encode` vectors of images,
            `score` one number of an image.
        inputs: what goes in. Images are named by the batch key ("a", "source", "image") whose channels and window they
            have.
        outputs: what comes out, likewise.
        size: height and width in pixels of the images that it takes, where it takes no other; None: any.
    """

    network: Network
    task: Task = "translate"
    inputs: tuple[str | Latent | Category, ...]
    outputs: tuple[str | Vector, ...]
    size: int | None = None
