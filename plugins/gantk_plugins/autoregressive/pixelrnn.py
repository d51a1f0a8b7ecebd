"""PixelRNN: an image's likelihood, value by value, by recurrent layers (van den Oord et al. 2016, arXiv:1601.06759).

What is learned, and how, is `pixelcnn`'s, of the same paper; the network's layers are LSTMs over rows or diagonals,
each of which reads as far back as the image goes. It is slower than masked convolutions, and in the paper better.

Twelve layers and the widths are those of the paper for CIFAR-10 (section 5.6), here for each channel of the image, so
that each has its share. On binary digits its best had seven Diagonal BiLSTM layers of 16 units (table 4): `-s
order=diagonal -s residuals=7 -s features=32 -s last=32`. RMSProp and batches of 16 are the paper's; rates and
length are this project's.
"""

from __future__ import annotations

from gantk import Build, Network, Recipe, UsageError, hookimpl
from gantk_plugins.autoregressive.levels import MOST
from gantk_plugins.autoregressive.pixelcnn import ByLikelihood
from gantk_plugins.autoregressive.recurrent import Order, PixelRNN
from gantk_plugins.autoregressive.remembered import Remembered


class PixelRNNRecipe(ByLikelihood):
    """Draws images value by value, and tells the likelihood of images.

    Args:
        order: "row", a Row LSTM, which reads a triangle above, or "diagonal", a Diagonal BiLSTM, which reads all.
        levels: that a value can have: 256 of bytes, 2 of images that are on or off.
        draws: whether images of two levels are drawn anew at each step, as often on as they are light.
        features: channels of maps for each channel of the image, a multiple of 2: twice the units of an LSTM.
        residuals: recurrent layers.
        last: channels of the last layers for each channel of the image.
    """

    def __init__(
        self,
        build: Build,
        *,
        order: Order = "row",
        levels: int = MOST,
        draws: bool = False,
        features: int = 128,
        residuals: int = 12,
        last: int = 1024,
    ) -> None:
        super().__init__(build, levels, draws=draws)
        if min(features, residuals, last) < 1 or features % 2:
            raise UsageError(
                "pixelrnn needs features, residuals and last of at least 1, and an even number of features, "
                f"not features={features}, residuals={residuals}, last={last}"
            )
        network = PixelRNN(self.shape[0], levels, order, features=features, residuals=residuals, last=last)
        self.network = build.network(network, "network")

    def sampler(self) -> Network:
        """Return what draws images."""
        return Network(Remembered(self.network.module, self.shape), "generator")  # type: ignore[arg-type]


@hookimpl
def recipe() -> type[Recipe]:
    """Return PixelRNN's training algorithm."""
    return PixelRNNRecipe
