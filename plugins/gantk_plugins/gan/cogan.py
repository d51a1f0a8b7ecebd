"""CoGAN: pairs of images of two domains, learned without pairs (Liu and Tuzel 2016, arXiv:1606.07536).

Two GANs, one a domain, share the generators' first layers, which decide what is shown, and the discriminators' last.
One noise vector makes an image in each domain, and since both come from the same inner map, they show the same: the
joint distribution is learned of images of either domain alone (equation 3 is the sum of both games).

    gantk train --plugin cogan --data mnist:DIGITS --scale paper -s data.view=edges
    gantk evaluate runs/cogan-mnist --metric pair-agreement -s pair-agreement.of=edges

Unsupervised domain adaptation, section 5.2: where batches have labels of A (`-s kind=adapted`), a classifier reads them
off the features that both discriminators share, and learns with them; so it tells B's images too, of which no label was
seen. `classify_b` is that classifier; its error is `--metric code-error -s code-error.output=label`.

From the paper: the layers that are shared, batches of 128, 25,000 steps. From the authors' code: networks, Adam's
values and an L2 term of 0.0005. Departures: each of a step's moves draws noise anew; a learned scale and shift follow
the batch norm, where the code has none; networks are for any size of 16 pixels or more.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gantk import (
    Batch,
    Batches,
    Build,
    Critic,
    Defaults,
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
    named,
)
from gantk_plugins.gan.cogan_networks import (
    Classified,
    Judged,
    check_size,
    own_discriminator,
    own_generator,
    shared_discriminator,
    shared_generator,
)

ROWS, PAIRS = 8, 2
"""Rows of a preview, and pairs in each."""


class CoGAN(Recipe):
    """Makes pairs of images of two domains, of noise, and learns them of images that are not paired.

    Args:
        latent: length of the noise vector.
        filters: channels of the last map that both generators share; the first has eight times as many.
        critic_filters: channels of each discriminator's own layer; their last features are 25 times as many.
        classification: weight of the loss of labels, where there are some.
    """

    kind = ("unpaired", "adapted")
    defaults = Defaults(loss="non-saturating", normalization={"generator": "batch"})
    settings = Settings(
        optimizer="adam",
        learning_rate=2e-4,
        betas=(0.5, 0.999),
        batch_size=128,
        size=28,
        steps=25_000,
        jitter=1.0,
        flip=False,
        precision="fp32",
    )

    def __init__(
        self,
        build: Build,
        *,
        latent: int = 100,
        filters: int = 128,
        critic_filters: int = 20,
        classification: float = 1.0,
    ) -> None:
        super().__init__()
        if latent < 1 or filters < 1 or critic_filters < 1:
            raise UsageError(
                f"cogan needs latent, filters and critic_filters >= 1, not {latent}, {filters} and {critic_filters}"
            )
        a, b = build.data.channels["a"], build.data.channels["b"]
        sides, self.size = build.data.sides, build.data.size
        check_size(sides)
        self.classification = classification
        self.latent = Latent(length=latent, distribution="normal")
        self.game = build.loss()
        if self.game.wants == "energies":
            raise Unsupported("cogan's discriminators give scores, not energies")
        norm = build.normalization("generator")
        self.generator = build.network(shared_generator(latent, filters, sides, norm), "generator")
        self.generator_a = build.network(own_generator(a, filters), "generator")
        self.generator_b = build.network(own_generator(b, filters), "generator")
        self.discriminator_a = build.network(own_discriminator(a, critic_filters), "discriminator")
        self.discriminator_b = build.network(own_discriminator(b, critic_filters), "discriminator")
        self.discriminator = build.network(shared_discriminator(critic_filters, sides), "discriminator")
        self.scores = build.network(nn.Linear(25 * critic_filters, 1), "discriminator")
        self.classes = build.data.classes if build.data.kind == "adapted" else ()
        if self.classes:
            self.classifier = build.network(nn.Linear(25 * critic_filters, len(self.classes)), "classifier")

    def players(self) -> dict[str, Player]:
        """Return both generators and both discriminators, each pair of them as one."""
        classifier = (self.classifier,) if self.classes else ()
        critics = (self.discriminator_a, self.discriminator_b, self.discriminator, self.scores, *classifier)
        return {
            "generator": Player(self.generator, self.generator_a, self.generator_b, weight_decay=5e-4),
            "discriminator": Player(*critics, critic=True, weight_decay=5e-4),
        }

    def step(self, batches: Batches) -> Step:
        """Move the discriminators, then the generators, by the sum of both games (equation 3)."""
        batch = next(batches)
        a, b = batch["a"], batch["b"]
        critic_a, critic_b = (Critic(self.judge_of(own)) for own in (self.discriminator_a, self.discriminator_b))

        with torch.no_grad():
            fake_a, fake_b = self.pair(self.latent.drawn(len(a), a.device))
        yield (
            "discriminator",
            {
                **named(self.game.judge(critic_a, a, fake_a), "a"),
                **named(self.game.judge(critic_b, b, fake_b), "b"),
                **self.classified(batch),
            },
        )

        if self.due("generator"):
            fake_a, fake_b = self.pair(self.latent.drawn(len(a), a.device))
            yield (
                "generator",
                {"game_a": self.game.fool(critic_a, fake_a, a), "game_b": self.game.fool(critic_b, fake_b, b)},
            )

    def pair(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return an image of A and one of B for each noise vector."""
        inner = self.generator(noise)
        return self.generator_a(inner), self.generator_b(inner)

    def classified(self, batch: Batch) -> Losses:
        """Return the cross entropy of A's labels, where there are some."""
        if not self.classes:
            return {}
        logits = self.classifier(self.discriminator(self.discriminator_a(batch["a"])))
        return {"label": self.classification * cross_entropy(logits, batch["label"])}

    def judge_of(self, own: Network) -> Network:
        """Return a domain's discriminator, of its own first layers."""
        return Network(Judged(own, self.discriminator, self.scores), "discriminator")

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return pairs of fixed noise, `gantk generate`'s first, then real images of both domains."""
        noise = self.latent.fixed(ROWS * PAIRS).to(batch["a"].device)
        pairs = zip(*(torch.split(images, ROWS) for images in self.pair(noise)), strict=True)
        made = {
            f"{side} {n}": images for n, both in enumerate(pairs, 1) for side, images in zip("AB", both, strict=True)
        }
        return {**made, "real A": batch["a"], "real B": batch["b"]}

    def graphs(self) -> dict[str, Graph]:
        """Return the generators, which make a pair of one noise vector, and the classifiers, where there are labels."""
        found = {}
        for side, own in (("a", self.generator_a), ("b", self.generator_b)):
            network = Network(nn.Sequential(self.generator, own), "generator")
            found[f"generator_{side}"] = Graph(network=network, task="generate", inputs=(self.latent,), outputs=(side,))
        label = Vector(name="label", length=len(self.classes) or None)
        for side, own in (("b", self.discriminator_b), ("a", self.discriminator_a)) if self.classes else ():
            network = Network(Classified(own, self.discriminator, self.classifier), "classifier")
            found[f"classify_{side}"] = Graph(
                network=network, task="encode", inputs=(side,), outputs=(label,), size=self.size
            )
        return found


@hookimpl
def recipe() -> type[Recipe]:
    """Return CoGAN's training algorithm."""
    return CoGAN
