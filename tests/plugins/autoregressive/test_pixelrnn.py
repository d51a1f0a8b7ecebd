"""PixelRNN: its loss, its graphs, and what it refuses."""

import pytest
import torch

from gantk import UsageError
from gantk_plugins.autoregressive.recurrent import DiagonalLSTM, RowLSTM

SMALL = {"features": 4, "residuals": 2, "last": 4}


@pytest.fixture
def pixelrnn(factory, make_build):
    """Return a function that makes a small PixelRNN."""

    def make(channels=1, **options):
        build = make_build(kind="images", size=4, channels={"image": channels})
        return factory("pixelrnn", "recipe")(build, **SMALL | options)

    return make


@pytest.mark.parametrize(("order", "kind"), [("row", RowLSTM), ("diagonal", DiagonalLSTM)])
def test_layers_are_of_the_order_that_is_said(order, kind, pixelrnn):
    assert [type(layer) for layer in pixelrnn(order=order).network.module.layers] == [kind, kind]


@pytest.mark.parametrize("order", ["row", "diagonal"])
def test_all_weights_move(order, pixelrnn, stream, run_steps):
    recipe = pixelrnn(2, order=order)
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    run_steps(recipe, stream({"image": torch.rand(3, 2, 4, 4) * 2 - 1}), steps=2)
    assert not {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}


@pytest.mark.parametrize("order", ["row", "diagonal"])
def test_an_image_that_is_drawn_has_a_likelihood(order, pixelrnn):
    graphs = pixelrnn(order=order, levels=2).graphs()
    made = graphs["generator"].network(*(port.fixed(2) for port in graphs["generator"].inputs))
    assert set(made.unique().tolist()) <= {-1, 1}
    assert (graphs["likelihood"].network(made) > 0).all()


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"features": 5}, "an even number of features, not features=5"),
        ({"residuals": 0}, "residuals=0"),
        ({"draws": True}, "say -s levels=2, not levels=256"),
    ],
)
def test_options_that_cannot_be(said, line, pixelrnn):
    with pytest.raises(UsageError, match=line):
        pixelrnn(**said)
