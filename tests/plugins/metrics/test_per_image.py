"""L1, PSNR and SSIM against what is known of them, on translations and reconstructions."""

import math

import pytest
import torch
from torch.nn.functional import avg_pool2d, interpolate

from gantk import Unsupported, UsageError
from gantk_plugins.metrics.l1 import L1
from gantk_plugins.metrics.psnr import PeakSignalToNoise
from gantk_plugins.metrics.ssim import StructuralSimilarity


@pytest.fixture
def measured(subject, graph):
    def measure(metric, compute, source, target, keys=("source", "target"), kind="paired"):
        translation = graph("translate", keys[:1], keys[1:], compute)
        data = {"source": source, "target": target} if kind == "paired" else {"image": source}
        (score,) = metric.measure(subject(translation, kind, test=data, size=source.shape[2]))
        return score

    return measure


def test_l1_is_the_mean_over_images_with_its_standard_error(measured):
    source, target = torch.zeros(2, 1, 2, 2), torch.stack([torch.full((1, 2, 2), 0.5), torch.full((1, 2, 2), -1.0)])
    score = measured(L1(), lambda images: images + 0.25, source, target)
    assert score.value == pytest.approx((0.25 + 1.25) / 2)
    assert score.error == pytest.approx(math.sqrt(0.5) / math.sqrt(2))
    assert score.details == {"doing_nothing": 0.75, "ratio": 1.0}


def test_a_perfect_translation(measured, pictures):
    source, target = pictures("flat", 4), pictures("3d", 4)
    assert measured(L1(), lambda _: target, source, target).value == 0.0
    assert measured(StructuralSimilarity(), lambda _: target, source, target).value == pytest.approx(1.0)
    assert measured(PeakSignalToNoise(), lambda _: target, source, target).value == math.inf


def test_aligned_pairs_are_the_truth_of_unpaired_training_in_both_directions(measured, pictures):
    flat, shaded = pictures("flat", 3), pictures("3d", 3)
    there = measured(L1(), lambda images: images - 0.1, flat, shaded, ("a", "b"))
    back = measured(L1(), lambda images: images - 0.1, flat, shaded, ("b", "a"))
    assert there.value == pytest.approx(float((flat - 0.1 - shaded).abs().mean()), rel=1e-5)
    assert back.value == pytest.approx(float((shaded - 0.1 - flat).abs().mean()), rel=1e-5)
    assert there.details["doing_nothing"] == back.details["doing_nothing"]


def test_a_reconstruction_is_held_against_its_own_image(measured, pictures):
    score = measured(L1(), lambda images: images * 0.5, pictures("flat", 3), None, ("image", "image"), "images")
    assert score.value == pytest.approx(float(pictures("flat", 3).abs().mean()) / 2, rel=1e-5)
    assert score.details == {"doing_nothing": None, "ratio": None}


def test_psnr_is_the_mean_of_each_images_ratio(measured):
    source, target = torch.zeros(2, 3, 2, 2), torch.zeros(2, 3, 2, 2)
    target[0], target[1] = 0.2, 0.02  # 0.1 and 0.01 on the scale of [0, 1]
    score = measured(PeakSignalToNoise(), lambda images: images, source, target)
    assert score.value == pytest.approx((20 + 40) / 2, rel=1e-5)


def test_ssim_of_flat_images_is_that_of_their_levels(measured):
    """Without structure it is (2 x y + c1) / (x^2 + y^2 + c1), c1 = 0.01^2."""
    source = torch.full((2, 1, 12, 12), -0.5)  # 0.25 in [0, 1]
    score = measured(StructuralSimilarity(), lambda images: images, source, -source)
    assert score.value == pytest.approx((2 * 0.25 * 0.75 + 1e-4) / (0.25**2 + 0.75**2 + 1e-4), rel=1e-9)


def test_ssim_falls_with_noise_and_needs_its_window(measured, pictures):
    flat = pictures("flat", 3)
    mild, strong = (
        measured(StructuralSimilarity(), lambda images, by=by: images + by * torch.randn(images.shape), flat, flat)
        for by in (0.05, 0.5)
    )
    assert strong.value < mild.value < 1
    with pytest.raises(Unsupported, match="images of 11 pixels at least, not of 8"):
        measured(StructuralSimilarity(), lambda images: images, flat[:, :, :8, :8], flat[:, :, :8, :8])


def test_unpaired_data_is_refused(subject, graph):
    translation = graph("translate", ("a",), ("b",), lambda images: images)
    images = torch.zeros(2, 1, 4, 4)
    found = subject(translation, "unpaired", test={"a": images, "b": images}, size=4)
    with pytest.raises(Unsupported, match="needs the truth, and arrays holds no pairs"):
        L1().measure(found)


@pytest.mark.parametrize(
    ("colour", "brightness"),
    [((1.0, 1.0, 1.0), 235), ((0.0, 0.0, 0.0), 16), ((1.0, 0.0, 0.0), 81.481), ((0.0, 0.5, 0.0), 80.2765)],
)
def test_brightness_is_that_of_the_standard(colour, brightness):
    image = torch.tensor(colour, dtype=torch.float64).view(1, 3, 1, 1) * 2 - 1
    seen = L1(brightness=True)._seen(image)
    assert seen.shape == (1, 1, 1, 1)
    assert ((seen + 1) * 127.5).item() == pytest.approx(brightness)


def test_brightness_alone_and_a_border_that_is_left_out(measured):
    """An error of 0.1 in [0, 1] of all colours is one of 219 / 255 of that; within the border nothing counts."""
    source = torch.zeros(2, 3, 8, 8)
    target = source.clone()
    target[:, :, 2:-2, 2:-2] = 0.2
    target[:, :, 0] = 1.0
    score = measured(PeakSignalToNoise(brightness=True, border=2), lambda images: images, source, target)
    assert score.value == pytest.approx(20 - 20 * math.log10(219 / 255), rel=1e-5)
    assert "brightness (Y of BT.601, 16 to 235 of 255) alone, without 2 pixels at each side; mean" in score.protocol


def test_what_is_enlarged_stands_beside_a_bicubic_enlargement(subject, graph, pictures):
    high = pictures("3d", 3)
    low = avg_pool2d(high, 4)
    plain = interpolate(low, (32, 32), mode="bicubic").clamp(-1, 1)
    enlarging = graph("translate", ("low",), ("high",), lambda images: interpolate(images, scale_factor=4.0), scale=4)
    found = subject(enlarging, "images", test={"image": high}, size=32)
    (score,) = L1().measure(found)
    assert list(score.details) == ["bicubic", "ratio"]
    assert score.details["ratio"] == pytest.approx(score.value / score.details["bicubic"])
    assert score.details["bicubic"] == pytest.approx((plain - high).abs().mean().item(), rel=0.1)


def test_brightness_and_borders_that_cannot_be(measured):
    grey, colour = torch.zeros(2, 1, 8, 8), torch.zeros(2, 3, 8, 8)
    with pytest.raises(Unsupported, match="brightness is of RGB images, of 3 channels, not of 1"):
        measured(L1(brightness=True), lambda images: images, grey, grey)
    with pytest.raises(Unsupported, match="a border of 4 leaves nothing of images of 8 pixels"):
        measured(L1(border=4), lambda images: images, colour, colour)
    with pytest.raises(UsageError, match="border: -1 is below 0"):
        L1(border=-1)
