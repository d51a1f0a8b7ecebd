"""sg2im: images of scene graphs (Johnson et al. 2018, arXiv:1804.01622).

A graph of things and relations becomes vectors by graph convolution, the vectors become boxes and masks, these a
layout, and a cascade refines it to an image (section 3). A discriminator judges whole images, another one single
things, of which it also tells what they are. The losses are the paper's six: boxes (masks are learned through the image
alone, as for Visual Genome), pixels, both games, and the classification, which both sides of the game learn from.

The graph is said as a text, "tree above house; sun left of tree": a word for each thing, of which a scene has one each,
and between two of them one of the relations of the paper's COCO graphs, above, below, left of, right of, inside or
surrounding. So an exported model takes a graph of up to `relations` relations. A text of another order is not refused,
since a model knows words alone: what is no whole relation is left out.

As in the authors' code, boxes cost their squared error (the paper: absolute), every thing is in the image by a relation
of its own, and in training the image is made with the true boxes. What leaves both: images are bounded by tanh; the
discriminator of images is pix2pix's; of each image `crops` things are judged, drawn by chance, since the number of
things differs; batch norm stays as it is trained, where the authors freeze it after 100,000 steps.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, l1_loss

from gantk import (
    Batch,
    Batches,
    Build,
    Caption,
    Defaults,
    DiscriminatorSpec,
    Graph,
    Kind,
    Latent,
    Losses,
    Player,
    Recipe,
    Settings,
    Step,
    Unsupported,
    UsageError,
    hookimpl,
)
from gantk_plugins.scenes.sg2im_networks import Graph as SceneGraph
from gantk_plugins.scenes.sg2im_networks import ObjectDiscriminator, SceneGenerator, crops

CROP = 32
"""Height and width in pixels of what is judged of a thing (appendix A)."""
FILLER = "of"
SCENES = Kind("scenes", {"image": "images", "caption": "texts", "boxes": "numbers"}, whole=True)
"""Images with their graphs as texts, and of all that these mention the boxes, (N, 2 relations, 4); zeros fill up."""


class SG2Im(Recipe):
    """Makes images of the relations between things.

    Args:
        relations: how many relations a text holds at most, which the data's boxes must be of.
        width: length of the vectors of things and relations.
        hidden: units of hidden layers of the graph convolutions.
        layers: graph convolutions.
        noise: channels of noise that the layout gets.
        refinement: channels of the modules of the cascade, from the coarsest on.
        objects: filters of the first layer of the discriminator of things.
        crops: things of each image that are judged.
        pixels: weight of the L1 loss of the image.
        boxes: weight of the squared error of the boxes.
        game: weight of both games for the generator.
        classification: weight, for the generator, of what its things are taken for.
    """

    kind = SCENES
    defaults = Defaults(
        discriminator="patchgan", loss="non-saturating", normalization={"generator": "batch", "discriminator": "batch"}
    )
    settings = Settings(
        optimizer="adam", learning_rate=1e-4, betas=(0.9, 0.999), batch_size=32, steps=1_000_000, size=64, flip=False
    )

    def __init__(
        self,
        build: Build,
        *,
        relations: int = 4,
        width: int = 128,
        hidden: int = 512,
        layers: int = 5,
        noise: int = 32,
        refinement: tuple[int, ...] = (1024, 512, 256, 128, 64),
        objects: int = 64,
        crops: int = 2,
        pixels: float = 1.0,
        boxes: float = 10.0,
        game: float = 0.01,
        classification: float = 0.1,
    ) -> None:
        super().__init__()
        channels, size = build.data.channels["image"], build.data.square
        if min(relations, width, hidden, layers, noise, objects, crops, *(refinement or (0,))) < 1:
            raise UsageError("sg2im needs relations, widths, layers, noise, filters and crops of at least 1")
        if size % 2 ** len(refinement):
            raise UsageError(
                f"sg2im doubles the size {len(refinement)} times: size {size} must be a multiple of "
                f"{2 ** len(refinement)}, or refinement have fewer numbers"
            )
        self.relations, self.crops = relations, crops
        self.weights = {"pixels": pixels, "boxes": boxes, "game": game, "classification": classification}
        self.caption = Caption(words=build.data.words["caption"], length=4 * relations)
        words = self.caption.words
        self.filler = words.index(FILLER) + 1 if FILLER in words else -1
        self.latent = Latent(name="noise", shape=(noise, size, size))
        self.game = build.loss()
        if self.game.wants == "energies" or self.game.wants_features:
            raise Unsupported(
                "sg2im plays a game of scores alone, since it judges things, too: choose another by --loss"
            )
        norms = build.normalization("generator")
        maker = SceneGenerator(
            self.caption.count,
            relations,
            self.filler,
            size,
            noise,
            norms,
            width=width,
            hidden=hidden,
            layers=layers,
            refinement=refinement,
            channels=channels,
        )
        self.generator = build.network(norms.network(maker), "generator")
        self.discriminator = build.discriminator(DiscriminatorSpec(channels=channels, size=size))
        self.objects = build.network(ObjectDiscriminator(channels, self.caption.count, objects), "objects")

    def players(self) -> dict[str, Player]:
        """Return the generator, and both discriminators as one player."""
        return {
            "generator": Player(self.generator),
            "discriminator": Player(self.discriminator, self.objects, critic=True),
        }

    def step(self, batches: Batches) -> Step:
        """Move the generator by the six losses (section 3.4), then the discriminators."""
        batch = next(batches)
        real, boxes = batch["image"], batch["boxes"].float()
        if boxes.shape[1] != 2 * self.relations:
            raise UsageError(
                f"sg2im reads {self.relations} relations, and the data has boxes of {boxes.shape[1] // 2}: say "
                f"-s relations={boxes.shape[1] // 2}"
            )
        words = self.caption.read(batch["caption"], real.device)
        graph = SceneGraph.read(words, self.relations, self.filler)
        chosen = torch.multinomial(graph.named.float(), self.crops, replacement=True)
        judged = boxes.gather(1, chosen.unsqueeze(2).expand(-1, -1, 4))
        things = graph.things.gather(1, chosen).flatten()
        critic = self.discriminator.given()

        with torch.set_grad_enabled(self.due("generator")):
            fake, own = self.generator(self.latent.drawn(len(real), real.device), words, boxes)
        shown = crops(real, judged, CROP)
        if self.due("generator"):
            yield "generator", self.made(real, fake, own, boxes, graph, judged, things)

        made = crops(fake.detach(), judged, CROP)
        seen, guessed = self.objects(shown), self.objects(made)
        game = self.game.discriminator(seen[:, 0], guessed[:, 0])
        told = cross_entropy(seen[:, 1:], things) + cross_entropy(guessed[:, 1:], things)
        yield "discriminator", {**self.game.judge(critic, real, fake), "game_objects": game, "classification": told}

    def made(
        self, real: Tensor, fake: Tensor, own: Tensor, boxes: Tensor, graph: SceneGraph, judged: Tensor, things: Tensor
    ) -> Losses:
        """Return the generator's losses, weighted."""
        weights, critic = self.weights, self.discriminator.given()
        named = graph.named.unsqueeze(2)
        wrong = (own - boxes).square() * named
        self.note(overlap=(overlap(own, boxes) * graph.named).sum() / graph.named.sum())
        objects = self.objects(crops(fake, judged, CROP))
        real_scores = self.objects(crops(real, judged, CROP))[:, 0] if self.game.needs_real else None
        return {
            "pixels": weights["pixels"] * l1_loss(fake, real),
            "boxes": weights["boxes"] * wrong.sum() / (4 * named.sum()),
            "game": weights["game"] * self.game.fool(critic, fake, real),
            "game_objects": weights["game"] * self.game.generator(objects[:, 0], real_scores),
            "classification": weights["classification"] * cross_entropy(objects[:, 1:], things),
        }

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return images that its own boxes make, those that the true boxes make, and the true images."""
        real = batch["image"]
        words = self.caption.read(batch["caption"], real.device)
        noise = self.latent.fixed(len(real)).to(real.device)
        return {
            "of the graph": self.generator(noise, words),
            "of the boxes": self.generator(noise, words, batch["boxes"].float())[0],
            "reference": real,
        }

    def graphs(self) -> dict[str, Graph]:
        """Return the generator: the image of a text."""
        inputs = (self.latent, self.caption)
        return {"generator": Graph(network=self.generator, task="generate", inputs=inputs, outputs=("image",))}


def overlap(one: Tensor, other: Tensor) -> Tensor:
    """Return how much boxes (..., 4) overlap: what both cover as a share of what either does (...)."""
    corner, far = torch.maximum(one[..., :2], other[..., :2]), torch.minimum(one[..., 2:], other[..., 2:])
    both = (far - corner).clamp(min=0).prod(-1)
    areas = [(box[..., 2:] - box[..., :2]).clamp(min=0).prod(-1) for box in (one, other)]
    return both / (areas[0] + areas[1] - both).clamp(min=1e-6)


@hookimpl
def recipe() -> type[Recipe]:
    """Return sg2im's training algorithm."""
    return SG2Im
