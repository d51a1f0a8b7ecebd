"""The translators that are compared, and what each is trained by."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """A translator of flat emoji to 3D emoji.

    Attributes:
        name: of the row and of its files.
        train: arguments of `gantk train`, without length, seed and folder.
        paired: whether it sees which 3D emoji belongs to which flat one.
        graph: which of the run's graphs translates to 3D.
        note: what a reader should know beside its scores.
        needs: what it would need to beat doing nothing, and regression alone where it learns from pairs.
    """

    name: str
    train: str
    paired: bool
    graph: str
    note: str = ""
    needs: str = ""


LABELS = "It sees which of 15 colours is nearest to a pixel's, no more."
FINER = "It would need maps of finer classes, larger images and more steps."
CODED = "All of an image passes a code of a sixteenth of its places: it would need more steps, and wider layers."

METHODS = (
    Method(
        "regression",
        "--plugin benchmarks/translators/regression.py --data emoji:flat,3d",
        True,
        "source_to_target",
        "pix2pix's generator without a game.",
    ),
    Method(
        "pix2pix",
        "--plugin pix2pix --data emoji:flat,3d",
        True,
        "source_to_target",
        needs="Its game is for what a mean blurs, of which 64 pixels hold little: it would need larger images.",
    ),
    Method("pix2pixhd", "--plugin pix2pixhd --data emoji:flat,3d", True, "layout_to_image", LABELS, FINER),
    Method("spade", "--plugin spade --data emoji", True, "sample", LABELS, FINER),
    Method("cyclegan", "--plugin cyclegan --data emoji", False, "a_to_b"),
    Method("cut", "--plugin cut --data emoji", False, "a_to_b"),
    Method("unit", "--plugin unit --data emoji", False, "a_to_b", needs=CODED),
    Method(
        "munit",
        "--plugin munit --data emoji",
        False,
        "a_to_b",
        "Each in a style that is drawn.",
        "Colours, and that of the ground, are of the style here: it would need many truths to one picture.",
    ),
    Method("nice-gan", "--plugin nice-gan --data emoji", False, "a_to_b", needs=CODED),
    Method("ganilla", "--plugin ganilla --data emoji", False, "a_to_b"),
)
