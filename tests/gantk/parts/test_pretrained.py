"""A pretrained network: found, held against the module, frozen, and in nothing that a run saves."""

import copy
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from gantk import Build, DataInfo, GantkError, UsageError
from gantk.parts.pretrained import Pretrained
from gantk.parts.valueless import without_values

DATA = DataInfo(kind="images", size=8, channels={"image": 3})


def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2), nn.ReLU())


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """Return a file of the tiny network's weights; torch's downloads lie in an empty folder."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    torch.manual_seed(3)
    torch.save(network().state_dict(), tmp_path / "net.pth")
    return tmp_path / "net.pth"


def loaded(file, module=None, **options) -> Pretrained:
    build = Build(data=DATA, parts={}, option_names={str(file): "weights"}, **options)
    return build.pretrained(file, module or network())


class Holder(nn.Module):
    def __init__(self, held):
        super().__init__()
        self.held = held


def test_it_computes_what_the_file_says_and_lets_gradients_through(weights):
    expected = network()
    expected.load_state_dict(torch.load(weights, weights_only=True))
    x = torch.rand(2, 3, 8, 8, requires_grad=True)
    made = loaded(weights)
    torch.testing.assert_close(made(x), expected.eval()(x))
    made(x).sum().backward()
    assert x.grad.abs().sum() > 0
    assert len(made.digest) == 64


def test_it_has_nothing_to_train_or_save_and_stays_in_evaluation_mode(weights):
    x = torch.rand(2, 3, 8, 8)
    holder = Holder(loaded(weights))
    before = holder.held(x)
    holder.train().requires_grad_(True)
    assert list(holder.parameters()) == list(holder.buffers()) == list(holder.state_dict()) == []
    torch.testing.assert_close(holder.held(x), before, rtol=0, atol=0)
    assert not before.requires_grad
    torch.testing.assert_close(holder.held(x), before, rtol=0, atol=0)  # batch norm has averaged nothing in


def test_it_goes_where_its_recipe_goes_and_a_copy_goes_alone(weights):
    holder = Holder(loaded(weights))
    copied = copy.deepcopy(holder)
    x = torch.rand(1, 3, 8, 8)
    expected = holder.held(x)
    shared = [{tensor.data_ptr() for tensor in one.held._network.parameters()} for one in (holder, copied)]
    assert shared[0] == shared[1]
    copied.to(torch.float64)
    assert copied.held(x.double()).dtype == torch.float64
    torch.testing.assert_close(holder.held(x), expected, rtol=0, atol=0)
    assert next(holder.to("meta").held._network.parameters()).is_meta


def test_safetensors_and_further_tensors_are_taken(weights):
    x = torch.rand(1, 3, 8, 8)
    state = torch.load(weights, weights_only=True) | {"classifier.weight": torch.ones(2)}
    del state["1.num_batches_tracked"]  # as in files of before 2018
    file = weights.with_suffix(".safetensors")
    save_file(state, file)
    torch.testing.assert_close(loaded(file)(x), loaded(weights)(x), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (nn.Sequential(nn.Conv2d(3, 4, 3)), r"0\.weight is \(2, 3, 3, 3\) there and \(4, 3, 3, 3\) here"),
        (nn.Sequential(nn.Conv2d(3, 2, 3)).double(), r"0\.weight is float32 there and float64 here"),
        (nn.Conv2d(3, 2, 3), r"it has no weight, but 0\.weight, 0\.bias, 1\.weight, \.\.\."),
    ],
)
def test_what_does_not_fit_is_one_line(weights, module, said):
    with pytest.raises(GantkError, match=rf"net\.pth \(option weights\) holds another network .*: {said}"):
        loaded(weights, module)


def test_what_is_no_file_of_weights_is_one_line(weights):
    torch.save(network(), weights)
    with pytest.raises(GantkError, match=r"net\.pth wants to run code \(\S+\) when it is read"):
        loaded(weights)
    for name in ("net.pth", "net.safetensors"):
        weights.with_name(name).write_bytes(b"no weights")
        with pytest.raises(GantkError, match=rf"{name} is no .*damaged"):
            loaded(weights.with_name(name))
    with pytest.raises(UsageError, match="cannot be read: is a directory"):
        loaded(weights.parent)


def test_a_missing_file_is_one_line_that_says_what_to_do(weights, tmp_path):
    hub = tmp_path / "torch" / "hub" / "checkpoints"
    said = rf"/gone\.pth, the pretrained network of option weights, is not there: put it there or at {hub}/gone\.pth, "
    with pytest.raises(UsageError, match=f"{said}or say where it is, -s weights=FILE"):
        loaded(tmp_path / "gone.pth")
    with pytest.raises(UsageError, match=r"nothing is downloaded: save http\S+/vgg16-\w+\.pth as "):
        loaded("vgg16")
    with pytest.raises(UsageError, match="or name another in the recipe$"):
        Build(data=DATA, parts={}).pretrained("gone.pth", network())


def test_it_is_found_where_torch_keeps_downloads(weights, tmp_path):
    hub = tmp_path / "torch" / "hub" / "checkpoints"
    hub.mkdir(parents=True)
    kept = weights.rename(hub / "vgg16-397923af.pth")
    for said in ("vgg16", kept.name, tmp_path / "elsewhere" / kept.name):
        assert loaded(said).file == kept


def test_it_is_found_from_the_folder_one_is_in(weights, monkeypatch):
    monkeypatch.chdir(weights.parent)
    assert loaded(Path("net.pth")).file == weights


def test_what_never_trains_lacks_it_until_it_is_called(tmp_path):
    made = loaded(tmp_path / "gone.pth", trains=False)
    with pytest.raises(UsageError, match="is not there"):
        made(torch.rand(1, 3, 8, 8))


def test_without_values_no_file_is_read(tmp_path):
    with without_values():
        assert loaded(tmp_path / "gone.pth").digest == ""
