"""The parts that `gantk plugin new` writes, against their papers' equations and hand-made values."""

from importlib.util import module_from_spec, spec_from_file_location

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from gantk import DataError, Unsupported, UsageError
from gantk.cli.scaffold import TEMPLATES


def template(part):
    spec = spec_from_file_location(f"template_{part}", TEMPLATES / f"{part}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("label", [0.9, 1.0])
def test_the_loss_is_the_cross_entropy_with_a_smoothed_label(label):
    game = template("loss").SmoothedLabels(real_label=label)
    real, fake = torch.randn(2, 5, dtype=torch.float64)
    wanted = binary_cross_entropy_with_logits(real, torch.full_like(real, label))
    wanted = wanted + binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    torch.testing.assert_close(game.discriminator(real, fake), wanted)
    torch.testing.assert_close(game.generator(fake), binary_cross_entropy_with_logits(fake, torch.ones_like(fake)))


def test_the_best_score_of_real_images_is_that_of_the_label():
    game = template("loss").SmoothedLabels(real_label=0.9)
    score = torch.tensor(0.9).logit().double().requires_grad_()
    game.discriminator(score, torch.zeros(())).backward()
    assert float(score.grad) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("label", [0.5, 1.1])
def test_a_label_that_says_nothing_is_refused(label):
    with pytest.raises(UsageError, match="real_label must be in"):
        template("loss").SmoothedLabels(real_label=label)


def test_each_group_of_channels_has_mean_zero_and_variance_one():
    norm = template("normalization").Groups(groups=4)
    x = 3 * torch.randn(2, 12, 5, 5) + 7
    groups = norm.activation(12)(x).view(2, 4, -1)
    torch.testing.assert_close(groups.mean(2), torch.zeros(2, 4), atol=1e-5, rtol=0)
    torch.testing.assert_close(groups.var(2, correction=0), torch.ones(2, 4), atol=1e-3, rtol=0)
    assert norm.activation(6).num_groups == 2
    with pytest.raises(Unsupported):
        norm.activation(12, condition=3)


def test_sharpness_is_the_variance_of_the_laplacian():
    image = torch.zeros(1, 1, 5, 5)
    image[0, 0, 2, 2] = 1
    # Inside the border: -4 at the point, 1 at its four neighbours, 0 elsewhere; the mean is 0.
    variance = template("metric").laplacian_variance(torch.cat([image, torch.ones_like(image)]))
    torch.testing.assert_close(variance, torch.tensor([20 / 9, 0], dtype=torch.float64))


def test_discs_are_outlined_and_filled_at_the_same_place():
    module = template("dataset")
    outline, filled = module.drawn_disc(3, 64)
    assert outline.dtype == np.uint8
    dark = np.argwhere(outline.min(2) == 0)
    disc = np.argwhere(filled.min(2) < 255)
    assert np.abs(dark.mean(0) - disc.mean(0)).max() < 1
    assert np.abs(dark.min(0) - disc.min(0)).max() <= 3
    assert not np.array_equal(outline, module.drawn_disc(4, 64)[0])


def test_the_data_set_holds_out_other_discs_and_refuses_other_kinds():
    discs = template("dataset").discs(None, count=3)
    train, test = (discs.split("paired", share, 16).columns["target"] for share in (False, True))
    assert (len(train), len(test)) == (3, 64)
    assert not any(np.array_equal(one, other) for one in train.array for other in test.array)
    assert discs.fingerprint() != template("dataset").discs(None, count=4).fingerprint()
    with pytest.raises(DataError):
        discs.split("labelled", False, None)
    with pytest.raises(UsageError):
        template("dataset").discs("large")


def test_the_generator_adds_what_its_encoder_saw():
    module = template("generator")
    network = module.AddingNetwork(3, 2, module.Normalization(), filters=4, levels=1)
    for layer in network.ups.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
    image = torch.randn(1, 3, 8, 8)
    torch.testing.assert_close(network(image), network.last(network.first(image)))
    assert (network(image).shape, network.multiple) == ((1, 2, 8, 8), 2)


def test_a_score_reads_its_patch_alone():
    module = template("discriminator")
    network = module.PatchScores(3, module.Normalization(), filters=4, layers=2)
    image = torch.randn(1, 3, 32, 32, requires_grad=True)
    scores = network(image)
    scores[0, 0, 0, 0].backward()
    # A 3x3 convolution behind two of 4x4 and stride 2 reads 18 pixels, of which 7 lie beyond the corner.
    assert scores.shape == (1, 1, 8, 8)
    assert image.grad[..., :11, :11].abs().sum() > 0
    assert image.grad[..., 11:, :].abs().sum() == 0
    assert image.grad[..., :, 11:].abs().sum() == 0
