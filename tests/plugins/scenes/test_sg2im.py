"""sg2im: the graph of a text, its convolution, its layout, and the six losses."""

import pytest
import torch
from torch import nn

from gantk import UsageError
from gantk.parts.context import Context
from gantk.plan.assemble import build_recipe, open_training_data
from gantk.plan.resolve import resolve
from gantk.runs.config import Config
from gantk_plugins.normalizations.batch import Batch
from gantk_plugins.scenes.sg2im import overlap
from gantk_plugins.scenes.sg2im_networks import (
    Graph,
    GraphConvolution,
    Masks,
    ObjectDiscriminator,
    SceneGenerator,
    crops,
    spread,
)
from support.commands import invoke, refusal

OF, TREE, HOUSE, SUN, ABOVE, LEFT = 1, 2, 3, 4, 5, 6
SMALL = {"width": 8, "hidden": 8, "layers": 2, "refinement": (4, 4), "channels": 3}


def words(*rows, length=12):
    return torch.tensor([[*row, *[0] * (length - len(row))] for row in rows])


def test_a_text_is_read_as_relations_between_things():
    # tree above house; sun left of tree
    graph = Graph.read(words([TREE, ABOVE, HOUSE, SUN, LEFT, OF, TREE]), 3, OF)
    assert graph.things.tolist() == [[TREE, HOUSE, SUN, TREE, 0, 0]]
    assert graph.relations.tolist() == [[ABOVE, LEFT, 0]]
    assert graph.first.tolist()[0][:4] == [0, 1, 2, 0]
    assert graph.named.tolist() == [[True, True, True, False, False, False]]


def test_what_is_no_whole_relation_is_none():
    graph = Graph.read(words([TREE, ABOVE, HOUSE, SUN, LEFT], []), 2, OF)
    assert graph.named.tolist() == [[True, True, False, False], [False] * 4]
    assert graph.relations.tolist() == [[ABOVE, 0], [0, 0]]


def convolved(things, relations, subject, target):
    torch.manual_seed(0)
    return GraphConvolution(4, 8).double()(things, relations, subject, target)


def test_the_convolution_follows_things_that_change_places_and_leaves_relations_in_theirs():
    things, relations = torch.rand(1, 3, 4).double(), torch.rand(1, 2, 4).double()
    subject = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]]).double()
    target = torch.tensor([[[0.0, 1, 0], [0, 0, 1]]]).double()
    order = torch.tensor([2, 0, 1])
    one, edges = convolved(things, relations, subject, target)
    other, same = convolved(things[:, order], relations, subject[..., order], target[..., order])
    assert torch.allclose(one[:, order], other)
    assert torch.allclose(edges, same)


def test_what_is_pooled_is_the_mean_over_all_roles_and_nothing_for_who_has_none():
    layer = GraphConvolution(2, 3)
    layer.relations = nn.Linear(6, 8, bias=False)
    layer.things = nn.Identity()
    things, relations = torch.tensor([[[1.0, 2], [3, 4], [5, 6]]]), torch.tensor([[[0.5, 0.5], [0.1, 0.2]]])
    # Thing 0 is the subject of both relations, thing 1 the target of both, thing 2 in none.
    subject, target = torch.tensor([[[1.0, 0, 0]] * 2]), torch.tensor([[[0.0, 1, 0]] * 2])
    pooled, _ = layer(things, relations, subject, target)
    answers = [layer.relations(torch.cat([things[0, 0], edge, things[0, 1]])) for edge in relations[0]]
    assert torch.allclose(pooled[0, 0], sum(answer[:3] for answer in answers) / 2)
    assert torch.allclose(pooled[0, 1], sum(answer[5:] for answer in answers) / 2)
    assert torch.equal(pooled[0, 2], torch.zeros(3))


