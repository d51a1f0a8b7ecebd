"""Translate an image with a model that gantk exported; needs onnxruntime, numpy and Pillow, and no gantk.

python translate.py MODEL IN OUT
"""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
"""What is read. Pillow knows more formats, some of which start other programs."""


def main(model: str, source: str, target: str) -> None:
    """Translate the image file `source` to `target`."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    card = session.get_modelmeta().custom_metadata_map
    taken, given = (json.loads(card[f"gantk.{end}"])[0] for end in ("inputs", "outputs"))
    if card["gantk.task"] != "translate" or (taken["dtype"], taken["layout"]) != ("uint8", "NHWC"):
        sys.exit(f"{model}: not a model that translates 8-bit images as they are")
    picture = eight_bits(ImageOps.exif_transpose(Image.open(source, formats=FORMATS)), MODES[taken["channels"]])
    if size := json.loads(card["gantk.size"]):
        height, width = (size, size) if isinstance(size, int) else size
        picture = ImageOps.fit(picture, (width, height))
    pixels = np.asarray(picture).reshape(1, picture.height, picture.width, taken["channels"])
    (answer,) = session.run([given["name"]], {taken["name"]: pixels})
    Image.fromarray(answer[0] if given["channels"] > 1 else answer[0, :, :, 0]).save(target)


def eight_bits(picture: Image.Image, mode: str) -> Image.Image:
    """Return a picture in a mode of 8 bits, over white where it is transparent."""
    if picture.mode.startswith("I"):
        # Of 16 bits of grey the upper 8 are kept; Pillow's own conversion makes all above 255 white.
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.has_transparency_data and mode != "RGBA":
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert(mode)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
