"""How steep a critic is."""

import torch
from torch import Tensor

from gantk.parts.networks import Critic


def score_gradients(critic: Critic, points: tuple[Tensor, ...]) -> Tensor:
    """Return the gradient of each sample's score by its point (N, D), flat, over all the tensors that make it.

    The points take gradients. Of a critic that gives a map of scores, or several, the mean is meant, which a game
    averages too. What is returned can be differentiated again. Where samples are scored in packs, a pack is the point:
    (N / pack, pack * D).
    """
    samples = len(points[0]) // critic.pack
    scores = critic.eager(*points)
    maps = [scores] if isinstance(scores, Tensor) else scores
    value = torch.stack([scores.reshape(samples, -1).mean(1) for scores in maps]).mean(0)
    # Samples do not meet in the critic, so the gradient of the sum holds each sample's own gradient.
    gradients = torch.autograd.grad(value.sum(), points, create_graph=True)
    return torch.cat([gradient.reshape(samples, -1) for gradient in gradients], 1)
