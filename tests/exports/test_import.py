"""`gantk import`: a run gives bit for bit what a network built as the reference names and computes it gives."""

import json
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from torch import Tensor, nn

import gantk
from gantk.cli.train import train
from gantk.errors import GantkError, UsageError
from gantk.runs.run import open_run
from gantk.training.trained import Trained, load_trained
from gantk_exports.export import export
from gantk_exports.imports import import_reference

NORMS = {"instance": nn.InstanceNorm2d, "batch": nn.BatchNorm2d, "none": lambda channels: nn.Identity()}


class Added(nn.Sequential):
    def forward(self, x: Tensor) -> Tensor:
        return x + super().forward(x)


class Beside(nn.Sequential):
    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, super().forward(x)], 1)


def chain(name: str, *layers: nn.Module, form: type[nn.Sequential] = nn.Sequential) -> nn.Module:
    """Return numbered layers under one name."""
    return form(OrderedDict({name: nn.Sequential(*layers)}))


def residual(inputs: int, outputs: int, filters: int, blocks: int, norm: str, dropout: bool = False) -> nn.Module:
    bias, layers = norm == "instance", []

    def add(*stage: nn.Module) -> None:
        layers.extend([*stage, NORMS[norm](stage[-1].out_channels), nn.ReLU(True)])

    def block(width: int) -> nn.Module:
        def half() -> list[nn.Module]:
            return [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3, bias=bias), NORMS[norm](width)]

        middle = [nn.ReLU(True), nn.Dropout(0.5)] if dropout else [nn.ReLU(True)]
        return chain("conv_block", *half(), *middle, *half(), form=Added)

    add(nn.ReflectionPad2d(3), nn.Conv2d(inputs, filters, 7, bias=bias))
    for width in (filters, 2 * filters):
        add(nn.Conv2d(width, 2 * width, 3, stride=2, padding=1, bias=bias))
    layers.extend(block(4 * filters) for _ in range(blocks))
    for width in (4 * filters, 2 * filters):
        add(nn.ConvTranspose2d(width, width // 2, 3, stride=2, padding=1, output_padding=1, bias=bias))
    return chain("model", *layers, nn.ReflectionPad2d(3), nn.Conv2d(filters, outputs, 7), nn.Tanh())


def nested(inputs: int, outputs: int, filters: int, depth: int, norm: str) -> nn.Module:
    bias, widths = norm == "instance", [filters * 2 ** min(level, 3) for level in range(depth)]
    smaller: list[nn.Module] = []
    for level in reversed(range(1, depth)):
        outer, inner = widths[level - 1], widths[level]
        down = [nn.LeakyReLU(0.2, True), nn.Conv2d(outer, inner, 4, 2, 1, bias=bias)]
        middle = [NORMS[norm](inner), *smaller] if smaller else []
        up = nn.ConvTranspose2d(2 * inner if smaller else inner, outer, 4, 2, 1, bias=bias)
        dropout = [nn.Dropout(0.5)] if 3 < level < depth - 1 else []
        layers = [*down, *middle, nn.ReLU(True), up, NORMS[norm](outer), *dropout]
        smaller = [chain("model", *layers, form=Beside)]
    down, up = nn.Conv2d(inputs, filters, 4, 2, 1, bias=bias), nn.ConvTranspose2d(2 * filters, outputs, 4, 2, 1)
    return nn.Sequential(OrderedDict(model=chain("model", down, *smaller, nn.ReLU(True), up, nn.Tanh())))


def patches(inputs: int, filters: int, layers: int, norm: str) -> nn.Module:
    bias, widths = norm == "instance", [filters * 2 ** min(layer, 3) for layer in range(layers + 1)]
    stages = [nn.Conv2d(inputs, filters, 4, 2, 1), nn.LeakyReLU(0.2, True)]
    for layer in range(layers):
        kernel = nn.Conv2d(widths[layer], widths[layer + 1], 4, 2 if layer < layers - 1 else 1, 1, bias=bias)
        stages += [kernel, NORMS[norm](widths[layer + 1]), nn.LeakyReLU(0.2, True)]
    return chain("model", *stages, nn.Conv2d(widths[-1], 1, 4, 1, 1))


def pixels(inputs: int, filters: int, norm: str) -> nn.Module:
    bias = norm == "instance"
    kernels = [nn.Conv2d(filters, 2 * filters, 1, bias=bias), nn.Conv2d(2 * filters, 1, 1, bias=bias)]
    first = [nn.Conv2d(inputs, filters, 1), nn.LeakyReLU(0.2, True)]
    return chain("net", *first, kernels[0], NORMS[norm](2 * filters), nn.LeakyReLU(0.2, True), kernels[1])


def trained(network: nn.Module, seed: int) -> nn.Module:
    """Return the network with weights that tell images apart, and running averages far from those of a new one."""
    torch.manual_seed(seed)
    for parameter in network.parameters():
        nn.init.normal_(parameter, 0.0, 0.2)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 4.0)
            layer.num_batches_tracked.fill_(7)
    return network.eval()


def saved(path: Path, network: nn.Module) -> Path:
    path.parent.mkdir(exist_ok=True)
    torch.save(network.state_dict(), path)
    return path


def answer(command: object, *arguments: object) -> str:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def opened(files: list[Path], out: Path, *options: object) -> Trained:
    answer(import_reference, *files, "--out", out, *options)
    return load_trained(out)


def image(channels: int = 3, size: int = 32) -> Tensor:
    return torch.rand(1, channels, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
def test_a_resnet_gives_the_same_numbers(norm: str, dropout: bool, tmp_path: Path) -> None:
    network = trained(residual(3, 1, 4, 2, norm, dropout), 1)
    run = opened([saved(tmp_path / "generator.pth", network)], tmp_path / "run", "--as", "cyclegan", "--size", 32)
    assert run.recipe.graphs().keys() == {"a_to_b", "b_to_a"}
    assert torch.equal(run.recipe.a_to_b(image()), network(image()))
    assert torch.equal(run.recipe.a_to_b(image(size=20)), network(image(size=20)))
    config = open_run(run.run).config
    assert (config.generator, config.normalization["generator"]) == ("resnet", norm)
    assert [config.set[f"generator.{name}"] for name in ("filters", "blocks", "dropout")] == [4, 2, dropout]


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
def test_a_unet_gives_the_same_numbers(norm: str, tmp_path: Path) -> None:
    network = trained(nested(1, 3, 4, 6, norm), 2)
    run = opened([saved(tmp_path / "generator.pth", network)], tmp_path / "run", "--as", "cyclegan")
    assert torch.equal(run.recipe.a_to_b(image(1, 64)), network(image(1, 64)))
    config = open_run(run.run).config
    assert (config.set["size"], config.set["generator.depth"], config.set["generator.dropout"]) == (64, 6, 0.0)


def test_pix2pix_keeps_each_images_statistics(tmp_path: Path) -> None:
    network = trained(nested(3, 1, 4, 5, "batch"), 3)
    critic = trained(patches(4, 4, 2, "batch"), 4)
    saved(tmp_path / "maps" / "latest_net_G.pth", network)
    saved(tmp_path / "maps" / "latest_net_D.pth", critic)
    both = torch.cat([image(3), image(1)], 1)
    said = ("--as", "pix2pix", "--generator", "unet", "--norm", "batch")
    averaged = opened([tmp_path / "maps"], tmp_path / "averaged", *said, "--statistics", "running")
    assert torch.equal(averaged.recipe.generator(image()), network(image()))
    assert open_run(averaged.run).config.set["statistics"] == "running"
    run = opened([tmp_path / "maps"], tmp_path / "run", *said)
    assert torch.equal(run.recipe.generator(image()), network.train()(image()))
    assert torch.equal(run.recipe.discriminator(image(1), image(3)), critic.train()(both))
    assert open_run(run.run).config.set["generator.dropout"] == 0.5


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
def test_a_pixel_discriminator_gives_the_same_numbers(norm: str, tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    files = [saved(folder / "latest_net_G.pth", trained(residual(3, 3, 4, 1, norm), 1))]
    critics = {name: trained(pixels(3, 4, norm), seed) for name, seed in {"A": 2, "B": 3}.items()}
    files += [saved(folder / f"latest_net_D_{name}.pth", critic) for name, critic in critics.items()]
    recipe = opened(files, tmp_path / "run", "--as", "cyclegan", "--size", 32).recipe
    # The reference's D_A judges what G_A makes, which is B.
    assert torch.equal(recipe.discriminator_b(image()), critics["A"](image()))
    assert torch.equal(recipe.discriminator_a(image()), critics["B"](image()))


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, nn.Module]]:
    """A folder as the reference leaves it, of networks that several GPUs trained with an old torch."""
    folder = tmp_path_factory.mktemp("checkpoints") / "horse2zebra"
    folder.mkdir()
    networks = {f"G_{name}": trained(residual(3, 3, 4, 1, "instance"), seed) for seed, name in enumerate("AB")}
    networks |= {f"D_{name}": trained(patches(3, 4, 3, "instance"), seed) for seed, name in enumerate("AB", 2)}
    for name, network in networks.items():
        state = OrderedDict((f"module.{key}", value) for key, value in network.state_dict().items())
        norm, width = ("2", 4) if name.startswith("G") else ("3", 8)
        state[f"module.model.{norm}.running_mean"] = torch.ones(width)
        state[f"module.model.{norm}.running_var"] = torch.ones(width)
        torch.save(state, folder / f"latest_net_{name}.pth", _use_new_zipfile_serialization=False)
        torch.save({"nothing": torch.zeros(1)}, folder / f"5_net_{name}.pth")
    return folder, networks


def test_a_folder_becomes_a_run_that_trains_on(checkpoints: tuple[Path, dict[str, nn.Module]], tmp_path: Path) -> None:
    folder, networks = checkpoints
    out = tmp_path / "run"
    said = answer(import_reference, folder, "--as", "cyclegan", "--data", "emoji", "--size", 32, "--out", out)
    resnet = "resnet (filters=4, blocks=1, upsampling=transposed, dropout=False, normalization=instance)"
    patchgan = "patchgan (filters=4, layers=3, kind=patch, normalization=instance)"
    assert said.splitlines() == [
        f"a_to_b           latest_net_G_A.pth: {resnet}",
        f"b_to_a           latest_net_G_B.pth: {resnet}",
        f"discriminator_a  latest_net_D_B.pth: {patchgan}",
        f"discriminator_b  latest_net_D_A.pth: {patchgan}",
        "note: the running averages of instance norms are left out, as the reference's own loading does",
        f"next: gantk export {out}",
        f"to train on: gantk train --resume {out}",
    ]
    recipe = load_trained(out).recipe
    ours = {"a_to_b": "G_A", "b_to_a": "G_B", "discriminator_a": "D_B", "discriminator_b": "D_A"}
    for name, theirs in ours.items():
        assert torch.equal(getattr(recipe, name)(image()), networks[theirs](image()))
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["data"]["name"] == "emoji"
    assert manifest["imported"]["networks"]["b_to_a"]["file"] == "latest_net_G_B.pth"

    answer(train, "--resume", out, "--steps", 1, "--precision", "fp32")
    after = load_trained(out)
    assert after.step == 1
    assert 0 < (after.recipe.a_to_b(image()) - networks["G_A"](image())).abs().max() < 0.1


def test_a_single_generator_exports_its_graph_alone(
    checkpoints: tuple[Path, dict[str, nn.Module]], tmp_path: Path
) -> None:
    folder, networks = checkpoints
    out = tmp_path / "run"
    said = answer(
        import_reference, folder / "latest_net_G_B.pth", "--as", "cyclegan", "--size", 32, "--out", out
    ).splitlines()
    assert [line.split()[0] for line in said] == [
        *("b_to_a", "a_to_b", "discriminator_a", "discriminator_b", "note:", "note:", "next:", "to")
    ]
    assert torch.equal(load_trained(out).recipe.b_to_a(image()), networks["G_B"](image()))
    with pytest.raises(UsageError, match="imported without a file for a_to_b: its weights are untrained"):
        answer(export, out, "--graph", "a_to_b")
    answer(export, out, "--io", "float")
    assert sorted(path.name for path in (out / "exports").iterdir()) == ["b_to_a.json", "b_to_a.onnx"]
    model = gantk.load(out / "exports" / "b_to_a.onnx")
    assert model.card.data == "unknown (imported without --data)"
    assert abs(model.call(image().numpy())[0] - networks["G_B"](image()).detach().numpy()).max() < 1e-5
    with pytest.raises(GantkError, match=r"unknown \(imported without --data\), the data of .* --data FOLDER"):
        answer(train, "--resume", out)
    again = ("--config", out / "config.yaml", "--init", out, "--data", "emoji", "--out", tmp_path / "anew")
    answer(train, *again, "--steps", 1, "--precision", "fp32")
    assert load_trained(tmp_path / "anew").step == 1


def test_the_references_own_sizes(tmp_path: Path) -> None:
    network = trained(residual(3, 3, 64, 9, "instance"), 1)
    assert sum(parameter.numel() for parameter in network.parameters()) == 11_378_179
    run = opened([saved(tmp_path / "zebra.pth", network)], tmp_path / "run", "--as", "cyclegan")
    assert torch.equal(run.recipe.a_to_b(image(size=64)), network(image(size=64)))
    assert open_run(run.run).config.set["size"] == 256
