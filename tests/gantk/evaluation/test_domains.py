"""What a graph between domains is measured on: pairs where the data has some, else images whose truth is unknown."""

import pytest
import torch

from gantk import Category, Dataset, Group, Split
from gantk.data.dataset import ArrayImages
from gantk.data.views import Turned
from gantk.evaluation.subject import OpenSubject

DOMAIN = Category(name="domain", count=3, names=("line", "flat", "3d"))


class Shown(Dataset):
    """Images whose every value is the number of their domain, and of their row."""

    name = "shown"
    domains = DOMAIN.names

    def __init__(self, *kinds, sides=("flat", "3d")):
        self.kinds = kinds
        self._sides = sides

    @property
    def sides(self):
        return self._sides

    def split(self, kind, test, load):
        images = {
            name: ArrayImages(torch.full((5, 4, 4, 3), 50 * number, dtype=torch.uint8).numpy())
            for number, name in enumerate(self.domains)
        }
        first, second = (images[side] for side in self.sides) if self.sides else (images["line"], None)
        return {
            "paired": Split((Group({"source": first, "target": second}),)),
            "unpaired": Split((Group({"a": first}), Group({"b": second}))),
            "domains": Split((Group({"image": first, "domain": torch.tensor([2, 0, 1, 1, 0]).numpy()}),)),
        }[kind]

    def fingerprint(self):
        return ""


@pytest.fixture
def measured(graph):
    """Return a function that gives what is measured of a graph, and the domains that it is asked for."""

    def measure(dataset):
        asked = []

        def compute(image, domain):
            asked.extend(domain.tolist())
            return image

        made = graph("translate", ("image", DOMAIN), ("image",), compute)
        subject = OpenSubject(functions={"made": made}, dataset=dataset, size=4, channels={"image": 3})
        (found,) = subject.translated()
        return found, asked

    return measure


def level(images):
    return round(((images.unique() + 1) * 127.5).item())


def test_pairs_are_source_and_target_and_the_target_is_asked_for(measured):
    found, asked = measured(Shown("domains", "paired"))
    assert (level(found.source), level(found.truth), asked) == (50, 100, [2] * 5)


def test_the_other_direction_asks_for_the_other_side(measured):
    found, asked = measured(Turned(Shown("domains", "paired")))
    assert (level(found.source), level(found.truth), asked) == (100, 50, [1] * 5)


def test_two_sides_without_pairs_have_no_truth(measured):
    found, asked = measured(Shown("domains", "unpaired"))
    assert (level(found.source), found.truth, asked) == (50, None, [2] * 5)


def test_of_other_data_each_image_has_a_domain_drawn(measured):
    found, asked = measured(Shown("domains", sides=()))
    assert (len(found.source), found.truth, asked) == (5, None, DOMAIN.fixed(5).tolist())


def test_a_graph_that_is_told_where_an_image_comes_from_hears_its_domain(graph):
    asked = []

    def compute(image, source, domain):
        asked.extend(zip(source.tolist(), domain.tolist(), strict=True))
        return image

    source = Category(name="source", count=3, names=DOMAIN.names)
    made = graph("translate", ("image", source, DOMAIN), ("image",), compute)
    for dataset in (Shown("domains", "paired"), Shown("domains", sides=())):
        subject = OpenSubject(functions={"made": made}, dataset=dataset, size=4, channels={"image": 3})
        (found,) = subject.translated()
        assert (found.truth is None) == (dataset.sides == ())
    assert asked[:5] == [(1, 2)] * 5
    assert asked[5:] == list(zip([2, 0, 1, 1, 0], DOMAIN.fixed(5).tolist(), strict=True))
