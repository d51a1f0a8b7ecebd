"""CUT's contrast of places against closed forms."""

from math import exp, log

import pytest
import torch

from gantk_plugins.translation.cut import patch_nce


def test_the_contrast_of_places_that_are_all_alike_is_a_guess():
    alike = torch.ones(2, 256, 16)
    assert patch_nce(alike, alike, 0.07).item() == pytest.approx(log(256))


def test_the_contrast_of_queries_orthogonal_to_every_key_is_a_guess():
    axes = torch.eye(10)
    assert patch_nce(axes[None, :5], axes[None, 5:], 0.07).item() == pytest.approx(log(5))


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_the_contrast_of_orthogonal_places_that_match(temperature):
    axes = torch.eye(8, dtype=torch.float64)[None]
    expected = log(1 + 7 * exp(-1 / temperature))
    assert patch_nce(3 * axes, 0.1 * axes, temperature).item() == pytest.approx(expected, rel=1e-9)


def test_negatives_are_other_places_of_the_same_image():
    queries, keys = torch.randn(2, 3, 6, 4, dtype=torch.float64)
    of_each = []
    for query_rows, key_rows in zip(queries, keys, strict=True):
        for place, query in enumerate(query_rows):
            cosines = torch.cosine_similarity(query[None], key_rows) / 0.07
            of_each.append(cosines.exp().sum().log() - cosines[place])
    torch.testing.assert_close(patch_nce(queries, keys, 0.07), torch.stack(of_each).mean())


def test_the_contrast_has_its_gradient():
    queries = torch.randn(1, 4, 3, dtype=torch.float64, requires_grad=True)
    keys = torch.randn(1, 4, 3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda q: patch_nce(q, keys, 0.5), (queries,))
