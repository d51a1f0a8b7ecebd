"""Networks that give the change of their input: where they begin, and where their images are bounded."""

import pytest
import torch
from torch import nn

from gantk import GeneratorSpec, Unsupported, initialize_normal
from gantk_plugins.translation.unit_networks import decoder

NETWORKS = {"resnet": {"filters": 8, "blocks": 9, "skips": True}, "unet": {"filters": 8, "dropout": 0.0}}


@pytest.fixture(params=NETWORKS)
def build_network(request, make_build):
    def built(norm="none", outputs=3):
        options = {**NETWORKS[request.param], "adds_input": True}
        build = make_build(generator=request.param, generator_options=options, normalization=(norm, norm))
        return initialize_normal(build.generator(GeneratorSpec(inputs=3, outputs=outputs, size=16)))

    return built


@pytest.mark.parametrize("norm", ["none", "batch", "spectral"])
def test_they_begin_as_hardly_a_change_and_stay_so(norm, build_network):
    network = build_network(norm)
    image = torch.rand(2, 3, 16, 16) * 2 - 1
    change = network(image) - image
    assert 0 < change.abs().mean() < (0.5 if norm == "spectral" else 0.1)
    change.mean().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_a_pixel_out_of_range_is_bounded_but_for_losses(build_network):
    network = build_network()
    *_, last = (bias for name, bias in network.named_parameters() if name.endswith("bias"))
    nn.init.constant_(last, 9.0)
    image = torch.zeros(1, 3, 16, 16)
    assert network(image).min() > 5
    with torch.no_grad():
        assert network(image).max() == 1
    assert network.eval()(image).max() == 1


def test_they_give_as_many_channels_as_they_take(build_network):
    with pytest.raises(Unsupported, match="with adds_input needs as many channels as it gives, 1, not 3"):
        build_network(outputs=1)


@pytest.mark.parametrize("norm", ["none", "instance"])
def test_a_decoder_without_norms_goes_on_learning_where_a_tanh_would_stop(norm, make_build):
    build = make_build(generator="combogan", generator_options={"filters": 4, "blocks": 2}, normalization=(norm, norm))
    whole = build.generator(GeneratorSpec(inputs=3, outputs=3, size=16)).module
    decoders = (decoder(3, 4, 1, build.normalization("generator"), "resize"), whole.decoder)
    for made in decoders:
        *_, bias = (parameter for name, parameter in made.named_parameters() if name.endswith("bias"))
        nn.init.constant_(bias, 20.0)
        image = made(torch.rand(2, 16, 4, 4))
        image.mean().backward()
        learns = bias.grad.abs().max() > 0.1
        assert bool(learns) == (norm == "none")
        assert made.eval()(torch.rand(2, 16, 4, 4)).detach().max() == 1
