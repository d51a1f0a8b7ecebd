"""What a metric is given: images that are all, a slice or evenly spread, and what graphs make of them."""

import pytest
import torch

from gantk import Caption, Category, Image, Latent, Unsupported, Vector
from gantk.data.dataset import Group, Split
from gantk.evaluation import functions
from gantk.evaluation.subject import OpenSubject

NOISE = Latent(length=3)


@pytest.fixture
def subject(rows):
    """Return a function that makes a subject of graphs and, unless told otherwise, of rows of images."""

    def make(*graphs, dataset=None, channels=None, seed=0, most=None):
        named = {made.name: made for made in graphs}
        known = {"dataset": dataset or rows(), "size": 4, "channels": channels or {}, "seed": seed, "most": most}
        return OpenSubject(functions=named, **known)

    return make


def rows_of(images):
    return ((images[:, 0, 0, 0] + 1) * 127.5).round().int().tolist()


def test_images_are_all_a_slice_or_evenly_spread_and_cut_centrally(subject):
    found = subject()
    everything = found.images("image", test=True)
    assert everything.shape == (7, 3, 4, 4)
    assert everything.max() < 0
    assert rows_of(everything) == list(range(7))
    assert rows_of(found.images("image", test=False, rows=slice(8, 99))) == [8, 9]
    assert rows_of(found.images("image", test=True, rows=3)) == [0, 3, 6]
    assert rows_of(found.images("image", test=True, rows=99)) == list(range(7))
    assert found.count("image", test=False) == 10
    assert found.read == {"held-out": 7, "training": 2}


def test_of_so_many_at_most_all_is_spread_evenly(subject):
    found = subject(most=3)
    assert rows_of(found.images("image", test=True)) == [0, 3, 6]
    assert rows_of(found.images("image", test=True, rows=slice(1, 3))) == [3, 6]
    assert rows_of(found.images("image", test=True, rows=2)) == [0, 6]
    images, labels = found.labelled(test=True)
    assert rows_of(images) == labels.tolist() == [0, 3, 6]
    assert found.count("image", test=False) == 3
    assert found.read == {"held-out": 3}


def test_labels_come_with_their_images(subject):
    images, labels = subject().labelled(test=True)
    assert rows_of(images) == labels.tolist() == list(range(7))


def test_data_that_has_no_such_images_is_refused(subject, rows):
    with pytest.raises(Unsupported, match="needs paired batches; rows serves labelled, images"):
        subject().images("target", test=True)
    with pytest.raises(Unsupported, match="needs held-out images; rows has none"):
        subject(dataset=rows(test=0)).images("image", test=True)
    with pytest.raises(Unsupported, match=r"images of 1 channels \(image\); those of rows have 3"):
        subject(channels={"image": 1}).images("image", test=True)


def test_generated_images_are_those_of_the_seed(subject, graph):
    made = graph(compute=lambda noise: noise[:, :, None, None])
    assert torch.equal(subject(made).generated(5)[:, :, 0, 0], NOISE.fixed(5, 0))
    assert torch.equal(subject(made, seed=4).generated(5)[:, :, 0, 0], NOISE.fixed(5, 4))


def test_an_input_may_be_said(subject, graph):
    label = Category(count=4)
    made = graph(inputs=(NOISE, label), compute=lambda noise, label: label.view(-1, 1, 1, 1))
    said = torch.tensor([3, 0])
    assert torch.equal(subject(made).generated(2, label=said).flatten(), said)
    assert torch.equal(subject(made).generated(9).flatten(), label.fixed(9, 0))
    with pytest.raises(Unsupported, match="needs an input angle, which graph made has not"):
        subject(made).generated(2, angle=said)


def test_a_caption_is_that_of_a_held_out_image(subject, graph, rows):
    class Told(rows):
        kinds = ("captioned",)

        def split(self, kind, test, load):
            columns = super().split(kind, test, load).columns
            levels = columns.pop("label")
            return Split((Group({**columns, "caption": [f"w{level}" for level in levels]}),))

    caption = Caption(words=[f"w{level}" for level in range(9)], length=1)
    made = graph(inputs=(caption,), compute=lambda tokens: tokens.view(-1, 1, 1, 1))
    assert subject(made, dataset=Told()).generated(9).flatten().tolist() == [1, 2, 3, 4, 5, 6, 7, 1, 2]
    with pytest.raises(Unsupported, match="needs captions for caption; rows has none"):
        subject(made).generated(2)
    edited = graph("translate", ("image", caption), ("image",), lambda image, tokens: image + tokens.view(-1, 1, 1, 1))
    (found,) = subject(edited, dataset=Told()).translated()
    assert torch.allclose(found.made - found.source, torch.arange(1.0, 8).view(-1, 1, 1, 1).expand(7, 3, 4, 4))


def test_a_graph_is_found_by_task_and_output_and_noted(subject, graph):
    encoder = graph("encode", ("image",), (Vector(name="z"),))
    encoder.name = "encoder"
    found = subject(graph(), encoder)
    assert found.function("encode", gives="z") is encoder
    assert found.function("translate", "encode") is encoder
    assert found.used == ["encoder"]
    with pytest.raises(Unsupported, match=r"scores or translates; here: made \(generates\), encoder \(encodes\)"):
        found.function("score", "translate")


def test_a_translation_that_draws_gets_other_numbers_for_each_image(subject, graph, monkeypatch):
    monkeypatch.setattr(functions, "PIECE", 2)
    noise = Latent(length=1)
    made = graph("translate", ("image", noise), ("image",), lambda image, drawn: image * 0 + drawn[:, :, None, None])
    pieces = list(subject(made).translated())
    assert [len(piece.made) for piece in pieces] == [2, 2, 2, 1]
    assert torch.equal(torch.cat([piece.made for piece in pieces])[:, 0, 0, 0], noise.fixed(7)[:, 0])


def test_the_second_image_of_one_key_is_the_next_row_s_and_knows_no_truth(subject, graph):
    blend = graph("translate", ("image", Image("image", name="style")), ("image",), lambda image, style: style)
    (piece,) = subject(blend).translated()
    assert rows_of(piece.made) == rows_of(piece.source.roll(-1, 0))
    assert piece.truth is None
