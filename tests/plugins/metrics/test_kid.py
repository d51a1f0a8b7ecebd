"""KID with an extractor of one's own, its closed form, and the network that comes along on real images."""

import pytest
import torch

from gantk import Latent, Unsupported, UsageError
from gantk_plugins.metrics.extractors import extractor
from gantk_plugins.metrics.kid import KID

NOISE = Latent(length=1)


def unbiased(x, y):
    """Return the squared maximum mean discrepancy of features (m, d) by its definition, term by term."""
    m, d = x.shape

    def kernel(a, b):
        return float(a @ b / d + 1) ** 3

    within = sum(kernel(s[i], s[j]) for s in (x, y) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return within - 2 * sum(kernel(a, b) for a in x for b in y) / m**2


def test_all_images_as_one_subset_give_the_definitions_value(subject, graph, pooled):
    real, made = torch.rand(6, 3, 4, 4) * 2 - 1, torch.rand(6, 3, 4, 4) - 0.5
    generator = graph("generate", (NOISE,), ("image",), lambda noise: made)
    found = subject(generator, test={"image": real}, size=4)
    (score,) = KID(images=6, subset=6, subsets=1, extractor=pooled(4)).measure(found)
    assert score.value == pytest.approx(unbiased(real.mean((2, 3)).double(), made.mean((2, 3)).double()), rel=1e-4)
    assert score.error == 0.0
    assert score.details["extractor"].startswith("pooled.onnx (sha256 ")


def test_the_extractor_sees_three_channels_of_its_size_in_range(subject, graph, pooled):
    network = extractor(pooled(8), torch.device("cpu"))
    seen = []
    network.features = lambda images: seen.append(images) or images.flatten(1)
    network(torch.full((2, 1, 4, 4), 1.5))
    assert seen[0].shape == (2, 3, 8, 8)
    assert seen[0].max() == 1.0
    with pytest.raises(Unsupported, match="grey or RGB images, not those of 2 channels"):
        network(torch.zeros(1, 2, 4, 4))


def test_a_file_that_states_no_size_gets_images_as_they_are(pooled):
    network = extractor(pooled("side"), torch.device("cpu"))
    assert network.size is None
    assert network(torch.full((1, 1, 5, 5), 0.5)).tolist() == [[0.5] * 3]


def test_the_same_distribution_is_near_zero_and_another_is_not(subject, graph, pooled):
    real = torch.rand(200, 3, 2, 2)
    same, other = torch.rand(100, 3, 2, 2), -torch.rand(100, 3, 2, 2)

    def measured(made):
        generator = graph("generate", (NOISE,), ("image",), lambda noise: made)
        (score,) = KID(images=100, extractor=pooled(2)).measure(subject(generator, test={"image": real}))
        return score

    assert measured(same).details["subset"] == 50
    assert abs(measured(same).value) < 0.02
    assert measured(other).value > 0.5


def test_translations_are_held_against_the_target(subject, graph, pooled):
    a, b = torch.full((8, 3, 4, 4), -1.0), torch.full((8, 3, 4, 4), 1.0)
    found = {"test": {"source": a, "target": b}, "size": 4}
    options = {"subset": 4, "subsets": 2, "extractor": pooled(4)}
    right = graph("translate", ("a",), ("b",), lambda images: -images)
    wrong = graph("translate", ("a",), ("b",), lambda images: images)
    assert KID(**options).measure(subject(right, "paired", **found))[0].value == pytest.approx(0.0, abs=1e-6)
    # All features alike: k(x, x) = 8 within, k(x, y) = 0 between.
    assert KID(**options).measure(subject(wrong, "paired", **found))[0].value == pytest.approx(16.0)
    assert KID(images=5, **options).measure(subject(right, "paired", **found))[0].details["made"] == 5


def test_training_images_may_be_the_reference(subject, graph, pooled):
    generator = graph("generate", (NOISE,), ("image",), lambda noise: torch.zeros(len(noise), 3, 4, 4))
    found = subject(generator, train={"image": torch.zeros(9, 3, 4, 4)}, size=4)
    (score,) = KID(images=4, subset=2, reference="training", extractor=pooled(4)).measure(found)
    assert found.read == {"training": 4}
    assert "4 made and 4 training images" in score.protocol


def test_too_few_images_and_wrong_options_are_refused(subject, graph, pooled, tmp_path):
    generator = graph("generate", (NOISE,), ("image",), lambda noise: torch.zeros(len(noise), 3, 4, 4))
    found = subject(generator, test={"image": torch.zeros(3, 3, 4, 4)}, size=4)
    with pytest.raises(Unsupported, match="subsets of 2 images at least: 8 were made, 3 are real"):
        KID(images=8, extractor=pooled(4)).measure(found)
    for options in ({"images": 0}, {"subset": 1}, {"subsets": 0}):
        with pytest.raises(UsageError, match="kid needs"):
            KID(**options)
    with pytest.raises(UsageError, match="inception is neither efficientnet-lite0 nor an .onnx file"):
        KID(extractor="inception").measure(found)
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(UsageError, match="not an ONNX file that can be run"):
        KID(extractor=str(tmp_path / "broken.onnx")).measure(found)


def test_the_network_that_comes_along_tells_flat_emoji_from_shaded_ones(subject, graph, pictures):
    flat = pictures("flat", 24)
    same = graph("generate", (NOISE,), ("image",), lambda noise: flat[1::2])
    other = graph("generate", (NOISE,), ("image",), lambda noise: pictures("3d", 12))

    def measured(generator):
        found = subject(generator, test={"image": flat[::2]}, size=32)
        (score,) = KID(images=12, subset=12, subsets=1).measure(found)
        return score

    near, far = measured(same), measured(other)
    assert abs(near.value) < 0.02 < 0.04 < far.value
    assert near.details["extractor"] == "efficientnet-lite0 (ImageNet, 1280 features)"
    assert len(near.details["sha256"]) == 64


def test_features_of_the_same_images_are_computed_once(pooled):
    network = extractor(pooled(4), torch.device("cpu"))
    asked = []
    plain = network.features
    network.features = lambda images: asked.append(len(images)) or plain(images)
    images = torch.rand(3, 3, 4, 4, generator=torch.Generator().manual_seed(77))
    first, again, other = network(images), network(images.clone()), network(images[:2])
    assert asked == [3, 2]
    assert torch.equal(first, again)
    assert torch.equal(first[:2], other)
