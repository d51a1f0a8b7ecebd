"""ComboGAN: an encoder and a decoder for each domain (Anoosheh et al. 2017, arXiv:1712.06909).

What one domain's encoder makes of an image, any domain's decoder makes an image of. At each step two domains play
CycleGAN's game, both ways, and only their networks move; so n domains need n encoders, decoders and discriminators
where CycleGAN would need n (n - 1) generators, and trainings grow as n does.

From the paper: CycleGAN's networks, cut in the middle; its least-squares game, its cycle weight of 10 and its settings;
100 n passes over a domain for n domains, which is 100 passes over all images. From the authors' code: what
`combogan_networks.py` says, and pools of 50 translations a domain. Departures:

- Each pair of domains comes once, in an order drawn anew, before any comes again; in the paper two are drawn at each
  step. All processes take the same pair, which follows from the step.
- The discriminator is CycleGAN's, as in the text; that of the code also judges brightness and a blurred image.
- The code's smooth L1 in the cycle loss is the text's L1, and its losses that the text does not have are not here; of
  them `identity` is, off as in the code, at full size.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from gantk import (
    Batch,
    Batches,
    Build,
    Category,
    Critic,
    Defaults,
    Discriminator,
    DiscriminatorSpec,
    GeneratorSpec,
    Graph,
    Network,
    Player,
    Recipe,
    Settings,
    Step,
    Unsupported,
    UsageError,
    hookimpl,
    initialize_normal,
    named,
    one_domain,
)
from gantk_plugins.translation.combogan_networks import Chosen, generator_network
from gantk_plugins.translation.cyclegan import ImagePool


class ComboGAN(Recipe):
    """Translates between any number of domains, of images that are not paired, with networks for each of them.

    Args:
        cycle: weight of the cycle consistency loss, the paper's lambda.
        identity: weight of the loss by which a domain's networks give its own images back, as a share of `cycle`.
        pool: translations that each discriminator's pool holds; 0: the newest are shown.
    """

    kind = "domains"
    defaults = Defaults(
        generator="combogan",
        discriminator="patchgan",
        loss="lsgan",
        normalization={"generator": "instance", "discriminator": "instance"},
    )
    settings = Settings(
        optimizer="adam",
        learning_rate=2e-4,
        betas=(0.5, 0.999),
        batch_size=1,
        epochs=100,
        schedule="linear",
        decay_from=0.5,
        jitter=286 / 256,
        flip=True,
    )

    def __init__(self, build: Build, *, cycle: float = 10.0, identity: float = 0.0, pool: int = 50) -> None:
        super().__init__()
        names, channels, size = build.data.domains, build.data.channels["image"], build.data.size
        if len(names) < 2 or pool < 0:
            raise UsageError(f"combogan needs two domains at least and pool >= 0, not {len(names)} and {pool}")
        self.cycle, self.identity, self.pool = cycle, identity * cycle, pool
        self.names = names
        self.pairs = list(combinations(range(len(names)), 2))
        self.game = build.loss()
        encoders, decoders, discriminators = [], [], []
        for _ in names:
            whole = initialize_normal(
                build.generator(GeneratorSpec(inputs=channels, outputs=channels, size=size)).module
            )
            encoder, decoder = getattr(whole, "encoder", None), getattr(whole, "decoder", None)
            if not (isinstance(encoder, nn.Module) and isinstance(decoder, nn.Module)):
                raise Unsupported("combogan needs a generator with an encoder and a decoder, such as its own")
            encoders.append(build.network(encoder, "encoder"))
            decoders.append(build.network(decoder, "decoder"))
            discriminators.append(
                initialize_normal(build.discriminator(DiscriminatorSpec(channels=channels, size=size)))
            )
        self.encoders, self.decoders = nn.ModuleList(encoders), nn.ModuleList(decoders)
        self.discriminators = nn.ModuleList(discriminators)
        self.geometry = {name: getattr(whole, name) for name in ("multiple", "minimum", "halo") if hasattr(whole, name)}

    def prepare(self, batches: Batches) -> None:
        """Make the image pools, whose shape is the data's."""
        image = next(batches)["image"]
        self.pools = nn.ModuleList(ImagePool(self.pool, image) for _ in self.names)

    def players(self) -> dict[str, Player]:
        """Return all encoders and decoders, and all discriminators; those of no pair at a step rest."""
        return {
            "generator": Player(*self.encoders, *self.decoders),
            "discriminator": Player(*self.discriminators, critic=True),
        }

    def pair(self, number: int) -> tuple[int, int]:
        """Return the two domains of a step, counted from 0."""
        passes, place = divmod(number, len(self.pairs))
        order = torch.randperm(len(self.pairs), generator=torch.Generator().manual_seed(passes))
        return self.pairs[int(order[place])]

    def step(self, batches: Batches) -> Step:
        """Move the networks of two domains: encoders and decoders by CycleGAN's objective, then discriminators."""
        first, second = self.pair(self.context.round)
        a, b = (next(batches.of(one_domain(number)))["image"] for number in (first, second))
        critic_a, critic_b = self.critic(first), self.critic(second)
        due = self.due("generator")

        with torch.set_grad_enabled(due):
            code_a, code_b = self.encoders[first](a), self.encoders[second](b)
            fake_b, fake_a = self.decoders[second](code_a), self.decoders[first](code_b)
        if due:
            back_a, back_b = self.translated(fake_b, second, first), self.translated(fake_a, first, second)
            losses = {
                "game_a": self.game.fool(critic_a, fake_a, a),
                "game_b": self.game.fool(critic_b, fake_b, b),
                "cycle_a": self.cycle * l1_loss(back_a, a),
                "cycle_b": self.cycle * l1_loss(back_b, b),
            }
            if self.identity:
                losses["identity_a"] = self.identity * l1_loss(self.decoders[first](code_a), a)
                losses["identity_b"] = self.identity * l1_loss(self.decoders[second](code_b), b)
            yield "generator", losses

        # Halved, as CycleGAN's.
        yield (
            "discriminator",
            {
                **named(self.game.judge(critic_a, a, self.pools[first](fake_a)), "a", weight=0.5),
                **named(self.game.judge(critic_b, b, self.pools[second](fake_b)), "b", weight=0.5),
            },
        )

    def critic(self, number: int) -> Critic:
        """Return the critic of a domain."""
        discriminator = self.discriminators[number]
        assert isinstance(discriminator, Discriminator)
        return discriminator.given()

    def translated(self, image: Tensor, source: int, target: int) -> Tensor:
        """Return images (N, C, H, W) of one domain as images of another."""
        made: Tensor = self.decoders[target](self.encoders[source](image))
        return made

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return images, and what becomes of them in each domain."""
        image, source, translator = batch["image"], batch["domain"], self.translator()
        made = {name: translator(image, source, torch.full_like(source, n)) for n, name in enumerate(self.names)}
        return {"input": image, **made}

    def translator(self) -> Network:
        """Return the networks of all domains as one, which takes images, their domains and those that they become."""
        return Network(Chosen(list(self.encoders), list(self.decoders), **self.geometry), "generator")

    def graphs(self) -> dict[str, Graph]:
        """Return what translates from a domain that is said into another."""
        source, domain = (Category(name=name, count=len(self.names), names=self.names) for name in ("source", "domain"))
        return {"translate": Graph(network=self.translator(), inputs=("image", source, domain), outputs=("image",))}


@hookimpl
def recipe() -> type[Recipe]:
    """Return ComboGAN's training algorithm."""
    return ComboGAN


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds a domain's encoder and decoder."""
    return generator_network
