"""What the protocols ask, and what their scores mean, in words."""

from dataclasses import dataclass
from typing import Literal

NEAR = "within three standard deviations of its middle"


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A score as the page shows it.

    Attributes:
        name: what the metric calls it.
        title: what it is called on the page, short.
        unit: what its numbers are of, or nothing.
        means: what it measures, a sentence without its full stop.
        better: which numbers are better.
        bounds: what the best number is, or what guessing gives.
    """

    name: str
    title: str
    unit: str = ""
    means: str
    better: Literal["higher", "lower"]
    bounds: str

    @property
    def head(self) -> str:
        """The title with its unit."""
        return f"{self.title}, {self.unit}" if self.unit else self.title


@dataclass(frozen=True, kw_only=True)
class Question:
    """Protocols whose scores compare: a table of the page.

    Attributes:
        name: what `Protocol.question` says.
        title: the heading.
        asked: what is trained, and why.
        rows: the head of the first column.
        measures: the scores, in the order of the columns.
    """

    name: str
    title: str
    asked: str
    rows: str = "Method"
    measures: tuple[Measure, ...]


KID = Measure(
    name="kid",
    title="KID",
    means="how far 200 generated images are from 200 held-out ones, by the features of EfficientNet-Lite0, a network "
    "that knows photographs",
    better="lower",
    bounds="0 is as alike as two halves of the same images; it compares within this page alone",
)


def _gaussians(count: int) -> tuple[Measure, ...]:
    return (
        Measure(
            name="modes",
            title="Found",
            means=f"how many of the {count} Gaussians have at least one of 2,500 generated points {NEAR}",
            better="higher",
            bounds=f"{count} is best",
        ),
        Measure(
            name="high_quality",
            title="Close",
            unit="%",
            means="how many of the points lie so close to a Gaussian",
            better="higher",
            bounds="99 is what the Gaussians themselves give",
        ),
        Measure(
            name="reverse_kl",
            title="Uneven",
            unit="nats",
            means="how unevenly those points are spread over the Gaussians (Kullback-Leibler divergence from an even "
            "spread)",
            better="lower",
            bounds="0 is even",
        ),
    )


TOY = (
    "A generator of points in the plane can drop a Gaussian, or miss all of them. Only the GAN's numbers are published "
    "(PacGAN's table, in which ± is the standard error of ten trainings); the other games stand beside it, on the same "
    "networks."
)

QUESTIONS = (
    Question(
        name="code",
        title="Are the digits found without labels?",
        asked="InfoGAN sorts handwritten digits into ten groups and never sees a label.",
        measures=(
            Measure(
                name="code_error",
                title="Wrong",
                unit="%",
                means="how many held-out digits are in a wrong group, after groups and digits were matched one to one",
                better="lower",
                bounds="guessing gives 90",
            ),
        ),
    ),
    Question(
        name="labels",
        title="Are the digits learned with few labels?",
        asked="A classifier is told the labels of a few digits, which follow from the seed; the others teach it, too.",
        measures=(
            Measure(
                name="code_error",
                title="Wrong",
                unit="%",
                means="how many held-out digits are given a wrong label",
                better="lower",
                bounds="guessing gives 90",
            ),
        ),
    ),
    Question(
        name="parzen",
        title="How likely are real digits by generated ones?",
        asked="The papers' first measure of generated digits. It ranks methods badly, and is here since papers print "
        "it; a published ± is the standard error over test images.",
        measures=(
            Measure(
                name="log_likelihood",
                title="Log-likelihood",
                unit="nats",
                means="the mean log-likelihood of held-out digits, where a narrow Gaussian stands on each of 10,000 "
                "generated ones (a Parzen window)",
                better="higher",
                bounds="it has no best number",
            ),
        ),
    ),
    Question(
        name="neighbour",
        title="Does an encoder tell digits apart?",
        asked="BiGAN learns codes of images without labels. A held-out digit is then taken for what the training digit "
        "with the nearest code is.",
        measures=(
            Measure(
                name="accuracy of encoder",
                title="Right by code",
                unit="%",
                means="how often that is right, by the code itself",
                better="higher",
                bounds="guessing gives 10",
            ),
            Measure(
                name="accuracy of features",
                title="Right by last layer",
                unit="%",
                means="the same by the encoder's last hidden layer, which is what the paper's number is of",
                better="higher",
                bounds="guessing gives 10",
            ),
        ),
    ),
    Question(
        name="pairs",
        title="Do two domains show the same of one noise vector, though no pair is trained on?",
        asked="Half of the digits, and edges or negatives of the other half.",
        rows="Domains",
        measures=(
            Measure(
                name="pair_agreement",
                title="Pixels that agree",
                means="how many pixels of the second image are what the first becomes as edges, or as its negative",
                better="higher",
                bounds="1 is all of them",
            ),
        ),
    ),
    Question(
        name="ring",
        title="Are all of eight Gaussians on a ring found?",
        asked=TOY,
        rows="Game",
        measures=_gaussians(8),
    ),
    Question(
        name="grid",
        title="Are all of 25 Gaussians on a grid found?",
        asked="The same with 25 Gaussians.",
        rows="Game",
        measures=_gaussians(25),
    ),
    Question(
        name="estimate",
        title="Does the critic's estimate say how good images are?",
        asked="WGAN's paper draws curves of both and prints no number.",
        measures=(
            Measure(
                name="rank correlation of note/critic_estimate with kid",
                title="Rank correlation",
                means="whether the critic's estimate and the images' KID fall together, over ten checkpoints of a "
                "training",
                better="higher",
                bounds="1 is always, 0 is no relation",
            ),
        ),
    ),
    Question(
        name="hard",
        title="Which game trains networks that are hard to train?",
        asked="WGAN-GP's paper trains networks on which other games fail, and shows pictures. Here they make clothes.",
        measures=(KID,),
    ),
    Question(
        name="clothes",
        title="How do auto-encoders do on clothes?",
        asked="EBGAN and VAE-GAN, whose papers print no number of this kind, and a plain VAE of the same size.",
        measures=(
            KID,
            Measure(
                name="ssim",
                title="SSIM",
                means="how alike in structure an image and its reconstruction are",
                better="higher",
                bounds="1 is identical; EBGAN's generator repeats no image",
            ),
        ),
    ),
)
