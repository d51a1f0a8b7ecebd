"""Relations between objects that are looked for in images."""

import pytest
import torch

from gantk import UsageError
from gantk_datasets.emoji_scenes import emoji_scenes
from gantk_plugins.metrics.scene_relations import SceneRelations, holds, kept, place


@pytest.fixture(scope="module")
def scenes():
    data = emoji_scenes("flat", scenes=200)
    columns = data.split("scenes", True, 64).columns
    images = torch.stack([torch.from_numpy(columns["image"][row].copy()) for row in range(12)])
    pictures = {name: torch.from_numpy(picture.copy()) for name, picture in data.objects.items()}
    shown = {name: picture.permute(2, 0, 1) / 127.5 - 1 for name, picture in pictures.items()}
    return images.permute(0, 3, 1, 2) / 127.5 - 1, list(columns["caption"][:12]), shown


def test_an_object_is_found_where_it_is(scenes):
    _, _, shown = scenes
    image = torch.ones(3, 64, 64)
    image[:, 10:26, 40:56] = torch.nn.functional.interpolate(shown["house"][None], (16, 16), mode="area")[0]
    across, down, side = place(image, shown["house"])
    assert (across, down, side) == pytest.approx((48 * 0.75, 18 * 0.75, 12), abs=1.5)


def test_relations_hold_in_true_images_and_by_chance_in_others(scenes):
    images, texts, shown = scenes
    held, total = kept(images, texts, shown)
    assert held >= 0.85 * total
    assert kept(images.roll(5, 0), texts, shown)[0] <= 0.6 * total


@pytest.mark.parametrize(
    ("one", "said", "other", "true"),
    [
        ((10, 10, 4), "left of", (20, 12, 4), True),
        ((10, 10, 4), "above", (20, 12, 4), False),
        ((10, 10, 4), "above", (10, 20, 4), True),
        ((10, 10, 4), "below", (10, 20, 4), False),
        ((20, 12, 4), "right of", (10, 10, 4), True),
        ((10, 10, 4), "inside", (12, 9, 12), True),
        ((12, 9, 12), "surrounding", (10, 10, 4), True),
        ((10, 10, 12), "inside", (10, 10, 4), False),
        ((10, 10, 4), "left of", (10, 10, 4), False),
    ],
)
def test_a_relation_is_that_of_two_places(one, said, other, true):
    assert holds(one, said, other) is true


def test_options_out_of_range_are_one_line():
    with pytest.raises(UsageError, match=r"scene-relations\.count must be at least 1, not 0"):
        SceneRelations(count=0)
