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
    """

    name: str
    train: str
    paired: bool
    graph: str
    note: str = ""


LABELS = "It sees which of 15 colours is nearest to a pixel's, no more."

METHODS = (
    Method(
        "regression",
        "--plugin benchmarks/translators/regression.py --data emoji:flat,3d",
        True,
        "source_to_target",
        "pix2pix's generator without a game.",
    ),
    Method("pix2pix", "--plugin pix2pix --data emoji:flat,3d", True, "source_to_target"),
    Method("pix2pixhd", "--plugin pix2pixhd --data emoji:flat,3d", True, "layout_to_image", LABELS),
    Method("spade", "--plugin spade --data emoji", True, "sample", LABELS),
    Method("cyclegan", "--plugin cyclegan --data emoji", False, "a_to_b"),
    Method("cut", "--plugin cut --data emoji", False, "a_to_b"),
    Method("unit", "--plugin unit --data emoji", False, "a_to_b"),
    Method("munit", "--plugin munit --data emoji", False, "a_to_b", "Each in a style that is drawn."),
    Method("nice-gan", "--plugin nice-gan --data emoji", False, "a_to_b"),
    Method("ganilla", "--plugin ganilla --data emoji", False, "a_to_b"),
)
