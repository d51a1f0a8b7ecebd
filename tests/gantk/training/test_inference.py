"""Inference form equals the training-mode computation that it makes explicit."""

import pytest
import torch
from torch import nn

from gantk.parts.networks import Network
from gantk.recipe.graph import Inference
from gantk.training.inference import ImageNorm, inference_form


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(1, 3, 9, 11, generator=torch.Generator().manual_seed(0))


def batch_normalized() -> nn.Sequential:
    torch.manual_seed(1)
    network = nn.Sequential(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.ReLU(), nn.Dropout(0.5), nn.BatchNorm2d(5))
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight)
            nn.init.normal_(layer.bias)
    return network


def test_image_statistics_are_training_batch_norm_at_one_image(images: torch.Tensor) -> None:
    network = batch_normalized()
    network[3].p = 0.0
    form = inference_form(network, Inference(statistics="image"))
    assert torch.equal(form(images), network.train()(images))


def test_image_statistics_do_not_mix_the_images_of_a_batch(images: torch.Tensor) -> None:
    form = inference_form(batch_normalized(), Inference(statistics="image"))
    pair = torch.cat([images, 7 * images + 3])
    torch.testing.assert_close(form(pair)[:1], form(images))


def test_running_statistics_are_evaluation_mode(images: torch.Tensor) -> None:
    network = batch_normalized()
    network(images)
    form = inference_form(network, Inference())
    assert torch.equal(form(images), network.eval()(images))


def test_batch_norm_without_running_averages_reads_each_image() -> None:
    network = nn.Sequential(nn.BatchNorm2d(3, track_running_stats=False))
    assert isinstance(inference_form(network, Inference())[0], ImageNorm)


def test_a_norm_used_twice_is_replaced_everywhere() -> None:
    norm = nn.BatchNorm2d(3)
    form = inference_form(nn.Sequential(norm, norm), Inference(statistics="image"))
    assert isinstance(form[0], ImageNorm)
    assert form[0] is form[1]


def test_spectral_norm_becomes_a_plain_weight_equal_to_evaluation(images: torch.Tensor) -> None:
    torch.manual_seed(2)
    layer = nn.utils.parametrizations.spectral_norm(nn.Conv2d(3, 5, 3))
    for _ in range(3):
        layer(images)
    form = inference_form(nn.Sequential(layer), Inference())
    assert [name for name, _ in form.named_parameters()] == ["0.bias", "0.weight"]
    assert torch.equal(form(images), layer.eval()(images))


def test_the_trained_module_is_left_as_it_was(images: torch.Tensor) -> None:
    network = batch_normalized()
    nn.utils.parametrizations.spectral_norm(network[0])
    network(images)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    inference_form(network, Inference(statistics="image"))(images)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert network.training
    assert network(images).requires_grad
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert before.keys() == network.state_dict().keys()


def test_networks_lose_autocast_compilation_precision_and_gradients(images: torch.Tensor) -> None:
    network = Network(nn.Conv2d(3, 5, 3).double(), "generator", torch.bfloat16)
    network.compile_forward()
    form = inference_form(nn.ModuleDict({"generator": network}), Inference())["generator"]
    assert form.autocast is None
    assert form._compiled is None
    assert not form.training
    assert form(images).dtype == torch.float32
    assert not any(parameter.requires_grad for parameter in form.parameters())
    assert torch.equal(form(images), form.module(images))
