"""CariGeoGAN: the geometry of caricatures, by the landmarks of faces (Cao et al. 2018, arXiv:1811.00222, section 3).

Two generators play against two critics by least squares, on landmarks as principal components; a way there and back
must return, and a caricature must differ from the mean caricature as the photograph does from the mean photograph. A
small network learns to find landmarks, as components, in photographs.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, l1_loss, mse_loss

from gantk import Batch, Batches, Build, Graph, Kind, Network, Player, Recipe, Step, UsageError, initialize_he, named
from gantk.sizes import sides_of
from gantk_plugins.networks.warp import warped
from gantk_plugins.translation.carigan_networks import (
    STRENGTH,
    Dense,
    Exaggeration,
    Finder,
    Space,
    principal_components,
)

LANDMARKED = Kind(
    "landmarked",
    {"a": "images", "a_points": "numbers", "b": "images", "b_points": "numbers"},
    translates=True,
    whole=True,
    cure="name a folder of photographs and one of caricatures with landmarks beside them, --data landmarks:FOLDER, or "
    "drawn faces, --data faces",
)

_READ = 200
"""Batches of which principal components are taken."""


def characteristic(given: Tensor, made: Tensor, mean_given: Tensor, mean_made: Tensor) -> Tensor:
    """Return E[1 - cos(given - its mean, made - its mean)] of vectors (N, D): 0 in the same direction, 2 opposite."""
    return (1 - cosine_similarity(given - mean_given, made - mean_made, dim=1)).mean()


class Geometry(Recipe):
    """Learns to exaggerate the shapes of faces.

    Args:
        landmarks: points of a face.
        components: principal components in which faces are compared.
        units: units of each dense layer of generators and critics.
        filters: channels of the first layer of the network that finds landmarks.
        cycle: weight of the way there and back.
        characteristic: weight of the characteristic loss.
    """

    mean_a: Tensor
    mean_b: Tensor

    kind = LANDMARKED

    def __init__(
        self,
        build: Build,
        *,
        landmarks: int,
        components: int,
        units: int,
        filters: int,
        cycle: float,
        characteristic: float,
    ) -> None:
        super().__init__()
        if landmarks < 3 or not 1 <= components <= 2 * landmarks or units < 1 or filters < 1:
            raise UsageError(
                "carigan needs landmarks >= 3, from 1 to twice as many components, and units and filters >= 1, not "
                f"landmarks={landmarks}, components={components}, units={units}, filters={filters}"
            )
        self.landmarks, self.cycle, self.characteristic = landmarks, cycle, characteristic
        self.size = build.data.size
        self.space = Space(landmarks, components)
        self.register_buffer("mean_a", torch.zeros(components))
        self.register_buffer("mean_b", torch.zeros(components))
        self.game = build.loss()
        self.a_to_b, self.b_to_a = (
            build.network(initialize_he(Dense(components, components, units)), "generator") for _ in range(2)
        )
        self.critic_a, self.critic_b = (
            build.network(initialize_he(Dense(components, 1, units)), "discriminator") for _ in range(2)
        )
        self.finder = build.network(
            initialize_he(Finder(build.data.channels["a"], sides_of(self.size), components, filters)), "finder"
        )

    def prepare(self, batches: Batches) -> None:
        """Take the principal components of all landmarks, and the mean of each side's."""
        first = next(batches)
        if "a_points" not in first:
            return
        read = [first, *(next(batches) for _ in range(_READ))]
        a, b = (torch.cat([self._checked(batch[key]) for batch in read]) for key in ("a_points", "b_points"))
        mean, basis = principal_components(torch.cat([a, b]), len(self.mean_a))
        self.space.mean.copy_(mean)
        self.space.basis[: len(basis)].copy_(basis)
        self.space.spread.fill_(1)
        self.space.spread.copy_(self.space.components(a)[:, 0].std())
        for own, rows in ((self.mean_a, a), (self.mean_b, b)):
            own.copy_(self.space.components(rows).mean(0))

    def _checked(self, points: Tensor) -> Tensor:
        if points.shape[1] != self.landmarks:
            raise UsageError(
                f"faces of the data have {points.shape[1]} landmarks, not {self.landmarks}: say "
                f"-s landmarks={points.shape[1]}"
            )
        return points.flatten(1)

    def players(self) -> dict[str, Player]:
        """Return both generators, both critics, and what finds landmarks."""
        return {
            "generators": Player(self.a_to_b, self.b_to_a),
            "critics": Player(self.critic_a, self.critic_b, critic=True),
            "finder": Player(self.finder),
        }

    def step(self, batches: Batches) -> Step:
        """Move the critics, then the generators by the whole objective, then what finds landmarks."""
        yield from self.moves(next(batches))

    def moves(self, batch: Batch) -> Step:
        """Yield the losses of a batch, in the order of the moves."""
        a, b = self.space.components(batch["a_points"]), self.space.components(batch["b_points"])
        critic_a, critic_b = self.critic_a.given(), self.critic_b.given()

        with torch.set_grad_enabled(self.due("generators")):
            made_b, made_a = self.a_to_b(a), self.b_to_a(b)
        yield (
            "critics",
            named(self.game.judge(critic_b, b, made_b), "b") | named(self.game.judge(critic_a, a, made_a), "a"),
        )

        if self.due("generators"):
            yield (
                "generators",
                {
                    "game_b": self.game.fool(critic_b, made_b, b),
                    "game_a": self.game.fool(critic_a, made_a, a),
                    "cycle_a": self.cycle * l1_loss(self.b_to_a(made_b), a),
                    "cycle_b": self.cycle * l1_loss(self.a_to_b(made_a), b),
                    "characteristic_b": self.characteristic * characteristic(a, made_b, self.mean_a, self.mean_b),
                    "characteristic_a": self.characteristic * characteristic(b, made_a, self.mean_b, self.mean_a),
                },
            )
        self.note(exaggeration=((made_b.detach() - self.mean_b).norm(dim=1) / (a - self.mean_a).norm(dim=1)).mean())
        yield "finder", {"components": mse_loss(self.finder(batch["a"]), a)}

    @torch.no_grad()
    def warped_back(self, batch: Batch) -> Tensor:
        """Return caricatures warped to photographs' shapes, the intermediate domain (section 4)."""
        wanted = self.space.points(self.b_to_a(self.space.components(batch["b_points"])))
        return warped(batch["b"], batch["b_points"], wanted)

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return photographs, exaggerated by their own landmarks, by those found, twice as far, and caricatures."""
        image, once = batch["a"], torch.ones(len(batch["a"]), device=batch["a"].device)
        found = self.exaggeration()
        own = self.space.components(batch["a_points"])
        known = warped(image, batch["a_points"], self.space.points(self.a_to_b(own)))
        return {
            "photograph": image,
            "exaggerated": known,
            "landmarks found": found(image, once),
            "twice as far": found(image, 2 * once),
            "other caricatures": batch["b"],
        }

    def exaggeration(self) -> Exaggeration:
        """Return what warps a photograph."""
        return Exaggeration(self.finder.module, self.a_to_b.module, self.space)

    def graphs(self) -> dict[str, Graph]:
        """Return what exaggerates a face, of images of the size that is trained on."""
        network = Network(self.exaggeration(), "exaggerate")
        return {"exaggerate": Graph(network=network, inputs=("a", STRENGTH), outputs=("a",), size=self.size)}
