"""What a trained recipe offers for export, and the mode in which it does so."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gantk.parts.networks import Network
from gantk.recipe.ports import Caption, Category, Image, Latent, Scalar, Vector
from gantk.runtime.card import Task
from gantk.sizes import Sides


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


Input = str | Latent | Category | Scalar | Caption
"""What goes into a graph: images and label maps by batch key (an Image too is one), what is drawn, what is said."""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """One exportable function of a trained recipe.

    Attributes:
        network: what is exported; it takes the inputs in order, and gives a tensor, or a tuple of them for several
            outputs.
        task: `translate` makes an image of images, `generate` one of what is drawn, `encode` vectors of images, `score`
            one number of them. All of them may take numbers, categories and captions besides.
        inputs: what goes in. Images are named by the batch key ("a", "source", "image") whose channels and window they
            have; they have one height and width. The first is what is translated, encoded or scored. Two of one key
            are told apart by names: `Image("image", name="style")`. A label map is one-hot numbers to the network. A
            Category `domain` says which of the domains an image shall become one of, and `source` which it is of.
        outputs: what comes out, likewise; of a label map the network gives a score (N, classes, H, W) for each class.
        size: height and width in pixels of the images that it takes, one number where they are equal, where it takes no
            other; None: any.
        scale: pixels of the image that comes out, along a side, for each of those that go in: 4 of a network that
            quadruples height and width, 0.5 of one that halves them.
        resized: returns the same function at another height and width, of a graph that generates and can be of any;
            `gantk export --size` asks it. None: there is none.
    """

    network: Network
    task: Task = "translate"
    inputs: tuple[Input, ...]
    outputs: tuple[str | Vector, ...]
    size: int | tuple[int, int] | None = None
    scale: float = 1
    resized: Callable[[Sides], "Graph"] | None = None

    @property
    def images(self) -> tuple[str, ...]:
        """The batch keys of the images that go in."""
        return tuple(thing for thing in self.inputs if isinstance(thing, str))

    @property
    def sides(self) -> tuple[int, int] | None:
        """Height and width in pixels of the images that it takes, where it takes no other."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    @property
    def input_names(self) -> tuple[str, ...]:
        """What an exported graph's inputs are called.

        An image by the name that it was given, else by its batch key, or `image` where it is the only one.
        """
        alone = len(self.images) == 1
        return tuple(
            Image(each).name or ("image" if alone else str(each)) if isinstance(each, str) else each.name
            for each in self.inputs
        )

    @property
    def output_names(self) -> tuple[str, ...]:
        """What an exported graph's outputs are called: an image `output`."""
        return tuple("output" if isinstance(each, str) else each.name for each in self.outputs)
