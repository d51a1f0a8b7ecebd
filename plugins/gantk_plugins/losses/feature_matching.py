"""Feature matching by a discriminator's inner activations (Wang et al. 2018, arXiv:1711.11585); no plugin by itself.

Equation 4 adds up the layers. As in the authors' code, the number of layers does not matter: the sum is brought to that
of the four inner layers of the paper's discriminator, and it is a mean over the sizes at which images are scored.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import l1_loss

from gantk import AdversarialLoss, Critic

LAYERS = 4


def feature_matching(made: list[Tensor], real: list[Tensor]) -> Tensor:
    """Return how far the activations of images that were made are from those of the real ones, which are detached.

    Each layer counts by its mean absolute difference, and all of them together as four layers.
    """
    return LAYERS * torch.stack([l1_loss(one, other.detach()) for one, other in zip(made, real, strict=True)]).mean()


def fooled(game: AdversarialLoss, critic: Critic, made: Tensor, real: Tensor, weight: float) -> dict[str, Tensor]:
    """Return a generator's losses: the game's and, where it has a weight, feature matching, of the same passes."""
    if not weight:
        return {"game": game.fool(critic, made, real)}
    scores, features = critic.both(made)
    with torch.no_grad():
        real_scores, wanted = critic.both(real)
    return {
        "game": game.fool(critic, made, real, scores=(scores, real_scores)),
        "features": weight * feature_matching(features, wanted),
    }
