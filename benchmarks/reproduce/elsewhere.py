"""Numbers that papers of built-in recipes print and that are not repeated here, and what repeating them takes."""

import textwrap
from dataclasses import dataclass


@dataclass(frozen=True)
class Elsewhere:
    """What a paper's table measures.

    Attributes:
        plugin: the recipe or the game.
        paper: authors and arXiv id.
        printed: the measure, with the paper's number where its text or its authors' code was at hand to copy it from.
        needs: data, labels or people that measuring takes.
    """

    plugin: str
    paper: str
    printed: str
    needs: str


ELSEWHERE = (
    Elsewhere(
        "cut",
        "Park et al. 2020, arXiv:2007.15651",
        "FID, horses to zebras 45.5, cats to dogs 76.2; CycleGAN without identity loss 77.2 on the former",
        "horse2zebra, AFHQ; Inception",
    ),
    Elsewhere(
        "cyclegan",
        "Zhu et al. 2017, arXiv:1703.10593",
        "FCN scores of labels to photographs: 0.52 of pixels, 0.17 of classes, IoU 0.11",
        "Cityscapes; an FCN-8s trained on it",
    ),
    Elsewhere(
        "pix2pix",
        "Isola et al. 2017, arXiv:1611.07004",
        "FCN scores of labels to photographs: 0.66 of pixels, 0.23 of classes, IoU 0.17",
        "Cityscapes; an FCN-8s trained on it",
    ),
    Elsewhere(
        "pix2pixhd",
        "Wang et al. 2018, arXiv:1711.11585",
        "accuracy of pixels and mean IoU by a PSPNet",
        "Cityscapes at 2048 x 1024; a PSPNet trained on it",
    ),
    Elsewhere(
        "spade",
        "Park et al. 2019, arXiv:1903.07291",
        "mean IoU 37.4, accuracy 67.9, FID 22.6 on COCO-Stuff; 38.5, 79.9, 33.9 on ADE20K; 62.3, 81.9, 71.8 on "
        "Cityscapes",
        "these three; segmenters trained on them; Inception",
    ),
    Elsewhere(
        "srgan",
        "Ledig et al. 2017, arXiv:1609.04802",
        "PSNR and SSIM of Y at x4: without the game 32.05, 0.9019 on Set5 and 28.49, 0.8184 on Set14; with it 29.40, "
        "0.8472 and 26.02, 0.7397",
        "350,000 images of ImageNet; Set5, Set14; VGG-19",
    ),
    Elsewhere(
        "stargan",
        "Choi et al. 2018, arXiv:1711.09020",
        "error of a classifier of expressions on translated faces",
        "RaFD, given out on request; the classifier",
    ),
    Elsewhere("combogan", "Anoosheh et al. 2017, arXiv:1712.06909", "none; pictures", "14 painters, 4 seasons"),
    Elsewhere("xgan", "Royer et al. 2017, arXiv:1711.05139", "none; pictures", "CartoonSet, VGG-Face"),
    Elsewhere(
        "unit",
        "Liu et al. 2017, arXiv:1703.00848",
        "accuracy of a classifier that is taken from one set of digits to another",
        "SVHN, MNIST, USPS; the adaptation, which is not in `unit` here (`cogan` has its own)",
    ),
    Elsewhere(
        "munit",
        "Huang et al. 2018, arXiv:1804.04732",
        "people's preference, diversity by LPIPS, conditional Inception score",
        "edges to shoes and handbags, animals; people; AlexNet, Inception",
    ),
    Elsewhere(
        "nice-gan",
        "Chen et al. 2020, arXiv:2003.00273",
        "FID and KID, horses and zebras, cats and dogs, photographs and paintings",
        "these sets; Inception",
    ),
    Elsewhere(
        "ganilla",
        "Hicsonmez et al. 2020, arXiv:2002.05638",
        "accuracy of a classifier of styles, and of one of contents",
        "9,448 illustrations of 24 artists; the classifiers",
    ),
    Elsewhere("carigan", "Cao et al. 2018, arXiv:1811.00222", "people's answers", "CelebA, WebCaricature; people"),
    Elsewhere(
        "sg2im", "Johnson et al. 2018, arXiv:1804.01622", "Inception score", "COCO-Stuff, Visual Genome; Inception"
    ),
    Elsewhere(
        "lapgan",
        "Denton et al. 2015, arXiv:1506.05751",
        "Parzen log-likelihood at several scales, how often people take a sample for real",
        "CIFAR-10, STL-10, LSUN; people",
    ),
    Elsewhere(
        "stackgan",
        "Zhang et al. 2016, arXiv:1612.03242",
        "Inception score, people's ranks",
        "CUB, Oxford-102, COCO and their captions; Inception, people",
    ),
    Elsewhere(
        "stackgan++",
        "Zhang et al. 2017, arXiv:1710.10916",
        "Inception score, FID, people's ranks",
        "CUB, Oxford-102, COCO and their captions, LSUN, ImageNet's dogs and cats; Inception, people",
    ),
    Elsewhere(
        "singan",
        "Shaham et al. 2019, arXiv:1905.01164",
        "how often people take a sample for the picture; SIFID",
        "50 photographs of Places; people; Inception",
    ),
    Elsewhere(
        "sngan",
        "Miyato et al. 2018, arXiv:1802.05957",
        "Inception score and FID",
        "CIFAR-10, STL-10, ImageNet at 128 px; Inception",
    ),
    Elsewhere("wgan-lp", "Petzka et al. 2018, arXiv:1709.08894", "Inception score", "CIFAR-10; Inception"),
    Elsewhere("wgan-div", "Wu et al. 2018, arXiv:1712.01026", "FID", "CIFAR-10, CelebA, LSUN; Inception"),
    Elsewhere("sagan", "Zhang et al. 2018, arXiv:1805.08318", "Inception score, FID", "ImageNet at 128 px; Inception"),
    Elsewhere(
        "biggan",
        "Brock et al. 2018, arXiv:1809.11096",
        "Inception score, FID",
        "ImageNet at 128 px, batches of 2048; Inception",
    ),
    Elsewhere(
        "mad-gan",
        "Ghosh et al. 2017, arXiv:1704.02906",
        "distances of histograms of points on a line; modes of Stacked MNIST",
        "a mixture on a line, Stacked MNIST and the classifier of its digits",
    ),
    Elsewhere(
        "s3gan",
        "Lucic et al. 2019, arXiv:1903.02271",
        "Inception score, FID, with 10% and 20% of the labels",
        "ImageNet at 128 px, batches of 2048; Inception",
    ),
    Elsewhere(
        "pggan",
        "Karras et al. 2017, arXiv:1710.10196",
        "sliced Wasserstein distances, MS-SSIM, Inception score",
        "CelebA-HQ, LSUN, CIFAR-10; days of GPUs; Inception",
    ),
    Elsewhere(
        "stylegan",
        "Karras et al. 2018, arXiv:1812.04948",
        "FID 4.40, path lengths, separability",
        "FFHQ, CelebA-HQ at 1024 px; a week of GPUs; Inception",
    ),
    Elsewhere(
        "stylegan2",
        "Karras et al. 2019, arXiv:1912.04958",
        "FID 2.84, path lengths, precision and recall",
        "FFHQ at 1024 px, LSUN; days of GPUs; Inception",
    ),
    Elsewhere(
        "polymorphic",
        "Kim et al. 2022, arXiv:2206.02903",
        "FID, segmentation transfer, translation",
        "faces of people, animals and drawings at 256 px and more; Inception",
    ),
    Elsewhere(
        "pixelcnn",
        "van den Oord et al. 2016, arXiv:1601.06759",
        "3.14 bits per dimension; gated (arXiv:1606.05328) 3.03",
        "CIFAR-10, ImageNet, days of GPUs; 60,000 binary digits",
    ),
    Elsewhere(
        "pixelrnn",
        "van den Oord et al. 2016, arXiv:1601.06759",
        "3.00 bits per dimension; 79.20 nats on binary digits",
        "CIFAR-10, ImageNet, days of GPUs; 60,000 binary digits",
    ),
    Elsewhere(
        "glow",
        "Kingma and Dhariwal 2018, arXiv:1807.03039",
        "3.35 bits per dimension",
        "CIFAR-10, ImageNet, LSUN, CelebA-HQ; days of GPUs",
    ),
    Elsewhere(
        "palette",
        "Saharia et al. 2021, arXiv:2111.05826",
        "FID, classification accuracy, perceptual distance",
        "ImageNet, Places2; batches of 1,024 on TPUs; Inception, a classifier",
    ),
    Elsewhere(
        "ddpm",
        "Ho et al. 2020, arXiv:2006.11239",
        "FID 3.17, Inception score 9.46, 3.75 bits per dimension at most",
        "CIFAR-10, 800,000 steps of a TPU; Inception",
    ),
    Elsewhere("began", "Berthelot et al. 2017, arXiv:1703.10717", "Inception score", "CIFAR-10; Inception"),
    Elsewhere(
        "dragan",
        "Kodali et al. 2017, arXiv:1705.07215",
        "a score of their own, by a softmax regression",
        "MNIST, CIFAR-10; their classifier",
    ),
    Elsewhere(
        "relativistic",
        "Jolicoeur-Martineau 2018, arXiv:1807.00734",
        "FID: standard game 40.64, relativistic 36.61, relativistic average 31.98",
        "CIFAR-10, 100,000 steps of a GPU; Inception",
    ),
    Elsewhere(
        "f-gan",
        "Nowozin et al. 2016, arXiv:1606.00709",
        "log-likelihoods of digits by Parzen windows, a divergence each",
        "MNIST's 60,000 digits; `--metric parzen` measures it",
    ),
)
"""What was not tried, by recipe; numbers from memory are left out."""


def section() -> str:
    """Return the ledger's section on them."""
    said = (
        "These papers measure what takes their data, other trained networks or people. None of it was run. Numbers "
        "stand where they could be copied from the paper, its authors' code or a quotation; others are left out rather "
        "than remembered."
    )
    rows = "\n".join(f"| `{each.plugin}`<br>{each.paper} | {each.printed} | {each.needs} |" for each in ELSEWHERE)
    return (
        f"\n## Not run: what needs other data\n\n{textwrap.fill(said, 120)}\n\n"
        f"| Recipe or game | What its paper prints | What that takes |\n|---|---|---|\n{rows}\n"
    )
