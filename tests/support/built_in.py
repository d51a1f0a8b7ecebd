"""What makes the checks of a plugin that comes along, and exports and runs what a recipe trained."""

from pathlib import Path
from typing import Any

from click.testing import CliRunner
from PIL import Image

from gantk import load
from gantk.cli.main import main
from gantk.runtime.ports import Port
from gantk.testing.checks import CHECKS
from support.dealt import DEAR, PLUGINS, RECIPES, RUN, dealt

ELSEWHERE = {
    "export": "in this file, by the commands themselves",
    "pair-agreement:measures": "tests/plugins/metrics/test_pair_agreement.py, by two graphs of one noise vector",
    "nll:measures": "tests/plugins/metrics/test_nll.py, by functions whose likelihood is known",
    "kid:measures": "tests/plugins/metrics/test_kid.py, by a smaller network",
    **{
        f"photographs:{check}": "tests/datasets/test_photographs.py, with a list that knows made photographs"
        for check in ("opens", "batches", "same-twice", "held-out")
    },
    **{
        f"landmarks:{check}": "tests/datasets/test_landmarks.py, with a folder of its own"
        for check in ("opens", "batches", "same-twice", "held-out")
    },
}
"""Checks that are made at another place, by name or by plugin and name."""

MORE = {
    "carigan": {"data": ["faces"], "options": {"landmarks": "63"}},
    "code-error": {"options": {"code-error.output": "code"}},
    "mode-coverage": {"data": ["points:ring"]},
    "palette": {"options": {"multiples": "1,2", "depth": "1", "attention": "8"}},
    "ddpm": {"options": {"multiples": "1,2", "depth": "1"}},
    "glow": {"options": {"halvings": "1", "flow": "1"}},
    "pixelcnn": {"options": {"size": "4", "residuals": "1"}},
    "pixelrnn": {"options": {"size": "4", "residuals": "1"}},
    "parzen": {"options": {"parzen.samples": "50", "parzen.validation": "10"}},
    "scene-relations": {"data": ["emoji-scenes"], "options": {"scene-relations.count": "2", "data.scenes": "8"}},
}
"""What a plugin needs that the suite's few images do not give."""

SHALLOW = {
    **{
        name: {"options": {"generator.blocks": "1"}}
        for name in ("srgan", "srresnet", "rrdb", "stargan", "pix2pixhd", "resnet", "cyclegan", "cut")
    },
    **{name: {"options": {"blocks": "1"}} for name in ("munit", "nice-gan")},
    # On some processors torch's bfloat16 gradient of a kernel of 3 x 3 is NaN where it sees a single pixel, as a fifth
    # layer does at 16 pixels.
    "unit": {"options": {"blocks": "1", "discriminator.layers": "4"}},
    "combogan": {"options": {"generator.blocks": "2"}},
}
"""Deep networks, which the suite makes narrow but leaves deep: a block, or one each, is as good as twenty."""

SCENES = {
    "sg2im": {
        "data": ["emoji-scenes"],
        "options": {"layers": "1", "refinement": "8,8", "noise": "2", "data.scenes": "8", "size": "16"},
    }
}
"""What the suite's images do not show."""

ONE_WAY = {
    "cyclegan": ["a_to_b"],
    "unit": ["a_to_b"],
    "nice-gan": ["a_to_b"],
    "ganilla": ["a_to_b"],
    "munit": ["a_to_b", "a_to_b_styled"],
    "xgan": ["a_to_b", "embed_a"],
    "cogan": ["generator_a"],
    "carigan": ["exaggerate", "redraw_styled", "caricature"],
}
"""What is exported of recipes whose other graphs are the same networks the other way round, or put together."""

PUBLISHED = ("mnist", "fashion-mnist", "cifar10")
"""Data sets whose files do not come along."""


def passes_its_checks(
    name: str, checker: Any, tmp_path: Path, published: Path | None = None, *, every: bool = False
) -> None:
    """Make a plugin's checks, and export and run what it trains, as far as it is dealt.

    `published` is the folder of a data set's files; `every`: make those, too, that are dealt to others.
    """
    plugin = PLUGINS[name]
    left = {check for check in DEAR if not every and name not in dealt(check)}
    applying = [check.name for check in CHECKS if check.applies(plugin) and check.name not in left]
    made = [check for check in applying if not {check, f"{name}:{check}"} & ELSEWHERE.keys()]
    said = dict((MORE | SHALLOW | SCENES).get(name, {}))
    if published is not None:
        said["data"] = [f"{name}:{published}"]
    report = checker.check(name, only=made, **said)
    assert report.passed, str(report)
    skipped = {outcome.check for outcome in report.outcomes if outcome.status == "skip"}
    # No activations, no conditioning vector, no bfloat16, no parts of others: that may be.
    assert skipped <= {"features", "conditions", "bf16", "partners"}, str(report)
    if name in RECIPES and RUN not in left:
        export_verify_and_run(report.folder / "run", ONE_WAY.get(name, []), tmp_path)


def gantk(*arguments: object) -> None:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output + repr(result.exception)


def shown(port: Port, preview: Path, folder: Path) -> Path:
    """Return the file of a small image that a model takes: of a preview, or of label maps one of a single class."""
    path = folder / ("image.png" if port.palette is None else "map.png")
    if port.palette is None:
        with Image.open(preview) as image:
            image.crop((0, 0, 64, 64)).save(path)
    else:
        value = port.palette.values[0]
        Image.new("L" if len(value) == 1 else "RGB", (64, 64), value if len(value) == 3 else value[0]).save(path)
    return path


def export_verify_and_run(run: Path, graphs: list[str], tmp_path: Path) -> None:
    gantk("export", run, *(word for graph in graphs for word in ("--graph", graph)))
    models = sorted((run / "exports").glob("*.onnx"))
    assert models
    preview = next((run / "previews").glob("*.png"))
    for path in models:
        gantk("verify", path)
        card = load(path).card
        assert card.parity
        out = tmp_path / path.stem
        if card.task == "generate":
            captions = [word for port in card.numbers_in if port.words for word in ("--caption", port.words[0])]
            gantk("generate", path, "-n", "2", *captions, "-o", out)
            assert len(list(out.iterdir())) == 2
        elif card.task == "translate":
            labels = (f"{port.name}=0" for port in card.numbers_in if port.categories)
            told = [word for label in labels for word in ("--label", label)]
            first, *others = (shown(port, preview, tmp_path) for port in card.images_in)
            for port, image in zip(card.images_in[1:], others, strict=True):
                told += ["--image", f"{port.name}={image}"]
            gantk("translate", path, first, *told, "-o", out.with_suffix(".png"))
        else:
            image = shown(card.images_in[0], preview, tmp_path)
            gantk("encode" if card.task == "encode" else "score", path, image, "-o", f"{out}.csv")
            assert len(Path(f"{out}.csv").read_text().splitlines()) == 2
