"""A protocol: what a paper trained and measured, or a figure of our own beside it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """One line of a paper's table, or a figure of our own beside it.

    Attributes:
        name: what it is called here.
        question: what it answers, one of `questions.QUESTIONS` by its name.
        title: what it is called on the page, beside the others of its question.
        paper: where the published number stands.
        published: the published numbers as printed there, by score; empty: none was published for this.
        train: arguments of `gantk train`; {mnist} and {fashion} stand for the folders with those images.
        steps: the full length; in a step every player moves.
        length: who states that length.
        short: the length on a CPU.
        evaluate: arguments of `gantk evaluate`, for each time that it is called.
        seeds: runs at full length.
        curve: a scalar of the log whose rank correlation with the score over ten checkpoints is the result; empty: the
            score of the last checkpoint is.
        differs: where this is not the paper's protocol, its length apart.
    """

    name: str
    question: str
    title: str
    paper: str
    published: dict[str, str] = field(default_factory=dict)
    train: str
    steps: int
    length: str = "ours: the paper states none"
    short: int
    evaluate: tuple[str, ...]
    seeds: int = 1
    curve: str = ""
    differs: str = ""
