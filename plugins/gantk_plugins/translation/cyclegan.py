"""CycleGAN: unpaired image translation (Zhu et al. 2017, arXiv:1703.10593).

Two generators translate between the domains A and B, two discriminators tell each domain's images from translations,
and a translation translated back must give the image it came from (equation 2). The full objective is equation 3, with
the least-squares game of section 4.

Where this leaves the paper's text, it follows the authors' code: the generators move before the discriminators, and the
identity loss is on by default, while the paper uses it for paintings -> photos only (section 5.2). It is off where A
and B differ in channels, since neither generator then takes its own output.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from gantk import (
    Batch,
    Batches,
    Build,
    Defaults,
    DiscriminatorSpec,
    GeneratorSpec,
    Graph,
    Player,
    Recipe,
    Settings,
    Step,
    UsageError,
    hookimpl,
    initialize_normal,
    named,
)


class ImagePool(nn.Module):
    """The last translations, from which the discriminator is shown (section 4, after Shrivastava et al. 2016).

    While it fills, images are stored and passed on. When full, an image is passed on or, with probability 1/2, takes
    the place of a stored one, which is passed on instead. Nothing here waits for the device.

    Args:
        capacity: images that it holds.
        batch: images (N, C, H, W) like those that it will hold.
    """

    images: Tensor
    filled: Tensor

    def __init__(self, capacity: int, batch: Tensor) -> None:
        super().__init__()
        self.register_buffer("images", batch.new_zeros(capacity, *batch.shape[1:]))
        self.register_buffer("filled", torch.zeros((), dtype=torch.int64, device=batch.device))

    def forward(self, batch: Tensor) -> Tensor:
        """Return as many images as were given (N, C, H, W), detached; each stored one at most once."""
        capacity, device = len(self.images), batch.device
        # A slot is used once a batch, so a batch larger than the pool passes its rest on.
        new, rest = batch.detach()[:capacity], batch.detach()[capacity:]
        place = self.filled + torch.arange(len(new), device=device)
        filling = place < capacity
        empty = torch.arange(capacity, device=device) >= self.filled
        shuffled = (torch.rand(capacity, device=device) + empty).argsort()  # full slots first
        slot = torch.where(filling, place, shuffled[(place - capacity).clamp(min=0)])
        swapped = ~filling & (torch.rand(len(new), device=device) < 0.5)

        old = self.images[slot]
        self.images[slot] = torch.where(_per_image(filling | swapped), new, old)
        self.filled.add_(len(new)).clamp_(max=capacity)
        return torch.cat([torch.where(_per_image(swapped), old, new), rest])


def _per_image(choice: Tensor) -> Tensor:
    return choice.view(-1, 1, 1, 1)


class CycleGAN(Recipe):
    """Translates between two domains of images that are not paired.

    Args:
        cycle: weight of the cycle consistency loss, the paper's lambda.
        identity: weight of the identity loss as a share of `cycle`; used only where A and B have the same channels.
        pool: translations that each discriminator's pool holds; 0: the newest are shown.
        scales: discriminators of each domain, each of which scores images half as large as the one before; the paper
            has one.
    """

    kind = "unpaired"
    defaults = Defaults(
        generator="resnet",
        discriminator="patchgan",
        loss="lsgan",
        normalization={"generator": "instance", "discriminator": "instance"},
    )
    settings = Settings(
        optimizer="adam",
        learning_rate=2e-4,
        betas=(0.5, 0.999),
        batch_size=1,
        epochs=200,
        schedule="linear",
        decay_from=0.5,
        jitter=286 / 256,
        flip=True,
    )

    def __init__(
        self, build: Build, *, cycle: float = 10.0, identity: float = 0.5, pool: int = 50, scales: int = 1
    ) -> None:
        super().__init__()
        if pool < 0:
            raise UsageError(f"cyclegan needs pool >= 0, not {pool}")
        a, b = build.data.channels["a"], build.data.channels["b"]
        size = build.data.size
        self.cycle = cycle
        self.identity = identity * cycle if a == b else 0.0
        self.pool = pool
        self.game = build.loss()
        self.a_to_b = initialize_normal(build.generator(GeneratorSpec(inputs=a, outputs=b, size=size)))
        self.b_to_a = initialize_normal(build.generator(GeneratorSpec(inputs=b, outputs=a, size=size)))
        self.discriminator_a, self.discriminator_b = (
            initialize_normal(build.discriminator(DiscriminatorSpec(channels=channels, size=size), scales=scales))
            for channels in (a, b)
        )

    def prepare(self, batches: Batches) -> None:
        """Make the image pools, whose shape is the data's."""
        batch = next(batches)
        self.pool_a, self.pool_b = ImagePool(self.pool, batch["a"]), ImagePool(self.pool, batch["b"])

    def players(self) -> dict[str, Player]:
        """Return the generators, who move as one, and the discriminators, who do too."""
        return {
            "generator": Player(self.a_to_b, self.b_to_a),
            "discriminator": Player(self.discriminator_a, self.discriminator_b, critic=True),
        }

    def step(self, batches: Batches) -> Step:
        """Move the generators by equation 3, then the discriminators by half of their objective."""
        batch = next(batches)
        a, b = batch["a"], batch["b"]
        critic_a, critic_b = self.discriminator_a.given(), self.discriminator_b.given()

        if self.due("generator"):
            # What a generator makes of its own domain serves the identity loss alone.
            fake_b, *same_b = self.a_to_b.each(a, b) if self.identity else (self.a_to_b(a),)
            fake_a, *same_a = self.b_to_a.each(b, a) if self.identity else (self.b_to_a(b),)
            losses = {
                "game_a": self.game.fool(critic_a, fake_a, a),
                "game_b": self.game.fool(critic_b, fake_b, b),
                "cycle_a": self.cycle * l1_loss(self.b_to_a(fake_b), a),
                "cycle_b": self.cycle * l1_loss(self.a_to_b(fake_a), b),
            }
            if self.identity:
                losses["identity_a"] = self.identity * l1_loss(same_a[0], a)
                losses["identity_b"] = self.identity * l1_loss(same_b[0], b)
            yield "generator", losses
        else:
            with torch.no_grad():
                fake_b, fake_a = self.a_to_b(a), self.b_to_a(b)

        # Halved, so that the discriminators learn more slowly than the generators (appendix).
        yield (
            "discriminator",
            {
                **named(self.game.judge(critic_a, a, self.pool_a(fake_a)), "a", weight=0.5),
                **named(self.game.judge(critic_b, b, self.pool_b(fake_b)), "b", weight=0.5),
            },
        )

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return A, its translation and what comes back, then B and its translation."""
        a, b = batch["a"], batch["b"]
        fake_b = self.a_to_b(a)
        reference = {"reference": batch["reference"]} if "reference" in batch else {}
        return {
            "input": a,
            "output": fake_b,
            **reference,
            "cycled": self.b_to_a(fake_b),
            "input B": b,
            "output A": self.b_to_a(b),
        }

    def graphs(self) -> dict[str, Graph]:
        """Return both translations."""
        return {
            "a_to_b": Graph(network=self.a_to_b, inputs=("a",), outputs=("b",)),
            "b_to_a": Graph(network=self.b_to_a, inputs=("b",), outputs=("a",)),
        }


@hookimpl
def recipe() -> type[Recipe]:
    """Return CycleGAN's training algorithm."""
    return CycleGAN
