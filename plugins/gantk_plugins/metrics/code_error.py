"""Error of a categorical code as a classifier (Chen et al. 2016, InfoGAN, arXiv:1606.03657, section 7.2).

The paper matches each category of c1 to a digit type, and reports how often the match is wrong on MNIST's digits. Here
a held-out image's category is the largest number of the code's vector, and categories and classes are matched one to
one so that as few images as possible are wrong (Kuhn 1955, the Hungarian method). The matching sees the labels of the
images that it is measured on, as the paper's must have. The details hold the error where each category stands for the
class that most of its images have, which several categories may share.
"""

import math
from collections.abc import Sequence

import torch

from gantk import Metric, Score, Subject, hookimpl


class CodeError(Metric):
    """Measures how often a categorical code, matched to the classes, gives a wrong one.

    Args:
        output: name of the encoder's output that holds the code.
    """

    def __init__(self, *, output: str = "c1") -> None:
        self.output = output

    def measure(self, subject: Subject) -> Sequence[Score]:
        """Return `code_error` (%)."""
        from scipy.optimize import linear_sum_assignment

        encoder = subject.function("encode", gives=self.output)
        images, labels = subject.labelled(test=True)
        names = [output if isinstance(output, str) else output.name for output in encoder.outputs]
        code = encoder(images)[names.index(self.output)]
        categories, classes = code.shape[1], int(labels.max()) + 1
        together = code.argmax(1) * classes + labels
        table = torch.bincount(together, minlength=categories * classes).reshape(categories, classes)

        rows, columns = linear_sum_assignment(table.numpy(), maximize=True)
        error = 1 - int(table[rows, columns].sum()) / len(labels)
        majority = 1 - int(table.max(1).values.sum()) / len(labels)
        return [
            Score(
                name="code_error",
                value=100 * error,
                better="lower",
                unit="%",
                error=100 * math.sqrt(error * (1 - error) / len(labels)),
                protocol=f"{len(labels):,} held-out images by the largest number of {self.output}, categories and "
                "classes matched one to one by the Hungarian method; as arXiv:1606.03657",
                details={
                    "majority_error": 100 * majority,
                    "categories": categories,
                    "classes": classes,
                    "matching": " ".join(f"{row}:{column}" for row, column in zip(rows, columns, strict=True)),
                },
            )
        ]


@hookimpl
def metric() -> type[Metric]:
    """Return the error of a categorical code."""
    return CodeError
