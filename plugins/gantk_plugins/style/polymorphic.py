"""Polymorphic-GAN: aligned images of several domains (Kim et al. 2022, arXiv:2206.02903).

One generator of styles makes maps that all domains share. A morph network looks at them and says for each domain where
every place has to be taken from; the maps are warped so, and become an image by layers of the domain's own. Each domain
has a discriminator of its own. What is made of one latent vector is then the same thing in all domains, in another
shape and in other colours, though no pairs are known.

    gantk train --plugin polymorphic                              flat, line and 3D emoji
    gantk train --plugin polymorphic --data faces/ --data cats/ --data paintings/
    gantk generate runs/.../generator.onnx -n 8 --traverse domain -o aligned.png
    gantk invert runs/... flat.png --label flat -o found.npz      the latent of an image of one domain, ...
    gantk generate runs/.../styles.onnx --latent found.npz --label 3d -o 3d.png         ... as one of another

Its authors begin with a generator that was trained on a parent domain. Here the parent is the first domain, on which
the shared part is trained alone first; its maps are those that are never warped.

Its code is not public. What the paper's text leaves open is our choice, and so are these:

- The morph network reads each map by a convolution of one pixel, brings all to one size, and has two further layers
  that domains share and one of each domain's own. That begins at zero, so that nothing is warped at first. Places move
  by at most a sixth of the image's height and width.
- The game, its penalties and all constants are StyleGAN2's (arXiv:1912.04958), R1 once for each domain; path lengths
  are those of the parent's images. The generator's loss is the mean over domains, which are drawn alike often.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from gantk import (
    Batch,
    Batches,
    Build,
    Category,
    Defaults,
    Discriminator,
    DiscriminatorSpec,
    Latent,
    Network,
    Player,
    Recipe,
    Settings,
    Stage,
    Step,
    UsageError,
    hookimpl,
    named,
    one_domain,
)
from gantk_plugins.style.lazy import BETA, LazyStyled
from gantk_plugins.style.polymorphic_networks import InDomain, Polymorphic
from gantk_plugins.style.styled import AVERAGE
from gantk_plugins.style.stylegan2_networks import Maps

PARENT, SHOWN = "parent", 16
"""The stage of the parent domain, and the samples of a preview."""


class PolymorphicGAN(LazyStyled):
    """Makes aligned images of all domains from noise, through styles that they share.

    Args:
        latent: length of the latent vector.
        units: length of a style, and width of the mapping network.
        depth: layers of the mapping network.
        base: channels of the generator's maps times their height, as far as they are at most `most`.
        most: channels of its maps at most.
        width: channels of the morph network's maps.
        parent: share of the run in which the first domain is trained alone; 0: none.
        mixing: share of the batches in which two styles are mixed.
        gamma: weight of R1; unsaid: 10 at 1024 pixels, and as many times less as there are fewer pixels.
        gamma_every: steps from one R1 move to the next, at which it counts so many times.
        path: weight of the path length penalty; 0: none.
        path_every: steps from one of its moves to the next, at which it counts so many times.
    """

    kind = "domains"
    defaults = Defaults(discriminator="stylegan2", loss="non-saturating", normalization={"discriminator": "none"})
    # Size, batch and length are our choice.
    settings = Settings(
        optimizer="adam",
        learning_rate=2e-3,
        betas=(0.0, BETA),
        batch_size=16,
        size=256,
        steps=400_000,
        flip=True,
        precision="fp32",
        ema={"mapping": AVERAGE, "synthesis": AVERAGE},
    )

    def __init__(
        self,
        build: Build,
        *,
        latent: int = 512,
        units: int = 512,
        depth: int = 8,
        base: int = 32_768,
        most: int = 512,
        width: int = 64,
        parent: float = 0.4,
        mixing: float = 0.9,
        gamma: float | None = None,
        gamma_every: int = 16,
        path: float = 2.0,
        path_every: int = 4,
    ) -> None:
        names = build.data.domains
        if len(names) < 2 or width < 1 or not 0 <= parent < 1:
            raise UsageError(
                "polymorphic needs two domains at least, such as two folders, width >= 1 and parent in [0, 1), not "
                f"{len(names)} domains, width={width} and parent={parent}"
            )
        super().__init__(
            build,
            "polymorphic",
            latent=latent,
            units=units,
            depth=depth,
            mixing=mixing,
            gamma=gamma,
            gamma_every=gamma_every,
            path=path,
            path_every=path_every,
        )
        channels, size = build.data.channels["image"], build.data.square
        self.alone = parent
        self.domain = Category(name="domain", count=len(names), names=names)
        self.further = (self.domain,)
        made = Polymorphic(Maps(size, units, base, most), channels, size, units, len(names), width)
        self.synthesis = build.network(made, "synthesis")
        self.discriminators = nn.ModuleList(
            build.discriminator(DiscriminatorSpec(channels=channels, size=size)) for _ in names
        )

    @property
    def layers(self) -> int:
        """How many styles there are."""
        return cast(Polymorphic, self.synthesis.module).maps.layers

    @property
    def noise(self) -> Latent:
        """All layers' noise, one after another."""
        return Latent(name="noise", shape=(cast(Polymorphic, self.synthesis.module).maps.noise,))

    def stages(self) -> list[Stage]:
        """Return the stage of the parent domain, where there is one, and that of all domains."""
        alone = [Stage(name=PARENT, share=self.alone)] if self.alone else []
        return [*alone, Stage(name="domains", share=1 - self.alone)]

    @property
    def alone_now(self) -> bool:
        """Whether the parent domain is trained alone in the present stage."""
        return self.stage.name == PARENT

    @property
    def critics(self) -> list[Discriminator]:
        """The discriminators of the domains that are trained."""
        found = cast(list[Discriminator], list(self.discriminators))
        return found[:1] if self.alone_now else found

    def players(self) -> dict[str, Player]:
        """Return the generator's networks and the domains' discriminators, as far as they are trained."""
        made = cast(Polymorphic, self.synthesis.module)
        parent = (made.maps, made.images[0])
        return self.rated((self.mapping, *(parent if self.alone_now else (made,))), self.critics)

    def step(self, batches: Batches) -> Step:
        """Move the generator in all domains, then their discriminators; penalties at times."""
        reals = [next(batches.of(one_domain(number)))["image"] for number in range(len(self.critics))]
        count, device, alone = len(reals[0]), reals[0].device, self.alone_now
        domains = list(zip(self.domain.names, [each.given() for each in self.critics], reals, strict=False))

        if self.due("generator"):
            styles = self.styles(count, device)
            kept = self.average.clone()
            self.follow(kept, (yield self.mean_of(styles)))
            made = self.synthesis(styles, self.noise.drawn(count, device), alone).unbind(1)
            yield (
                "generator",
                {
                    f"game_{name}": self.game.fool(critic, fake, real) / len(domains)
                    for (name, critic, real), fake in zip(domains, made, strict=True)
                },
            )
            yield from self.path_move(count, device)

        with torch.no_grad():
            made = self.synthesis(self.styles(count, device), self.noise.drawn(count, device), alone).unbind(1)
        losses: dict[str, Tensor] = {}
        for (name, critic, real), fake in zip(domains, made, strict=True):
            losses |= named(self.game.judge(critic, real, fake), name)
        yield "discriminator", losses

        if self.slopes_now:
            yield "discriminator", {f"r1_{name}": self.slope(critic, real) for name, critic, real in domains}

    def shown(self, styles: Tensor, noise: Tensor) -> Tensor:
        """Return images of styles in the parent domain."""
        images: Tensor = self.synthesis.eager(styles, noise, True)
        return images[:, 0]

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return images of fixed noise, `gantk generate`'s first, in each domain that is trained, and real ones."""
        real = batch["image"]
        latent, noise = (port.fixed(SHOWN).to(real.device) for port in (self.latent, self.noise))
        psi, sampler = torch.ones(SHOWN, device=real.device), self.sampler("generator")
        domains = torch.arange(len(self.critics), device=real.device)
        made = {
            name: sampler(latent, noise, psi, number.expand(SHOWN))
            for name, number in zip(self.domain.names, domains, strict=False)
        }
        return {**made, "real": real}

    def sampling(self, name: str, module: nn.Module) -> Network:
        """Return what samples in a domain that is said."""
        return super().sampling(name, InDomain(module))


@hookimpl
def recipe() -> type[Recipe]:
    """Return Polymorphic-GAN's training algorithm."""
    return PolymorphicGAN