def test_a_mask_fills_its_box_and_nothing_else():
    whole = spread(torch.ones(1, 1, 1, 16, 16), torch.tensor([[[0.0, 0, 1, 1]]]), 8)
    assert torch.allclose(whole, torch.ones(1, 1, 8, 8))
    quarter = spread(torch.ones(1, 1, 1, 16, 16), torch.tensor([[[0.0, 0.5, 0.5, 1]]]), 9)
    expected = torch.zeros(9, 9)
    expected[4:, :5] = 1
    assert torch.allclose(quarter[0, 0], expected)
    ramp = torch.linspace(0, 1, 16).expand(1, 1, 1, 16, 16)
    assert torch.allclose(spread(ramp, torch.tensor([[[0.0, 0, 1, 1]]]), 16)[0, 0], ramp[0, 0, 0], atol=1e-6)


def test_crops_show_what_lies_in_the_boxes():
    image = torch.rand(2, 3, 9, 9)
    boxes = torch.tensor([[[0.0, 0, 1, 1], [0.5, 0, 1, 0.5]]]).expand(2, -1, -1)
    shown = crops(image, boxes, 9).unflatten(0, (2, 2))
    assert torch.allclose(shown[:, 0], image, atol=1e-5)
    assert torch.allclose(crops(image, boxes, 5).unflatten(0, (2, 2))[:, 1], image[:, :, :5, 4:], atol=1e-5)


def test_the_overlap_of_boxes_is_what_they_share():
    one = torch.tensor([[0.0, 0, 0.5, 0.5], [0, 0, 1, 1], [0, 0, 0.2, 0.2], [0, 0, 0, 0]])
    other = torch.tensor([[0.25, 0, 0.75, 0.5], [0, 0, 1, 1], [0.5, 0.5, 1, 1], [0, 0, 1, 1]])
    assert overlap(one, other).tolist() == pytest.approx([1 / 3, 1, 0, 0])


def test_the_generator_puts_things_where_it_is_told_and_does_not_mind_what_fills_up():
    torch.manual_seed(0)
    network = SceneGenerator(7, 2, OF, 16, 3, Batch(), **SMALL).eval()
    noise, text = torch.randn(2, 3, 16, 16), words([TREE, ABOVE, HOUSE], [SUN, LEFT, OF, TREE], length=8)
    image = network(noise, text)
    assert image.shape == (2, 3, 16, 16)
    assert image.abs().max() <= 1
    boxes = torch.zeros(2, 4, 4)
    boxes[:, 0], boxes[:, 1] = torch.tensor([0.0, 0, 0.4, 0.4]), torch.tensor([0.5, 0.5, 1, 1])
    told, own = network(noise, text, boxes)
    assert not torch.allclose(told, image)
    assert own[:, 2:].abs().max() == 0
    # Boxes of mentions that there are not change nothing; another order of relations changes nothing either.
    assert torch.equal(network(noise, text, boxes + torch.tensor([0.0, 0, 0.3, 0.3])[None, :, None])[0], told)
    one, other = [TREE, ABOVE, HOUSE], [SUN, LEFT, TREE]
    texts = words([*one, *other], [*other, *one], length=8)
    same = network(noise[:1].expand(2, -1, -1, -1), texts)
    assert torch.allclose(same[0], same[1], atol=1e-5)


def test_the_papers_networks_have_their_sizes():
    network = SceneGenerator(
        184, 10, OF, 64, 32, Batch(), width=128, hidden=512, layers=5, refinement=(1024, 512, 256, 128, 64), channels=3
    )
    graph = 5 * ((384 * 512 + 512) + (512 * 1152 + 1152) + (512 * 512 + 512) + (512 * 128 + 128))
    assert sum(p.numel() for p in network.convolutions.parameters()) == graph
    assert sum(p.numel() for p in network.boxes.parameters()) == 128 * 512 + 512 + 512 * 4 + 4
    first = network.refinement[0].layers[0]
    assert (first.in_channels, first.out_channels) == (161, 1024)
    assert Masks(128)(torch.randn(2, 128, 1, 1)).shape == (2, 1, 16, 16)
    assert ObjectDiscriminator(3, 10, 64)(torch.randn(2, 3, 32, 32)).shape == (2, 11)


