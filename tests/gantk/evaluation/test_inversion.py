"""Latent vectors of pictures, of generators that are linear, so that the truth is known."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gantk import Category, Graph, Latent, Network, Unsupported, UsageError, Vector
from gantk.data.infos import ImageInfo
from gantk.evaluation.inversion import Inverse, Inverter, distance
from support.exported import Trained, Translation, trained

GREY = ImageInfo(1, "uint8", (0.0, 255.0))
LATENT = Latent(length=3)
BASIS = torch.randn(3, 1, 16, 16, generator=torch.Generator().manual_seed(1)) / 4


class Linear(nn.Module):
    """Images (N, 1, 16, 16) of vectors (N, 3): a sum of three."""

    def forward(self, latent: Tensor) -> Tensor:
        return torch.einsum("nk,kchw->nchw", latent, BASIS)


class Labelled(nn.Module):
    """The same, of label 1 upside down, of label 2 nothing."""

    def forward(self, latent: Tensor, label: Tensor) -> Tensor:
        images = Linear()(latent)
        kinds = torch.stack([images, images.flip(2), torch.zeros_like(images)])
        return kinds[label, torch.arange(len(label))]


class Projection(nn.Module):
    """The vectors (N, 3) of which `Linear` makes images (N, 1, 16, 16)."""

    def forward(self, image: Tensor) -> Tensor:
        return image.flatten(1) @ torch.linalg.pinv(BASIS.flatten(1))


def generating(module: nn.Module, *inputs: Latent | Category) -> Graph:
    return Graph(network=Network(module, "generator"), task="generate", inputs=inputs, outputs=("image",))


def opened() -> Trained:
    return replace(trained(Translation({})), images={"image": GREY}, classes=())


def found(graphs: dict[str, Graph], pictures: Tensor, **settings: object) -> list[Inverse]:
    inverter = Inverter(opened(), graphs, **settings)
    answers = list(inverter.inverses(pictures))
    assert len(answers) == inverter.length(pictures)
    return [answer for answer in answers if answer is not None]


TRUTH = torch.tensor([[0.5, -1.0, 2.0], [-0.3, 0.2, 0.9]])


def test_the_vectors_of_a_linear_generator_are_found() -> None:
    inverses = found({"generator": generating(Linear(), LATENT)}, Linear()(TRUTH), steps=200)
    for inverse, truth in zip(inverses, TRUTH, strict=True):
        assert inverse.values["latent"] == pytest.approx(truth[None].numpy(), abs=0.03)
        assert inverse.error < 1e-4
        assert inverse.psnr == pytest.approx(10 * np.log10(4 / inverse.error))
        assert torch.allclose(inverse.image, Linear()(torch.from_numpy(inverse.values["latent"]))[0])


def test_uniform_vectors_stay_where_they_are_drawn() -> None:
    uniform = Latent(length=3, distribution="uniform")
    (inverse,) = found({"generator": generating(Linear(), uniform)}, Linear()(TRUTH[:1]), steps=200)
    assert np.abs(inverse.values["latent"]).max() <= 1
    assert inverse.values["latent"][0, 2] == 1


def test_the_label_of_the_best_beginning_is_kept_unless_one_is_said() -> None:
    graphs = {"generator": generating(Labelled(), LATENT, Category(count=3))}
    picture = Linear()(TRUTH[:1]).flip(2)
    (inverse,) = found(graphs, picture, steps=200, starts=16)
    assert inverse.values["label"].tolist() == [1]
    assert inverse.error < 1e-4
    (inverse,) = found(graphs, picture, steps=40, said=lambda card: {"label": 2})
    assert inverse.values["label"].tolist() == [2]
    assert inverse.error == pytest.approx(float(picture.square().mean()))


@pytest.mark.parametrize(("length", "helps"), [(3, True), (2, False)])
def test_an_encoder_of_the_vectors_gives_a_beginning(length: int, helps: bool) -> None:
    encoder = Graph(
        network=Network(Projection(), "encoder"),
        task="encode",
        inputs=("image",),
        outputs=(Vector(name="latent", length=length),),
        size=16,
    )
    graphs = {"generator": generating(Linear(), LATENT), "encoder": encoder}
    # Four steps lead from drawn vectors nowhere.
    inverses = found(graphs, Linear()(TRUTH), steps=4, starts=2)
    assert (max(inverse.error for inverse in inverses) < 0.02) == helps


def test_styles_are_looked_for_where_a_graph_takes_them() -> None:
    class Styles(nn.Module):
        def forward(self, styles: Tensor, noise: Tensor) -> Tensor:
            return Linear()(styles.sum(1)) + noise.mean(1)[:, None, None, None]

    styles, noise = Latent(name="styles", shape=(2, 3), distribution="zero"), Latent(name="noise", shape=(5,))
    graphs = {"generator": generating(Linear(), LATENT), "styles": generating(Styles(), styles, noise)}
    inverter = Inverter(opened(), graphs, steps=200)
    assert inverter.name == "styles"
    picture = Styles()(TRUTH[:1, None].repeat(1, 2, 1) / 2, noise.fixed(1))
    inverse = next(one for one in inverter.inverses(picture) if one is not None)
    assert inverse.values["styles"].sum(1) == pytest.approx(TRUTH[:1].numpy(), abs=0.05)
    # From the same beginning both layers go the same way, and the noise is that of the seed.
    assert inverse.values["styles"][0, 0] == pytest.approx(inverse.values["styles"][0, 1])
    assert any(np.array_equal(inverse.values["noise"], noise.fixed(8)[k : k + 1].numpy()) for k in range(8))
    assert Inverter(opened(), graphs, graph="generator").name == "generator"


def test_images_are_compared_at_each_resolution() -> None:
    flat, board = torch.zeros(1, 1, 16, 16), torch.ones(1, 1, 16, 16)
    board[..., ::2, ::2] = board[..., 1::2, 1::2] = -1
    assert distance(board, flat).tolist() == [0.5]
    assert distance(flat + 2, flat).tolist() == [4]
    assert distance(board[..., :8, :8], flat[..., :8, :8]).tolist() == [1]


@pytest.mark.parametrize(
    ("graphs", "settings", "error", "reason"),
    [
        ({}, {}, Unsupported, "no graph that makes images of latent vectors; it has $"),
        (
            {"noisy": generating(Linear(), Latent(shape=(1, 4, 4)))},
            {},
            Unsupported,
            r"it has noisy \(generates\)$",
        ),
        (
            {"generator": generating(Linear(), LATENT)},
            {"graph": "mix"},
            UsageError,
            "no graph 'mix' makes images of latent vectors, only generator",
        ),
        (
            {"generator": generating(Linear(), LATENT)},
            {"said": lambda card: {"latent": np.zeros(3)}},
            UsageError,
            "all latent vectors of generator are said",
        ),
    ],
)
def test_what_cannot_be_inverted_is_one_line(
    graphs: dict[str, Graph], settings: dict[str, Callable[..., object]], error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        Inverter(opened(), graphs, **settings)
