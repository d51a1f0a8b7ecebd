"""What a graph takes besides images."""

import copy
import pickle

import pytest
from torch import nn

from gantk import Graph, Image, Latent, Network, UsageError
from gantk.plan.offered import contradiction


def test_a_vector_has_a_number():
    assert Latent(length=1).fixed(2).shape == (2, 1)
    with pytest.raises(UsageError, match="the vector noise has at least 1 number, not 0"):
        Latent(name="noise", length=0)


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
