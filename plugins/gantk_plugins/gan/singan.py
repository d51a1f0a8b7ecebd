"""SinGAN: a generative model of a single picture (Shaham et al. 2019, arXiv:1905.01164).

A picture is learned at several scales, the coarsest first. Each has a generator, which adds details to what comes
from below (equations 1 to 3), and a critic, which scores patches of 11 x 11 pixels; a stage of the training trains one
scale, and what was learned before rests. One noise, the anchor z*, stands for the picture itself: from it the
generators must give the picture (equations 4 to 6).

    gantk train --plugin singan --data picture.png
    gantk generate runs/.../generator.onnx -n 16 -o samples/

`--size` is the picture's longer side; the shorter one follows. What the paper makes of a trained model:

- random samples: the graph `generator`. `--scalar keep=1` leaves the coarsest scale as the picture has it, and so its
  layout (figure 8); of another height and width: `gantk export RUN --graph generator --size 64x192`;
- an animation: `gantk generate generator.onnx --walk 1 --scalar keep=1 --scalar strength=0.5 -o walk.gif` goes from one
  noise to another; the paper's walk is a random one about the anchor;
- paint to image, editing, harmonization: the graph `inject`, `gantk translate inject.onnx painted.png -o out.png
  --scalar scale=2`; only what was changed should be pasted into the picture then, as the paper does with a mask;
- super-resolution: the graph `enlarge`, of a run with the paper's `-s reconstruction=100 -s factor=0.794`.

What leaves the paper and the authors' code: the code draws the anchor anew at each step of the coarsest scale, and
takes the last; here it is drawn once, as the text has it. In the three moves of the generator the code takes the fake
of the last move of the critic; here the generator makes it anew, of the same noise. Scales are made by torch's
antialiased bicubic kernel of unrounded values, and their sides are rounded to the nearest pixel, where the code rounds
up. `inject` adds no noise, and `enlarge` grows by equal factors that give a whole number. The paper trains a scale for
2,000 steps; 22,000 are those of a square picture of its largest size, and every run's scales have as many each, so a
picture of other proportions wants `--steps` of 2,000 times its scales, which `--dry-run` lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from gantk import (
    AdversarialLoss,
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
    Points,
    Recipe,
    Settings,
    Stage,
    Step,
    Stepwise,
    UsageError,
    hookimpl,
    initialize_normal,
)
from gantk.sizes import sides_of
from gantk_plugins.gan.singan_networks import (
    PATCH,
    PatchCritic,
    ScaleGenerator,
    Scales,
    enlarged,
    graphs_of,
    pyramid,
    reduced,
    widths,
)
from gantk_plugins.losses.wasserstein import Wasserstein, points_between

SAMPLES = 8
"""Images that a preview shows."""


class PatchGradientPenalty(Wasserstein):
    """The Wasserstein game of WGAN-GP, whose penalty reads the slope at every pixel (the authors' code).

    Args:
        weight: factor of the penalty.
    """

    per_sample = "its gradient penalty holds the critic's slope to one at each sample by itself"

    def __init__(self, *, weight: float = 0.1) -> None:
        super().__init__()
        self.weight = weight

    def penalty(self, critic: Critic, real: Points, fake: Points) -> Losses:
        """Return weight * E[(|gradient of the summed scores by a pixel's channels| - 1)^2], between real and fake."""
        (points,) = points_between(real, fake)
        scores = critic.eager(points)
        total = scores.sum() if isinstance(scores, Tensor) else torch.stack([each.sum() for each in scores]).sum()
        (gradient,) = torch.autograd.grad(total, points, create_graph=True)
        slopes: Tensor = torch.linalg.vector_norm(gradient, dim=1)
        return {"gradient_penalty": self.weight * (slopes - 1).square().mean()}


class SinGAN(Recipe):
    """Makes new pictures of one picture.

    Args:
        least: pixels of the shorter side of the coarsest scale.
        factor: about how much smaller a scale is than the next; it is changed a little, so that the scales end at
            `least`.
        filters: channels of the layers of the first four scales; they double at every fourth, up to four times as many.
        moves: how often the critic moves in a step, and then the generator.
        reconstruction: weight of the squared error of the picture that the anchor gives, the paper's alpha.
        noise: what the noise of a scale is multiplied by, as a part of the root mean square error of what comes from
            below.
        coarser: how many times as many steps a scale has as the next finer one.
        rate_falls: fraction of a scale's steps after which the learning rate is a tenth.
    """

    anchor: Tensor
    amplitudes: Tensor

    kind = "picture"
    defaults = Defaults(loss="singan")
    settings = Settings(
        optimizer="adam",
        learning_rate=5e-4,
        betas=(0.5, 0.999),
        batch_size=1,
        size=250,
        steps=22_000,
        precision="fp32",
    )

    def __init__(
        self,
        build: Build,
        *,
        least: int = 25,
        factor: float = 0.75,
        filters: int = 32,
        moves: int = 3,
        reconstruction: float = 10.0,
        noise: float = 0.1,
        coarser: float = 1.0,
        rate_falls: float = 0.8,
    ) -> None:
        super().__init__()
        if not 0 < factor < 1 or filters < 1 or moves < 1 or coarser <= 0 or not 0 < rate_falls <= 1:
            raise UsageError(
                "singan needs a factor between 0 and 1, filters and moves >= 1, coarser above 0 and rate_falls above 0 "
                f"up to 1, not factor={factor}, filters={filters}, moves={moves}, coarser={coarser}, "
                f"rate_falls={rate_falls}"
            )
        channels = build.data.channels["image"]
        self.sides = pyramid(sides_of(build.data.size), least, factor)
        if min(self.sides[0]) < PATCH:
            raise UsageError(
                f"singan scores patches of {PATCH} x {PATCH} pixels, and its smallest picture would have "
                f"{self.sides[0]}: say -s least={PATCH} or more, and a picture and --size that have them"
            )
        self.factor = min(self.sides[0]) / min(self.sides[-1])
        self.moves, self.reconstruction, self.noise = moves, reconstruction, noise
        self.coarser, self.rate_falls = coarser, rate_falls
        self.widths = widths(filters, len(self.sides))
        self.latents = tuple(
            Latent(name=f"noise{number}", shape=(channels if number else 1, *sides))
            for number, sides in enumerate(self.sides)
        )
        self.game = build.loss()
        self.generators = nn.ModuleList(
            initialize_normal(build.network(ScaleGenerator(channels, width), "generator")) for width in self.widths
        )
        self.critics = nn.ModuleList(
            initialize_normal(build.network(PatchCritic(channels, width), "discriminator")) for width in self.widths
        )
        for number, sides in enumerate(self.sides):
            self.register_buffer(f"picture{number}", torch.zeros(1, channels, *sides))
        self.register_buffer("anchor", torch.randn(1, 1, *self.sides[0]))
        self.register_buffer("amplitudes", torch.ones(len(self.sides)))

    def prepare(self, batches: Batches) -> None:
        """Take the picture, and make it smaller for each scale."""
        picture = next(batches)["image"][:1]
        for number, sides in enumerate(self.sides):
            self.picture(number).copy_(reduced(picture, sides))

    def critic(self, number: int) -> Network:
        """Return the critic of a scale."""
        return cast(Network, self.critics[number])

    def picture(self, number: int) -> Tensor:
        """Return the picture at a scale, (1, C, H, W)."""
        return self.get_buffer(f"picture{number}")

    def stages(self) -> list[Stage]:
        """Return a stage a scale, the coarsest first."""
        whole, last = max(self.sides[-1]), len(self.sides) - 1
        return [
            Stage(name=f"scale {number}", scale=max(sides) / whole, share=self.coarser ** (last - number))
            for number, sides in enumerate(self.sides)
        ]

    def players(self) -> dict[str, Player]:
        """Return the critic and the generator of the present scale, whose rate falls towards the end of it."""
        number, total = self.stage.number, self.progress.total
        begin = self.progress.step - self.stage.step
        rate = Stepwise(factor=0.1, points=(min((begin + self.rate_falls * self.stage.total) / total, 1.0),))
        critic, generator = self.critics[number], self.generators[number]
        return {
            "critic": Player(critic, scale={critic: rate}),
            "generator": Player(generator, scale={generator: rate}),
        }

    def step(self, batches: Batches) -> Step:
        """Move the critic of the present scale three times by WGAN-GP's loss, then its generator by equation 4."""
        number, count = self.stage.number, len(next(batches)["image"])
        generator, critic = self.generators[number], self.critic(number).given()
        real = self.picture(number)
        anchor, from_anchor = self.anchored(number)
        # Read by the sampler too, so it is written where no graph reads it.
        self.amplitudes[number] = self.amplitude(number, from_anchor)
        amplitude = self.amplitudes[number].clone()

        for _ in range(self.moves):
            below = self.below(number, count)
            noise = amplitude * self.latents[number].drawn(count, real.device).expand(-1, real.shape[1], -1, -1)
            with torch.no_grad():
                fake = generator(noise, below)
            yield "critic", self.game.judge(critic, real.expand(count, -1, -1, -1), fake)

        for _ in range(self.moves):
            fake = generator(noise, below)
            again = generator(amplitude * anchor, from_anchor)
            yield (
                "generator",
                {
                    "game": self.game.fool(critic, fake, real),
                    "reconstruction": self.reconstruction * mse_loss(again, real),
                },
            )

    def begin(self) -> None:
        """Give a scale the weights of the one below, where it is as wide (appendix)."""
        number = self.stage.number
        if number and self.widths[number] == self.widths[number - 1]:
            for networks in (self.generators, self.critics):
                networks[number].load_state_dict(networks[number - 1].state_dict())

    @torch.no_grad()
    def below(self, number: int, count: int) -> Tensor:
        """Return what a random sample of the scales below gives a scale, (N, C, H, W); nothing to the coarsest."""
        if not number:
            return torch.zeros_like(self.picture(0)).expand(count, -1, -1, -1)
        drawn = [latent.drawn(count, self.anchor.device) for latent in self.latents[:number]]
        return enlarged(self.made(drawn, keep=0.0), self.sides[number])

    @torch.no_grad()
    def anchored(self, number: int) -> tuple[Tensor, Tensor]:
        """Return the noise of a scale that stands for the picture, and what comes from below of it (equation 6)."""
        real = self.picture(number)
        if not number:
            return self.anchor.expand_as(real), torch.zeros_like(real)
        return torch.zeros_like(real), enlarged(self.restored(number - 1), self.sides[number])

    def restored(self, number: int) -> Tensor:
        """Return the picture at a scale as the generators give it of the anchor."""
        nothing = [torch.zeros(1, *latent.lengths, device=self.anchor.device) for latent in self.latents[: number + 1]]
        return self.made(nothing, keep=float(len(nothing)))

    def amplitude(self, number: int, from_anchor: Tensor) -> Tensor:
        """Return what a scale's noise is multiplied by: what is missing in what comes from below (section 2.2)."""
        if not number:
            return torch.ones_like(self.amplitudes[0])
        return self.noise * mse_loss(from_anchor, self.picture(number)).sqrt()

    def made(self, drawn: list[Tensor], keep: float) -> Tensor:
        """Return what the first scales make of their noise, of which `keep` have the picture's own."""
        count, device = len(drawn[0]), self.anchor.device
        scales = self.scales(list(self.generators[: len(drawn)]))
        made: Tensor = scales(torch.full((count,), keep, device=device), torch.ones(count, device=device), *drawn)
        return made

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return the picture, what the anchor gives, samples, and samples that keep the coarsest scale."""
        number, device = self.stage.number, self.anchor.device
        drawn = [latent.fixed(SAMPLES).to(device) for latent in self.latents[: number + 1]]
        columns = {"picture": self.picture(number), "restored": self.restored(number)}
        columns["samples"] = self.made(drawn, keep=0.0)
        return columns | ({"samples, keep=1": self.made(drawn, keep=1.0)} if number else {})

    def graphs(self) -> dict[str, Graph]:
        """Return what makes samples and, of several scales, what takes an image in, and what enlarges one."""
        trained = self.stage.number + 1
        modules = [cast(Network, generator).module for generator in self.generators[:trained]]
        return graphs_of(self.scales(modules), self.latents[:trained], self.factor)

    def scales(self, generators: Sequence[nn.Module]) -> Scales:
        """Return what generators make of noise, the first of them at the coarsest scale."""
        sides = self.sides[: len(generators)]
        return Scales(generators, sides, self.picture(0).shape[1], self.anchor, self.amplitudes)


@hookimpl
def recipe() -> type[Recipe]:
    """Return SinGAN's training algorithm."""
    return SinGAN


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return the Wasserstein game whose penalty reads every pixel."""
    return PatchGradientPenalty
