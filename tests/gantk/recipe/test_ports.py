"""What a graph takes besides images."""

import copy
import pickle

import pytest
import torch
from torch import nn

from gantk import Caption, Category, Graph, Image, Latent, Network, PluginError, UsageError
from gantk.plan.offered import contradiction


def test_a_vector_has_a_number():
    assert Latent(length=1).fixed(2).shape == (2, 1)
    with pytest.raises(UsageError, match="the vector noise has at least 1 number, not 0"):
        Latent(name="noise", length=0)


def test_a_caption_is_the_numbers_of_its_words():
    caption = Caption(words=["red", "face"], length=3)
    assert caption.count == 3
    for same in (caption, copy.deepcopy(caption), pickle.loads(pickle.dumps(caption))):
        read = same.read(["A face, a RED face", "nothing"])
        assert (read.dtype, read.tolist()) == (torch.int64, [[2, 1, 2], [0, 0, 0]])
    for wrong, line in (
        ({"words": (), "length": 3}, "the caption caption knows no words: train on data that have captions"),
        ({"words": ("red",), "length": 0}, "the caption caption has 1 word at least, not 0"),
        (
            {"words": ("red",) * 50_001, "length": 1},
            "knows at most 50,000 words of 524,288 letters together, not 50,001",
        ),
    ):
        with pytest.raises(UsageError, match=line):
            Caption(**wrong)


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"names": ("cat", "dog")}, "has 3 values and 2 names: give each value a name, or leave names out"),
        ({"default": 3}, "has a default from 0 to 2, or None, not 3"),
    ],
)
def test_a_category_that_cannot_be_bears_the_line_that_made_it(said, line):
    with pytest.raises(PluginError) as caught:
        Category(name="pet", count=3, **said)
    (at,) = (entry.lineno for entry in caught.traceback if str(entry.path) == __file__)
    assert str(caught.value) == f"{__file__}:{at + 1}: the category pet {line}"


def test_two_images_of_one_key_have_names_of_their_own():
    style = Image("image", name="style")
    for same in (style, copy.deepcopy(style), pickle.loads(pickle.dumps(style)), Image(style)):
        assert (same, same.name) == ("image", "style")
    network = Network(nn.Identity(), "blend")
    graph = Graph(network=network, inputs=("image", style), outputs=("image",))
    assert graph.input_names == ("image", "style")
    assert not contradiction(graph, ["image"])
    alone = Graph(network=network, inputs=(Image("source", name="photo"),), outputs=("image",))
    assert alone.input_names == ("photo",)
    nameless = Graph(network=network, inputs=("image", "image"), outputs=("image",))
    assert contradiction(nameless, ["image"]) == (
        "two of its tensors are called 'image'; give them names of their own, such as Image('image', name='style')"
    )
