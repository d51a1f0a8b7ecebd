"""BiGAN: a GAN that also learns which latent vector an image has (Donahue et al. 2016, arXiv:1605.09782).

The discriminator tells pairs apart: an image with its encoding, (x, E(x)), from a generated one with its latent vector,
(G(z), z). Generator and encoder move together against it (equation 2). The encoder is a function; ALI (Dumoulin et al.
2016, arXiv:1606.00704) plays the same game with encodings drawn at random. As the paper's section on learning has it,
generator and encoder minimize the "inverse" objective, in which the pairs change sides, and all networks move at once.

The pairs can change sides in any game that has a middle score, about which reflected scores say the contrary: 0 for
logits, hinge and Wasserstein games, 1/2 for least squares. The loss of generator and encoder is then the game's for the
fake pairs, and the same for the real pairs with reflected scores. For the non-saturating game that is the paper's
inverse objective, and for `--loss minimax` equation 2 itself. A game without a middle is refused.

Networks and settings are those of the authors' code for permutation-invariant MNIST: Adam 2e-4, beta1 0.5, batches of
128, 400 epochs, over the last half of which the rate falls exponentially to a hundredth, latent vectors from U(-1, 1),
weight decay, weights from N(0, 0.02), objectives halved. Departures from it: batch norms learn a scale and a shift, and
layers have biases. As that code does before it measures, averages of batch norms are taken anew over the data at each
checkpoint, at weights that stand still; it takes them over a thousand batches, this over four of 128, by whose choice
the accuracy varied by 0.2% (one deviation, after 300 steps on 9,000 digits). The accuracies that the paper gives for
MNIST are, by that code's published log, those of the graph `features`, the encoder's last hidden layer; E(x) itself has
lower ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gantk import (
    AdversarialLoss,
    Batch,
    Batches,
    Build,
    Defaults,
    DiscriminatorSpec,
    Exponential,
    GeneratorSpec,
    Graph,
    Latent,
    Losses,
    Network,
    Player,
    Recipe,
    Settings,
    Step,
    Unsupported,
    UsageError,
    Vector,
    hookimpl,
    initialize_normal,
    single_scores,
)
from gantk_plugins.codes.bigan_networks import Encoder, Features, discriminator_network, generator_network


class BiGAN(Recipe):
    """Makes images of latent vectors, and finds the latent vector of an image.

    Args:
        latent: length of the latent vector.
        units: width of the encoder's hidden layers.
        weight_decay: weight of the sum of a network's squared weights, halved; biases and norms do not decay.
    """

    kind = "images"
    defaults = Defaults(
        generator="bigan",
        discriminator="bigan",
        loss="non-saturating",
        normalization={"generator": "batch", "encoder": "batch", "discriminator": "batch"},
    )
    settings = Settings(
        optimizer="adam",
        learning_rate=2e-4,
        betas=(0.5, 0.999),
        batch_size=128,
        size=28,
        epochs=400,
        schedule=Exponential(end=0.01, begin=0.5),
        jitter=1.0,
        flip=False,
        precision="fp32",
    )

    def __init__(self, build: Build, *, latent: int = 50, units: int = 1024, weight_decay: float = 2.5e-5) -> None:
        super().__init__()
        if latent < 1 or units < 1 or weight_decay < 0:
            said = f"latent={latent}, units={units}, weight_decay={weight_decay}"
            raise UsageError(f"bigan needs latent >= 1, units >= 1 and weight_decay >= 0, not {said}")
        channels, self.size = build.data.channels["image"], build.data.size
        self.units, self.weight_decay = units, weight_decay
        self.latent = Latent(length=latent, distribution="uniform")
        self.game = build.loss()
        self.reflection = 0.0 if self.game.needs_real else reflection(self.game)
        norms = build.normalization("encoder")
        encoder = norms.network(Encoder(channels * math.prod(build.data.sides), latent, norms, units=units))
        self.encoder = initialize_normal(build.network(encoder, "encoder"))
        self.generator = build.generator(GeneratorSpec(latent=latent, outputs=channels, size=self.size))
        spec = DiscriminatorSpec(channels=channels, size=self.size, joint_latent=latent)
        self.discriminator = build.discriminator(spec)

    def players(self) -> dict[str, Player]:
        """Return the discriminator, and generator and encoder as one player."""
        return {
            "discriminator": Player(self.discriminator, critic=True),
            "generator": Player(self.generator, self.encoder),
        }

    def step(self, batches: Batches) -> Step:
        """Move all at once: the discriminator by equation 2, generator and encoder by the inverse objective."""
        real = next(batches)["image"]
        latent = self.latent.drawn(len(real), real.device)
        critic = self.discriminator.given()

        with torch.set_grad_enabled(self.due("generator")):
            code, fake = self.encoder(real), self.generator(latent)
        real_scores, fake_scores = single_scores(critic(real, code)), single_scores(critic(fake, latent))

        pairs = (real, code.detach()), (fake, latent)
        judged = self.game.judge(critic, *pairs, scores=(real_scores, fake_scores))
        moves = {"discriminator": self.decayed(judged, self.discriminator)}
        if self.due("generator"):
            fooled = {"game": self.fooled(real_scores, fake_scores)}
            moves["generator"] = self.decayed(fooled, self.generator, self.encoder)
        yield moves

    def fooled(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Return the loss of generator and encoder, to whom real pairs are fake, and fake ones real."""
        if self.game.needs_real:
            return self.game.generator(fake_scores, real_scores)
        return self.game.generator(fake_scores) + self.game.generator(self.reflection - real_scores)

    def decayed(self, losses: Losses, *networks: Network) -> Losses:
        """Return the losses halved, and with them what lets the weights of these networks decay."""
        halved = {name: 0.5 * loss for name, loss in losses.items()}
        if not self.weight_decay:
            return halved
        weights = [p for network in networks for p in network.parameters() if p.dim() > 1]
        squares = torch.stack([weight.square().sum() for weight in weights]).sum()
        return {**halved, "decay": self.weight_decay / 2 * squares}

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return real images, the generator's images of their encodings, and of fixed latent vectors."""
        real = batch["image"]
        latent = self.latent.fixed(len(real)).to(real.device)
        return {"real": real, "reconstructed": self.generator(self.encoder(real)), "generated": self.generator(latent)}

    def graphs(self) -> dict[str, Graph]:
        """Return the generator, the encoder, its last hidden layer, and what the generator makes of encodings."""
        latent, features = (
            Vector(name="latent", length=self.latent.length),
            Vector(name="features", length=self.units),
        )
        last, both = Network(Features(self.encoder), "encoder"), nn.Sequential(self.encoder, self.generator)
        return {
            "generator": Graph(network=self.generator, task="generate", inputs=(self.latent,), outputs=("image",)),
            "encoder": Graph(network=self.encoder, task="encode", inputs=("image",), outputs=(latent,), size=self.size),
            "features": Graph(network=last, task="encode", inputs=("image",), outputs=(features,), size=self.size),
            "reconstruct": Graph(
                network=Network(both, "reconstruct"), inputs=("image",), outputs=("image",), size=self.size
            ),
        }


def reflection(game: AdversarialLoss) -> float:
    """Return the number c with which scores c - s say of each pair the contrary of scores s: twice the middle score.

    Raises Unsupported where the game has none.
    """
    real, fake = torch.tensor([-2.0, 0.3, 1.4], device="cpu"), torch.tensor([0.7, -0.4, 2.5], device="cpu")
    for c in (0.0, 1.0):
        if torch.allclose(game.discriminator(real, fake), game.discriminator(c - fake, c - real)):
            return c
    raise Unsupported("bigan needs a game in which the real and the fake pairs can change sides")


@hookimpl
def recipe() -> type[Recipe]:
    """Return BiGAN's training algorithm."""
    return BiGAN


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the generator of dense layers."""
    return generator_network


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the discriminator of images and latent vectors."""
    return discriminator_network
