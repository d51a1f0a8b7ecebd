"""The valid files that are damaged: small images of every format, a run, and its exported model."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, PngImagePlugin

TRAIN = (
    "train --plugin pix2pix --size 32 --steps 2 -s generator.filters=4 -s generator.depth=2 "
    "-s discriminator.filters=4 --precision fp32"
)


def make_material(folder: Path) -> None:
    """Write those of the valid files to a folder that are not there."""
    images, pairs, run, model = (folder / name for name in ("images", "pairs", "run", "model.onnx"))
    if not images.exists():
        _images(images)
    if not run.exists():
        _pairs(pairs)
        _gantk(*TRAIN.split(), "--data", str(pairs), "--out", str(run))
    if not model.exists():
        _gantk("export", str(run), "--out", str(model))


def _gantk(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", "gantk", *arguments], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"gantk {' '.join(arguments)}\n{done.stderr}")


def _picture(seed: int, height: int = 20, width: int = 24, channels: int = 3) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 255, (4, 5, channels), dtype=np.uint8)
    return Image.fromarray(coarse.squeeze()).resize((width, height), Image.Resampling.BICUBIC)


def _pairs(folder: Path) -> None:
    for side in "AB":
        (folder / side).mkdir(parents=True)
        for number in range(6):
            _picture(number, 32, 32).save(folder / side / f"{number}.png")


def _images(folder: Path) -> None:
    folder.mkdir(parents=True)
    plain, alpha, grey = _picture(1), _picture(2, channels=4), _picture(3, channels=1)
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    exif = Image.Exif()
    exif.update({0x112: 6, 0x11A: 72.0, 0x10E: "a picture", 0x8769: {0x9003: "2020:01:01 00:00:00"}})
    text = PngImagePlugin.PngInfo()
    text.add_text("note", "words" * 20, zip=True)
    text.add_itxt("XML:com.adobe.xmp", '<x:xmpmeta tiff:Orientation="6"/>')
    for name, image in {"rgb": plain, "rgba": alpha, "grey": grey, "grey-16": deep}.items():
        image.save(folder / f"{name}.png")
        image.save(folder / f"{name}.tif")
    plain.save(folder / "text.png", pnginfo=text)
    plain.save(folder / "turned.png", exif=exif)
    plain.quantize(16).save(folder / "palette.png", transparency=0)
    plain.save(folder / "plain.jpg", exif=exif)
    plain.save(folder / "progressive.jpg", progressive=True)
    grey.save(folder / "grey.jpg")
    plain.convert("CMYK").save(folder / "cmyk.jpg")
    plain.save(folder / "lossy.webp", exif=exif)
    alpha.save(folder / "lossless.webp", lossless=True)
    plain.save(folder / "plain.bmp")
    plain.quantize(4).save(folder / "palette.bmp")
    frames = [_picture(seed).quantize(8) for seed in range(3)]
    frames[0].save(folder / "animation.gif", save_all=True, append_images=frames[1:], comment=b"three")
    plain.save(folder / "plain.gif")
    plain.save(folder / "plain.avif")
    plain.save(folder / "plain.jp2")
    plain.save(folder / "packed.tif", compression="tiff_lzw")
    values = np.asarray(plain)
    tifffile.imwrite(folder / "float.tif", values.astype(np.float32) / 255)
    tifffile.imwrite(folder / "pages.tif", values.transpose(2, 0, 1), photometric="minisblack")
    tifffile.imwrite(folder / "tiles.tif", np.kron(values, np.ones((2, 2, 1), np.uint8)), tile=(16, 16))
    tifffile.imwrite(folder / "imagej.tif", values.transpose(2, 0, 1), imagej=True, metadata={"axes": "ZYX"})
    tifffile.imwrite(folder / "big.tif", values, bigtiff=True)
    np.save(folder / "values.npy", values)
    np.save(folder / "floats.npy", values.astype(np.float32) / 255)
