"""Which files `gantk import` takes for which network, and what it refuses in one line."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from torch import Tensor, nn

from gantk.errors import GantkError, UsageError
from gantk.runs.run import open_run
from gantk.training.trained import load_trained
from gantk_exports.imports import import_reference

State = dict[str, Tensor]


def convolution(name: str, *shape: int, bias: int | None = None) -> State:
    kernel = {f"{name}.weight": torch.full(shape, 0.01)}
    return kernel if bias is None else kernel | {f"{name}.bias": torch.zeros(bias)}


def generator(inputs: int = 3, outputs: int = 3, blocks: int = 1, filters: int = 2, biased: bool = True) -> State:
    """A ResNet whose norms have no tensors."""

    def layer(name: str, before: int, after: int, kernel: int, turned: bool = False) -> State:
        shape = (before, after) if turned else (after, before)
        return convolution(name, *shape, kernel, kernel, bias=after if biased else None)

    widths = (filters, 2 * filters, 4 * filters)
    state = layer("model.1", inputs, filters, 7)
    state |= layer("model.4", *widths[:2], 3) | layer("model.7", *widths[1:], 3)
    for block in range(blocks):
        for place in (1, 5):
            state |= layer(f"model.{10 + block}.conv_block.{place}", widths[2], widths[2], 3)
    state |= layer(f"model.{10 + blocks}", widths[2], widths[1], 3, True)
    state |= layer(f"model.{13 + blocks}", widths[1], widths[0], 3, True)
    return state | convolution(f"model.{17 + blocks}", outputs, filters, 7, 7, bias=outputs)


def discriminator(inputs: int = 3, layers: int = 1) -> State:
    state = convolution("model.0", 2, inputs, 4, 4, bias=2)
    for layer in range(1, layers + 1):
        state |= convolution(f"model.{3 * layer - 1}", 2 * 2**layer, 2**layer, 4, 4, bias=2 * 2**layer)
    return state | convolution(f"model.{3 * layers + 2}", 1, 2 * 2**layers, 4, 4, bias=1)


def found(said: str) -> dict[str, str]:
    """Return the file of each network as the command tells it."""
    lines = [line.split() for line in said.splitlines() if ".pth:" in line]
    return {words[0]: words[1].removesuffix(":") for words in lines}


@pytest.mark.parametrize(
    ("name", "options", "network"),
    [
        ("latest_net_G.pth", (), "a_to_b"),
        ("horse2zebra.pth", (), "a_to_b"),
        ("latest_net_G_A.pth", (), "a_to_b"),
        ("G_B.pth", (), "b_to_a"),
        ("latest_net_G.pth", ("--direction", "b_to_a"), "b_to_a"),
        ("latest_net_G_B.pth", ("--direction", "a_to_b"), "a_to_b"),
        ("latest_net_G.pth", ("--as", "pix2pix"), "generator"),
        ("maps.pth", ("--as", "pix2pix"), "generator"),
    ],
)
def test_a_generators_network(name: str, options: tuple[str], network: str, attempt: Callable[..., str]) -> None:
    assert found(attempt({name: generator()}, *options)) == {network: name}


def unet() -> State:
    """A U-Net of two levels with batch norm."""
    state = convolution("model.model.0", 2, 3, 4, 4) | convolution("model.model.3", 4, 3, 4, 4, bias=3)
    inner = "model.model.1.model"
    state |= convolution(f"{inner}.1", 4, 2, 4, 4) | convolution(f"{inner}.3", 4, 2, 4, 4)
    norms = {
        "weight": torch.ones(2),
        "bias": torch.ones(2),
        "running_mean": torch.ones(2),
        "running_var": torch.ones(2),
    }
    return state | {f"{inner}.4.{leaf}": tensor for leaf, tensor in norms.items()}


def test_what_looks_like_pix2pix_is_said(attempt: Callable[..., str], tmp_path: Path) -> None:
    said = attempt({"latest_net_G.pth": unet()})
    assert "note: a U-Net with batch norm is what pix2pix has by default; if this is one, say --as pix2pix" in said


def test_a_generators_channels_are_those_of_the_images(attempt: Callable[..., str], tmp_path: Path) -> None:
    attempt({"latest_net_G.pth": generator(1, 3)}, "--direction", "b_to_a")
    images = load_trained(tmp_path / "run").images
    assert {key: info.channels for key, info in images.items()} == {"a": 3, "b": 1}


def test_a_folder_gives_one_epochs_files(attempt: Callable[..., str], tmp_path: Path) -> None:
    folder = tmp_path / "maps"
    folder.mkdir()
    files = {f"maps/{epoch}_net_{name}.pth": generator() for epoch in ("latest", "5") for name in ("G_A", "G_B")}
    files |= {"maps/5_net_D_A.pth": discriminator(), "maps/optimizer.pth": [1]}
    with pytest.raises(UsageError, match=r"maps holds no 9_net_\*\.pth, only of 5, latest: choose by --epoch"):
        attempt(files, "--epoch", "9", given=["maps"])
    said = attempt(files, "--epoch", "5", given=["maps"])
    assert found(said) == {"a_to_b": "5_net_G_A.pth", "b_to_a": "5_net_G_B.pth", "discriminator_b": "5_net_D_A.pth"}
    with pytest.raises(UsageError, match="holds no latest_net"):
        attempt({}, given=["."])


@pytest.mark.parametrize(
    ("biased", "said", "norm"),
    [(True, None, "instance"), (True, "none", "none"), (False, None, "none"), (False, "instance", "instance")],
)
def test_the_user_says_norms_that_tensors_do_not(
    biased: bool, said: str | None, norm: str, attempt: Callable[..., str], tmp_path: Path
) -> None:
    attempt({"G.pth": generator(biased=biased)}, *(("--norm", said) if said else ()))
    assert open_run(tmp_path / "run").config.normalization == {"generator": norm, "discriminator": norm}


def without(state: State, name: str) -> State:
    return {key: tensor for key, tensor in state.items() if key != name}


NORM = {"model.2.weight": torch.ones(2)}
STATISTICS = {"model.2.running_mean": torch.ones(2)}
CHANGED = [
    (without(generator(), "model.4.bias"), r"lacks model\.4\.bias \(4,\) of its resnet \(filters=2, blocks=1"),
    (without(generator(), "model.18.weight"), r"lacks model\.18\.weight, which every such network"),
    (without(generator(blocks=2), "model.11.conv_block.5.weight"), r"lacks model\.11\.conv_block\.5\.weight \(8, 8,"),
    (generator() | convolution("model.4", 4, 2, 5, 5), r"model\.4\.weight is \(4, 2, 5, 5\), where \(4, 2, 3, 3\)"),
    (generator() | convolution("model.1", 2, 3), r"model\.1\.weight is \(2, 3\): a convolution's kernel is needed"),
    (generator() | convolution("model.30", 1, 1, 3, 3), r"model\.30\.weight \(1, 1, 3, 3\) has no place in its resnet"),
    (generator() | NORM, r"has both model\.2\.weight and model\.1\.bias"),
    (generator(biased=False) | NORM, r"lacks model\.2\.bias \(2,\) of its resnet .*normalization=batch"),
    (nn.Linear(3, 2).state_dict(), r"no network of the reference: its first tensor is weight \(2, 3\)"),
    ({"model": generator()}, "no state dict of a network: its 'model' is of type dict"),
    ({1: torch.ones(1)}, "no state dict of a network: its 1 is a tensor"),
    ([1, 2], "no state dict of a network but of type list"),
    ({}, "no state dict of a network but of type dict"),
    (generator() | {"model.1.bias": torch.full((2,), torch.nan)}, r"model\.1\.bias holds numbers that are not finite"),
    (generator() | {"model.1.weight": torch.ones(1).expand(1 << 20, 3, 7, 7)}, r"model\.1\.weight is no plain tensor"),
]


@pytest.mark.parametrize(("held", "reason"), CHANGED)
def test_another_network_is_refused(held: object, reason: str, attempt: Callable[..., str], tmp_path: Path) -> None:
    with pytest.raises(GantkError, match=rf"^{tmp_path}/G\.pth:? .*{reason}[^\n]*$"):
        attempt({"G.pth": held})
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("files", "options", "reason"),
    [
        ({"G_A.pth": generator(), "G_B.pth": generator(blocks=2)}, (), "blocks=1.*blocks=2.*they would be alike"),
        ({"G_A.pth": generator(1, 3), "G_B.pth": generator(1, 3)}, (), r"G_B\.pth model\.1\.weight is \(2, 1, 7, 7\)"),
        ({"G_A.pth": generator(), "zebra.pth": generator()}, (), "are both a_to_b: give one of them"),
        ({"G_A.pth": discriminator()}, (), "holds a discriminator, which its name denies"),
        ({"D_A.pth": generator()}, (), "holds a generator, which its name denies"),
        ({"D_A.pth": discriminator()}, (), "no file is a generator"),
        ({"G.pth": generator(), "D.pth": discriminator()}, (), r"D\.pth: which discriminator"),
        ({"G.pth": generator(), "D.pth": discriminator(6)}, (), r"D\.pth judges pairs .*: say --as pix2pix"),
        ({"G_A.pth": generator()}, ("--as", "pix2pix"), r"so this is cyclegan: say --as cyclegan"),
        (
            {"G.pth": generator(), "D.pth": discriminator()},
            ("--as", "pix2pix"),
            r"D\.pth judges single images \(3 channels\), so this is cyclegan: say --as cyclegan",
        ),
        (
            {"G.pth": generator(), "D.pth": discriminator(5)},
            ("--as", "pix2pix"),
            r"\(2, 5, 4, 4\), where \(2, 6, 4, 4\)",
        ),
        ({"G.pth": generator()}, ("--as", "pix2pix", "--direction", "a_to_b"), "leave it out"),
        ({"G_A.pth": generator(), "G_B.pth": generator()}, ("--direction", "a_to_b"), "leave it out"),
        ({"G.pth": generator()}, ("--generator", "unet"), r"G\.pth is a resnet, not a unet"),
        ({"G.pth": generator()}, ("--norm", "batch"), "normalization instance or none, not batch"),
        ({"G.pth": generator() | STATISTICS}, ("--norm", "none"), "normalization instance, not none"),
        ({"G.pth": generator(1, 3)}, ("--data", "emoji"), "images 'a' of emoji have 3 channels, where .*G.pth needs 1"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(
    files: dict[str, State], options: tuple[str], reason: str, attempt: Callable[..., str], tmp_path: Path
) -> None:
    with pytest.raises(GantkError, match=rf"^[^\n]*{reason}[^\n]*$"):
        attempt(files, *options)
    assert not (tmp_path / "run").exists()


def test_levels_and_shapes_are_bounded_before_anything_is_built(attempt: Callable[..., str]) -> None:
    one = torch.ones(2, 3, 4, 4)
    deep = {"model." * 31 + "0.weight": one}
    with pytest.raises(GantkError, match=r"is named as a network of depth=30, where 10 is the most that is read"):
        attempt({"G.pth": deep})
    with pytest.raises(GantkError, match=r"a tensor's name has 600,008 characters$"):
        attempt({"G.pth": {"model." * 100_000 + "0.weight": one}})
    wide = generator() | convolution("model.1", 200_000, 3, 7, 7, bias=2)
    with pytest.raises(GantkError, match=r"^[^\n]*G\.pth [^\n]*\(2,\), where \(200000,\) is needed$"):
        attempt({"G.pth": wide})
    with pytest.raises(GantkError, match=r"model\.1\.weight is no plain tensor"):
        attempt({"G.pth": generator() | {"model.1.weight": torch.ones(2, 10**9, 0, 7)}})


def test_files_that_are_none(attempt: Callable[..., str], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.pth: no such file$"):
        attempt({}, given=["nowhere.pth"])
    (tmp_path / "page.pth").write_text("<html>not found</html>")
    with pytest.raises(GantkError, match=r"page\.pth is no checkpoint of PyTorch"):
        attempt({}, given=["page.pth"])


def test_help_shows_an_example() -> None:
    assert "  gantk import latest_net_G.pth --as cyclegan" in CliRunner().invoke(import_reference, ["--help"]).stdout
