"""`gantk train`: a new run, or one that goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gantk.cli.direction import direction_option
from gantk.cli.output import say, say_lines
from gantk.cli.size import HeightByWidth
from gantk.cli.step import Said, chosen_step, step_option
from gantk.cli.train_words import going_on_with, request_of, said_beside
from gantk.plugins.kinds import CHOSEN, KINDS

if TYPE_CHECKING:
    from gantk.training.phases import Phases

Command = TypeVar("Command", bound=Callable[..., Any])

EPILOG = """\b
Examples:
  gantk train --plugin cyclegan
  gantk train --plugin cyclegan --data horses/ --data zebras/ --scale quick
  gantk train --plugin cyclegan --data horses/ --data zebras/ --loss wgan-gp
  gantk train --plugin pix2pix --data emoji:line,flat --steps 3000 -s generator.filters=32
  gantk train --plugin cyclegan --plugin ./my_generator.py --dry-run
  gantk train --plugin pix2pix --evaluate-every 500 --metric ssim,kid --patience 5
  gantk train --resume runs/cyclegan-emoji
  gantk train --resume runs/mine -s learning_rate=5e-5
  gantk train --replay runs/mine
  gantk train --resume runs/mine --data moved/horses/ --data moved/zebras/
"""


class Train(click.Command):
    """Says, of an option that there is not, how to say here what it says elsewhere."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            from gantk.plan.synonyms import said_otherwise

            if (right := said_otherwise(error.option_name)) is None:
                raise
            raise click.UsageError(f"there is no option {error.option_name}; say {right}", ctx) from None


def _numbers(_context: click.Context, _parameter: click.Parameter, value: str | None) -> list[int] | None:
    """Return whole numbers from 0, with commas between them."""
    said = value.split(",") if value is not None else []
    if not all(number.strip().isdecimal() for number in said):
        raise click.BadParameter("say whole numbers with commas between them, such as 3,17,40")
    return [int(number) for number in said] if value is not None else None


def _part_options(command: Command) -> Command:
    """Give a command an option for each kind of part that fills slots of a recipe."""
    for kind in reversed(CHOSEN):
        row = KINDS[kind]
        metavar = "[ROLE=]NAME" if row.by_role else "NAME"
        command = click.option(f"--{kind}", multiple=row.by_role, metavar=metavar, help=row.option)(command)
    return command


