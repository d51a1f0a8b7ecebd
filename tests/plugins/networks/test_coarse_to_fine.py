"""pix2pixHD's generators: the authors' size, what works in which stage, and what an output pixel reads."""

import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d

from gantk import GeneratorSpec, Unsupported, UsageError
from gantk.parts.context import Context, Progress, Span
from gantk_plugins.networks.coarse_to_fine import stages
from gantk_plugins.normalizations.no_normalization import NoNormalization

SMALL = {"filters": 4, "blocks": 1, "halvings": 1, "enhancers": 1, "enhancer_blocks": 1}


@pytest.fixture
def make(factory, make_build):
    def made(size=16, norm="instance", **options):
        build = make_build(normalization=(norm, "none"))
        spec = GeneratorSpec(inputs=3, outputs=2, size=size)
        return factory("pix2pixhd", "generator")(spec, build, **(SMALL | options))

    return made


def told(network, number):
    """Tell a network that it is in a stage of the run that its paper trains."""
    names = [stage.name for stage in stages(len(network.enhancers))]
    network.context = Context(
        progress=Progress(number, len(names)), spans=tuple(Span(name, at, at + 1) for at, name in enumerate(names))
    )
    return network


def test_size_of_the_authors_networks(factory, make_build):
    """182,546,755 parameters with 35 labels and a channel of borders."""
    with torch.device("meta"):
        network = factory("pix2pixhd", "generator")(
            GeneratorSpec(inputs=36, outputs=3, size=1024), make_build(normalization=("instance", "none"))
        )
    assert sum(p.numel() for p in network.coarse.parameters()) == 182_546_755
    (enhancer,) = network.enhancers
    layers = [layer for layer in enhancer.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    widths = [(layer.in_channels, layer.out_channels) for layer in layers]
    assert widths == [(36, 32), (32, 64), *[(64, 64)] * 6, (64, 32), (32, 3)]
    assert (network.multiple, network.minimum) == (32, 64)


def test_the_enhancer_adds_what_is_below_it_before_its_last_layer(make):
    network, image = make().eval(), torch.rand(1, 3, 16, 16)
    (enhancer,) = network.enhancers
    small = avg_pool2d(image, 3, stride=2, padding=1, count_include_pad=False)
    with torch.no_grad():
        expected = enhancer.last(enhancer.after(enhancer.before(image) + network.coarse.body(small)))
        assert torch.equal(network(image), expected)


def test_enhancers_work_when_their_stage_has_come(make):
    network, image = make(size=32, filters=8, enhancers=2), torch.rand(1, 3, 32, 32)
    assert [told(network, number).working for number in range(5)] == [0, 1, 1, 2, 2]
    with torch.no_grad():
        assert torch.equal(told(network, 0)(image), network.coarse(image))
        assert told(network, 0).multiple == 2
        assert not torch.equal(told(network, 1)(image), told(network, 4)(image))
    used = told(network, 2).in_use()
    first = network.enhancers[0]
    assert used == [network.coarse.body, first.before, first.after, first.last]


def test_all_work_where_there_are_no_stages(make):
    network = make()
    assert network.working == 1
    network.context = Context(spans=(Span("other", 0, 1),))
    assert network.working == 1


def test_the_authors_schedule():
    assert [(stage.name, stage.share, stage.scale) for stage in stages(1)] == [
        ("coarse", 200, 0.5),
        ("enhancer 1 alone", 10, 1),
        ("enhancer 1 with all", 90, 1),
    ]
    assert [stage.scale for stage in stages(2)] == [0.25, 0.5, 0.5, 1, 1]
    assert [stage.scale for stage in stages(0)] == [1]


def test_checkpointing_changes_no_gradient(make):
    image = torch.rand(1, 3, 16, 16)
    found = []
    for saves in (False, True):
        torch.manual_seed(0)
        network = make(blocks=2, checkpointing=saves)
        network(image).square().sum().backward()
        found.append([parameter.grad for parameter in network.parameters() if parameter.grad is not None])
    assert all(map(torch.equal, *found))


@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
def test_the_halo_is_what_an_output_pixel_reads(upsampling, make, averaging):
    network = averaging(make(size=96, norm=NoNormalization, filters=2, upsampling=upsampling))
    image = torch.ones(1, 3, 160, 160, dtype=torch.float64, requires_grad=True)
    seen = []
    for row in (80, 81, 82, 83):
        (gradient,) = torch.autograd.grad(network(image)[0, 0, row, 80], image)
        rows = gradient[0, 0].sum(1).nonzero()
        seen.append(max(row - int(rows.min()), int(rows.max()) - row))
    assert max(seen) <= network.halo <= max(seen) + 2 * network.multiple + 8


@pytest.mark.parametrize("size", [14, 4, (16, 18)])
def test_sizes_that_cannot_be_halved(size, make):
    with pytest.raises(Unsupported, match="a multiple of 4 and at least 8, not"):
        make(size=size)


@pytest.mark.parametrize("options", [{"halvings": 0}, {"enhancers": -1}, {"enhancers": 3}, {"blocks": -1}])
def test_wrong_options(options, make):
    with pytest.raises(UsageError, match="pix2pixhd needs halvings >= 1"):
        make(**options)
