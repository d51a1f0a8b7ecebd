"""What a recipe answers is checked before step 1, and a mistake bears the line of the author's file."""

import inspect
import re

import pytest
import torch
from torch import nn

from gantk import (
    AdversarialLoss,
    Build,
    DataInfo,
    GeneratorSpec,
    Graph,
    Network,
    Player,
    PluginError,
    Recipe,
    Unsupported,
)
from gantk.data.stream import KeyedBatch
from gantk.plan.protocol import graphs_of, players_of, preview_of, reached
from gantk.plugins.selection import Part


class Answering(Recipe):
    """A recipe whose methods answer what a test says."""

    kind = "images"
    step = None  # Not asked for here.

    def __init__(self, answer: object) -> None:
        super().__init__()
        self.network = Network(nn.Linear(2, 2), "generator")
        self.answer = answer

    def players(self):
        return self.answer

    def preview(self, batch):
        return self.answer(batch) if callable(self.answer) else self.answer

    def graphs(self):
        return self.answer


def line_of(function: object) -> str:
    return re.escape(f"{__file__}:{inspect.getsourcelines(function)[1]}: ")


def offered(recipe: Recipe) -> dict[str, Graph]:
    return graphs_of(recipe, ("a", "b"))


IMAGES = torch.zeros(2, 3, 4, 4)


@pytest.mark.parametrize(
    ("ask", "method", "answer", "reason"),
    [
        (players_of, "players", None, "returns a NoneType: a dictionary that has a gantk.Player by name"),
        (players_of, "players", {}, "returns an empty dictionary"),
        (players_of, "players", {"one": 3}, "gives 'one' as a int: a gantk.Player is needed"),
        (offered, "graphs", [], "returns a list: a dictionary that has a gantk.Graph by name"),
        (offered, "graphs", {"a": 3}, "gives 'a' as a int: a gantk.Graph is needed"),
        (lambda recipe: preview_of(recipe, {}), "preview", IMAGES, "returns a Tensor: a dictionary that has images"),
        (lambda recipe: preview_of(recipe, {}), "preview", {"x": IMAGES[0]}, r"'x' as \(3, 4, 4\) torch.float32"),
        (lambda recipe: preview_of(recipe, {}), "preview", {"x": IMAGES.int()}, r"\(2, 3, 4, 4\) torch.int32"),
    ],
)
def test_a_wrong_answer_names_the_method(ask, method, answer, reason):
    with pytest.raises(PluginError, match=f"^{line_of(getattr(Answering, method))}{method}\\(\\) .*{reason}"):
        ask(Answering(answer))


def test_right_answers_come_through():
    recipe = Answering(None)
    recipe.answer = {"one": Player(recipe.network)}
    assert players_of(recipe) == recipe.answer
    recipe.answer = {"a": Graph(network=recipe.network, inputs=("a",), outputs=("b",))}
    assert offered(recipe) == recipe.answer
    assert offered(Answering({})) == {}
    recipe.answer = {"x": IMAGES}
    assert preview_of(recipe, {}) == recipe.answer


def test_a_graph_of_images_that_the_data_has_not_is_refused():
    recipe = Answering(None)
    recipe.answer = {"a": Graph(network=recipe.network, inputs=("a",), outputs=("c",))}
    with pytest.raises(
        PluginError, match=f"^{line_of(Answering.graphs)}graph a: the data has no images 'c', only a, b$"
    ):
        offered(recipe)


def test_a_graph_is_one_network_of_the_recipe():
    recipe = Answering(None)
    for network, inputs, reason in [
        (recipe.network.module, ("a",), r"its network is a Linear: wrap it, gantk.Network\(module, 'a'\)"),
        (Network(nn.Linear(2, 2), "generator"), ("a",), "weights of its Network are not the recipe's"),
        (recipe.network, "a", r"inputs is the text 'a': write \('a',\)"),
    ]:
        recipe.answer = {"a": Graph(network=network, inputs=inputs, outputs=("b",))}
        with pytest.raises(PluginError, match=f"^{line_of(Answering.graphs)}graph a: {reason}"):
            offered(recipe)
    recipe.answer = {"one": Player(nn.ModuleList([Network(nn.Linear(2, 2), "generator")]))}
    with pytest.raises(PluginError, match="player one: weights of its ModuleList are not the recipe's"):
        players_of(recipe)


def test_a_key_that_the_batch_has_not_is_told_with_those_that_it_has():
    batch = KeyedBatch(a=IMAGES, b=IMAGES)
    assert batch["a"] is IMAGES
    with pytest.raises(KeyError):
        batch["label"]
    with pytest.raises(PluginError, match=r"test_protocol.py:\d+: BatchKeyError: this batch has a, b and no 'label'"):
        preview_of(Answering(lambda given: {"x": given["label"]}), batch)


class Half(AdversarialLoss):
    def generator(self, fake_scores, real_scores=None):
        return fake_scores.mean()


def test_a_part_that_lacks_a_method_says_which():
    with pytest.raises(PluginError, match=f"^loss half cannot be made: {line_of(Half)}Half must have discriminator$"):
        Part("loss", "half", Half)()


class Apart(Half):
    def discriminator(self, real_scores, fake_scores):
        return fake_scores - real_scores


def test_a_game_whose_loss_is_no_scalar_is_blamed_itself():
    reason = rf"^{line_of(Apart.discriminator)}Apart.discriminator returns a tensor of shape \(2, 1\): a scalar"
    with pytest.raises(PluginError, match=reason):
        Apart().judge(nn.Flatten(), torch.zeros(2, 1), torch.zeros(2, 1))


def test_a_loss_knows_whom_it_was_computed_through():
    one, two = nn.Linear(2, 2), nn.Linear(2, 2)
    owners = {parameter: name for name, network in (("one", one), ("two", two)) for parameter in network.parameters()}
    made = one(torch.randn(3, 2))
    assert reached(two(made).sum(), owners) == {"one", "two"}
    assert reached(two(made.detach()).sum(), owners) == {"two"}
    assert reached(torch.zeros((), requires_grad=True), owners) == set()


def test_a_part_must_make_a_network_with_what_is_asked_of_it():
    data = DataInfo(kind="images", size=8, channels={"image": 3})
    spec = GeneratorSpec(inputs=3, outputs=3, size=8, features=True)

    def build(made: object) -> Build:
        return Build(data=data, parts={"generator": Part("generator", "mine", lambda spec, build: made)})

    with pytest.raises(PluginError, match=r"test_protocol.py:\d+: mine made a int: a torch.nn.Module is needed"):
        build(3).generator(spec)
    with pytest.raises(Unsupported, match="mine gives no inner activations"):
        build(nn.Conv2d(3, 3, 1)).generator(spec)


def test_a_parameter_has_exactly_one_owner():
    class Orphan(Recipe):
        step = preview = graphs = None  # Not asked for here.

        def __init__(self) -> None:
            super().__init__()
            self.generator = Network(nn.Linear(1, 1), "generator")
            self.forgotten = Network(nn.Linear(1, 1), "encoder")

        def players(self):
            return {"generator": Player(self.generator)}

    class Shared(Orphan):
        def players(self):
            return {"generator": Player(self.generator, self.forgotten), "encoder": Player(self.forgotten)}

    class Twice(Orphan):
        def players(self):
            return {"generator": Player(self.generator, self.forgotten, self.generator)}

    with pytest.raises(PluginError, match="player generator names twice a parameter"):
        players_of(Twice())
    with pytest.raises(PluginError, match="no player moves forgotten"):
        players_of(Orphan())
    with pytest.raises(PluginError, match="generator and encoder share a parameter"):
        players_of(Shared())