@click.command(cls=Train, epilog=EPILOG)
@click.option(
    "--plugin",
    "plugins",
    multiple=True,
    metavar="NAME",
    help="What to train; further ones bring parts. A name or a .py file.",
)
@click.option(
    "--data",
    multiple=True,
    metavar="NAME|PATH",
    help="Images: a data set's name, a plugin's .py file that brings one, or a folder; two folders for two sides.",
)
@direction_option
@click.option("--steps", type=click.IntRange(1), help="Length of the run.")
@click.option(
    "--size", type=HeightByWidth(), help="Height x width in pixels that is trained on, or one number for both."
)
@click.option("--batch-size", type=click.IntRange(1), help="Images a step and process.")
@_part_options
@click.option(
    "-s",
    "--set",
    "sets",
    multiple=True,
    metavar="NAME=VALUE",
    help="An option or a setting, such as generator.filters=32; `gantk plugins NAME` lists them.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A YAML file that says any of this; a run's config.yaml is one.",
)
@click.option(
    "--scale",
    type=click.Choice(["quick", "paper"]),
    help="quick: small images and networks, for minutes on a CPU; paper: the recipe's own. Unsaid: quick where the "
    "data set states such a scale, as the emoji do; your own folders train at the paper's.",
)
@click.option("--device", help="auto, cpu, cuda or mps.")
@click.option(
    "--precision",
    type=click.Choice(["auto", "fp32", "bf16"]),
    help="Default: the recipe's, else auto: bf16 where the device computes in it.",
)
@click.option(
    "--channels-last/--no-channels-last",
    default=None,
    help="Memory layout; default: channels last on CPUs and in bf16.",
)
@click.option(
    "--compile",
    "compiled",
    is_flag=True,
    default=None,
    help="Compile networks with torch.compile: minutes at the start, faster steps.",
)
@click.option("--workers", type=click.IntRange(0), help="Processes that load images.")
@click.option("--seed", type=click.IntRange(0), help="What weights, noise and order of the images follow from.")
@click.option("--log-every", type=click.IntRange(1), help="Steps between two logs.")
@click.option(
    "--preview-every",
    type=click.IntRange(1),
    help="Steps between two previews; before the first, some come early, ever further apart.",
)
@click.option(
    "--preview-images",
    callback=_numbers,
    metavar="NUMBERS",
    help="The held-out images that previews show, counted from 0, such as 3,17,40; default: some, spread over all.",
)
@click.option("--checkpoint-every", type=click.IntRange(1), help="Steps between two checkpoints.")
@click.option("--keep", type=click.IntRange(1), help="Checkpoints that are kept, the newest, and the best.")
@click.option(
    "--evaluate-every",
    type=click.IntRange(1),
    metavar="N",
    help="Measure a checkpoint every N steps, on held-out images; the best one is kept, and `--step best` finds it.",
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAMES",
    help="With --evaluate-every: what is measured, such as kid,ssim; the first says which is the best.  [default: kid]",
)
@click.option(
    "--evaluate-images",
    type=click.IntRange(2),
    metavar="N",
    help="How many images an evaluation reads, and makes, at most.  [default: 250]",
)
@click.option(
    "--patience",
    type=click.IntRange(1),
    metavar="K",
    help="With --evaluate-every: end after K evaluations without a better score.",
)
@click.option(
    "--doctor/--no-doctor",
    default=None,
    help="Say while it trains what looks wrong, and what to try.  [default: doctor]",
)
@click.option("--skip-bad", is_flag=True, default=None, help="Leave out files that cannot be read.")
@click.option("--init", metavar="RUN", help="Start from another run's weights.")
@click.option("--out", type=click.Path(path_type=Path), help="The run's folder; default: a new one under runs/.")
@click.option("--resume", type=click.Path(path_type=Path), metavar="RUN", help="Go on exactly where a run stopped.")
@click.option(
    "--replay",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="Train a run again from its beginning, in a new folder, and say what differs now and whether it came out the "
    "same.",
)
@step_option("With --resume: the checkpoint to go on from")
@click.option("--dry-run", is_flag=True, help="Show everything that was resolved, and train nothing.")
def train(
    resume: Path | None,
    replay: Path | None,
    step: Said,
    out: Path | None,
    dry_run: bool,
    config: Path | None,
    **said: Any,
) -> None:
    """Train a plugin's recipe on images, and write a run: previews, scalars, checkpoints."""
    from gantk.install_lines import require_training

    require_training("gantk train")
    if resume is not None and (out is not None or config is not None or dry_run):
        raise click.UsageError("--resume goes on in the run's own folder: leave out --out, --config and --dry-run")
    if replay is not None and (other := said_beside(resume, config, said)):
        raise click.UsageError(f"--replay trains a run exactly as it was told: leave out --{other}; --out may be said")
    if resume is None and step is not None:
        raise click.UsageError("--step names a checkpoint of the run that goes on: say --resume RUN, or leave it out")
    # What is wrong with these is said at once, not after torch was imported.
    going_on = going_on_with(resume, said) if resume is not None else {}
    from gantk.training.phases import Phases

    with Phases(say) as phases:
        phases.begin("importing torch")
        from gantk.steering.start import go_on, start
        from gantk.training.launch import Again, describe

        if resume is not None:
            again = Again(step=chosen_step(resume, step, phases.say), **going_on)
            go_on(resume, again, phases.say, phases.begin)
        elif replay is not None and not dry_run:
            _replay(replay, out, phases)
        elif dry_run:
            described = describe(request_of(replay / "config.yaml" if replay is not None else config, said))
            phases.clear()
            say_lines(described)
        else:
            start(request_of(config, said), out, phases.say, phases.begin)


def _replay(run: Path, out: Path | None, phases: Phases) -> None:
    from gantk.runs.run import Run, open_run
    from gantk.steering.replay import outcome, repeated
    from gantk.steering.start import start

    before = open_run(run)
    again, differences = repeated(before)
    for line in differences:
        phases.say(f"note: {line}")
    if not differences:
        phases.say(f"note: versions, machine and data are those that {run} was trained with")
    made = start(again, out, phases.say, phases.begin)
    phases.say(outcome(before, Run(made)))
