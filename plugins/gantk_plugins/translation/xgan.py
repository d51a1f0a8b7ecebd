"""XGAN: translation by a shared embedding that keeps what images mean (Royer et al. 2017, arXiv:1711.05139).

Two auto-encoders, one a domain, share the last layers of their encoders and the first of their decoders. What one
encodes, the other decodes: that is the translation. Five losses, of section 3:

- reconstruction: each auto-encoder gives its own images back, by the length of the difference;
- domain-adversarial: a classifier tells from an embedding which domain it comes from, and the encoders learn that it
  cannot, through a gradient that is reversed (Ganin et al. 2016, arXiv:1505.07818);
- semantic consistency: a translation has the embedding of what it was made of. There is no way back to the pixels;
- a game for each domain's translations;
- teacher, by option: A's embeddings are near what a network that others trained makes of the images. The paper's is
  FaceNet, for faces; here it is EfficientNet-Lite0, which knows ImageNet. A teacher of both would hold domains apart.

Layers and losses are the text's, as reimplementations report it. What these do not settle is our choice: the weights of
the losses, 1 each; the optimizer, its rate, the batch and the length; absolute errors of embeddings, as means; first
weights by He et al. Embeddings, and what a teacher gives, have one length, as one of these has it: where it may grow,
the encoders run away from the classifier.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, l1_loss, softplus

from gantk import (
    Batch,
    Batches,
    Build,
    Defaults,
    DiscriminatorSpec,
    Graph,
    Losses,
    Network,
    Player,
    Recipe,
    Settings,
    Step,
    UsageError,
    Vector,
    hookimpl,
    initialize_he,
    named,
)
from gantk_plugins.networks.efficientnet_lite0 import FEATURES, SIZE, EfficientNetLite0, trained_file
from gantk_plugins.translation.xgan_networks import (
    MeanSquareOne,
    coarsest_map,
    discriminator_network,
    own_decoder,
    own_encoder,
    shared_decoder,
    shared_encoder,
)


def distance(made: Tensor, image: Tensor) -> Tensor:
    """Return E[||made - image||], the Euclidean norm of all numbers of each image (N, C, H, W).

    A mean over pixels instead would be hundreds of times less beside the other losses, which then make all embeddings
    alike.
    """
    length: Tensor = torch.linalg.vector_norm(made - image, dim=(1, 2, 3))
    return length.mean()


def reversed_gradient(x: Tensor) -> Tensor:
    """Return x, whose gradient comes back with the other sign."""
    return 2 * x.detach() - x


class XGAN(Recipe):
    """Translates between two domains that have no pixels in common, of images that are not paired.

    Args:
        reconstruction: weight of each auto-encoder's error.
        domain_adversarial: weight of the loss by which embeddings hide their domain.
        semantic: weight of each direction's semantic consistency.
        adversarial: weight of each direction's game.
        teaching: weight of the teacher's loss, where there is one.
        teacher: what A's embeddings learn from: "none", or "efficientnet-lite0", whose weights a package holds.
        filters: channels of the first layer; the innermost has 16 times as many.
        embedding: length of the embedding; unsaid: 1024, or as many as a teacher gives.
    """

    kind = "unpaired"
    defaults = Defaults(
        discriminator="xgan",
        loss="non-saturating",
        normalization={"generator": "none", "discriminator": "none"},
    )
    settings = Settings(
        optimizer="adam",
        learning_rate=1e-4,
        betas=(0.5, 0.999),
        batch_size=8,
        size=64,
        steps=100_000,
        jitter=1.0,
        flip=True,
    )

    def __init__(
        self,
        build: Build,
        *,
        reconstruction: float = 1.0,
        domain_adversarial: float = 1.0,
        semantic: float = 1.0,
        adversarial: float = 1.0,
        teaching: float = 1.0,
        teacher: Literal["none", "efficientnet-lite0"] = "none",
        filters: int = 32,
        embedding: int | None = None,
    ) -> None:
        super().__init__()
        length = (1024 if teacher == "none" else FEATURES) if embedding is None else embedding
        if filters < 1 or length < 1:
            raise UsageError(f"xgan needs filters >= 1 and embedding >= 1, not {filters} and {length}")
        a, b = build.data.channels["a"], build.data.channels["b"]
        if teacher != "none" and (length != FEATURES or a not in (1, 3)):
            raise UsageError(
                f"xgan's teacher sees RGB or grey images and gives {FEATURES} numbers: say embedding={FEATURES} or "
                f"leave it out, or leave out the teacher; not embedding={length} and images of {a} channels"
            )
        self.reconstruction, self.domain_adversarial, self.semantic = reconstruction, domain_adversarial, semantic
        self.adversarial, self.teaching, self.length, self.size = adversarial, teaching, length, build.data.size
        norm, coarsest = build.normalization("generator"), coarsest_map(build.data.sides)
        self.encoder_a = build.network(own_encoder(a, filters, norm), "encoder")
        self.encoder_b = build.network(own_encoder(b, filters, norm), "encoder")
        self.encoder = build.network(shared_encoder(filters, length, coarsest, norm), "encoder")
        self.decoder = build.network(shared_decoder(filters, length, coarsest, norm), "decoder")
        self.decoder_a = build.network(own_decoder(a, filters, norm), "decoder")
        self.decoder_b = build.network(own_decoder(b, filters, norm), "decoder")
        head = nn.Sequential(nn.Linear(length, length), nn.ReLU(), nn.Linear(length, 1))
        self.classifier = build.network(initialize_he(head), "classifier")
        self.game = build.loss()
        self.discriminator_a = build.discriminator(DiscriminatorSpec(channels=a, size=self.size))
        self.discriminator_b = build.discriminator(DiscriminatorSpec(channels=b, size=self.size))
        self.teacher = None if teacher == "none" else build.pretrained(trained_file(), EfficientNetLite0())

    def players(self) -> dict[str, Player]:
        """Return the auto-encoders, the classifier that moves at once with them, and the discriminators."""
        encoders, decoders = (self.encoder_a, self.encoder_b, self.encoder), (self.decoder_a, self.decoder_b)
        return {
            "generator": Player(*encoders, self.decoder, *decoders),
            "classifier": Player(self.classifier),
            "discriminator": Player(self.discriminator_a, self.discriminator_b, critic=True),
        }

    def step(self, batches: Batches) -> Step:
        """Move the discriminators, then auto-encoders and classifier at once, by all five losses."""
        batch = next(batches)
        a, b = batch["a"], batch["b"]
        critic_a, critic_b = self.discriminator_a.given(), self.discriminator_b.given()
        due = self.due("generator")

        with torch.set_grad_enabled(due):
            code_a, code_b = self.encoder(self.encoder_a(a)), self.encoder(self.encoder_b(b))
            fake_b, fake_a = self.decoder_b(self.decoder(code_a)), self.decoder_a(self.decoder(code_b))
        yield (
            "discriminator",
            {**named(self.game.judge(critic_a, a, fake_a), "a"), **named(self.game.judge(critic_b, b, fake_b), "b")},
        )

        if due:
            domain = self.told_apart(reversed_gradient(code_a), reversed_gradient(code_b))
            back_a, back_b = self.decoder_a(self.decoder(code_a)), self.decoder_b(self.decoder(code_b))
            again_a, again_b = self.encoder(self.encoder_b(fake_b)), self.encoder(self.encoder_a(fake_a))
            losses = {
                "reconstruction_a": self.reconstruction * distance(back_a, a),
                "reconstruction_b": self.reconstruction * distance(back_b, b),
                "domain": self.domain_adversarial * domain,
                "semantic_a": self.semantic * l1_loss(again_a, code_a),
                "semantic_b": self.semantic * l1_loss(again_b, code_b),
                "game_a": self.adversarial * self.game.fool(critic_a, fake_a, a),
                "game_b": self.adversarial * self.game.fool(critic_b, fake_b, b),
                **self.taught(code_a, a),
            }
            yield {"generator": losses, "classifier": {"domain": domain}}

    def told_apart(self, code_a: Tensor, code_b: Tensor) -> Tensor:
        """Return the classifier's cross entropy on embeddings of A and on those of B."""
        loss: Tensor = softplus(-self.classifier(code_a)).mean() + softplus(self.classifier(code_b)).mean()
        return loss

    def taught(self, code: Tensor, image: Tensor) -> Losses:
        """Return the teacher's loss on A's embeddings, where there is a teacher, which sees images of its own size."""
        if self.teacher is None:
            return {}
        with torch.no_grad():
            shown = interpolate(image.expand(-1, 3, -1, -1), (SIZE, SIZE), mode="bilinear", antialias=True)
            wanted = MeanSquareOne()(self.teacher(shown))
        return {"teacher": self.teaching * l1_loss(code, wanted)}

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return A, its translation and its reconstruction, then B and its translation."""
        networks = {name: graph.network for name, graph in self.graphs().items()}
        a, b = batch["a"], batch["b"]
        reference = {"reference": batch["reference"]} if "reference" in batch else {}
        return {
            "input": a,
            "output": networks["a_to_b"](a),
            **reference,
            "reconstructed": self.decoder_a(self.decoder(self.encoder(self.encoder_a(a)))),
            "input B": b,
            "output A": networks["b_to_a"](b),
        }

    def graphs(self) -> dict[str, Graph]:
        """Return both translations, and the embeddings of both domains."""
        found = {}
        for name, first, last, keys in (
            ("a_to_b", self.encoder_a, self.decoder_b, ("a", "b")),
            ("b_to_a", self.encoder_b, self.decoder_a, ("b", "a")),
        ):
            network = Network(nn.Sequential(first, self.encoder, self.decoder, last), "generator")
            found[name] = Graph(network=network, inputs=keys[:1], outputs=keys[1:], size=self.size)
        for name, first, key in (("embed_a", self.encoder_a, "a"), ("embed_b", self.encoder_b, "b")):
            network, vector = (
                Network(nn.Sequential(first, self.encoder), "encoder"),
                Vector(name="embedding", length=self.length),
            )
            found[name] = Graph(network=network, task="encode", inputs=(key,), outputs=(vector,), size=self.size)
        return found


@hookimpl
def recipe() -> type[Recipe]:
    """Return XGAN's training algorithm."""
    return XGAN


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the discriminator."""
    return discriminator_network