@pytest.fixture(scope="module")
def small():
    said = {"size": 16, "width": 8, "hidden": 8, "layers": 1, "refinement": (4, 4), "noise": 2, "objects": 4}
    return {**said, "batch_size": 4, "discriminator.filters": 4, "discriminator.layers": 1, "data.scenes": 12}


@pytest.fixture
def build(small):
    def made(**said):
        resolved = resolve(Config(plugins=["sg2im"], data=["emoji-scenes"], set={**small, **said}))
        return resolved, build_recipe(resolved, open_training_data(resolved).contents, Context())

    return made


def test_the_generators_losses_are_the_papers(build):
    torch.manual_seed(0)
    resolved, recipe = build(boxes=2.0, pixels=3.0, classification=0.5, game=0.1)
    text = recipe.caption.read(resolved.dataset.split("captioned", False, 16).columns["caption"][:2])
    graph = Graph.read(text, 4, recipe.filler)
    real, fake, own = torch.rand(2, 3, 16, 16), torch.rand(2, 3, 16, 16), torch.rand(2, 8, 4)
    boxes, judged, things = torch.rand(2, 8, 4), torch.tensor([[[0.0, 0, 1, 1]]] * 2), graph.things[:, 0]
    recipe.eval()
    losses = recipe.made(real, fake, own, boxes, graph, judged, things)
    assert set(losses) == {"pixels", "boxes", "game", "game_objects", "classification"}
    assert losses["pixels"].item() == pytest.approx(3 * (real - fake).abs().mean().item())
    assert losses["boxes"].item() == pytest.approx(2 * (own - boxes)[graph.named].square().mean().item())
    answers = recipe.objects(crops(fake, judged, 32))
    told = answers[:, 1:].log_softmax(1)[range(2), things]
    assert losses["classification"].item() == pytest.approx(-0.5 * told.mean().item(), rel=1e-5)
    assert losses["game_objects"].item() == pytest.approx(
        0.1 * nn.functional.softplus(-answers[:, 0]).mean().item(), rel=1e-5
    )


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"size": 18}, "doubles the size 2 times: size 18 must be a multiple of 4"),
        ({"relations": 0}, "needs relations, widths, layers, noise, filters and crops of at least 1"),
        ({"flip": True}, "scenes batches say where in an image something is, so that it is trained on as it is"),
        ({"jitter": 1.5}, "leave out flip, jitter, and a size that is no square"),
    ],
)
def test_what_cannot_be_is_one_line(said, message, build):
    with pytest.raises(UsageError, match=message):
        build(**said)


def options(small):
    return [part for name, value in small.items() for part in ("-s", f"{name}={str(value).strip('()')}")]


def test_it_trains_goes_on_and_is_measured(small, tmp_path):
    said = ["train", "--plugin", "sg2im", "--data", "emoji-scenes", "--device", "cpu", *options(small)]
    run = tmp_path / "run"
    invoke(*said, "--precision", "fp32", "--steps", 4, "--checkpoint-every", 2, "--out", run)
    whole = {file.name: file.read_bytes() for file in (run / "checkpoints/000004").glob("*.safetensors")}
    invoke("train", "--resume", run, "--step", 2)
    assert all((run / "checkpoints/000004" / name).read_bytes() == data for name, data in whole.items())
    assert '"note/overlap"' in (run / "scalars.jsonl").read_text()
    assert "relations" in invoke("evaluate", run, "--metric", "scene-relations")


def test_boxes_of_other_relations_are_refused(small, tmp_path):
    said = ["train", "--plugin", "sg2im", "--data", "emoji-scenes", "--device", "cpu", *options(small), "--steps", 2]
    line = refusal(*said, "-s", "relations=3", "--out", tmp_path / "other", status=2)
    assert "sg2im reads 3 relations, and the data has boxes of 4: say -s relations=4" in line
