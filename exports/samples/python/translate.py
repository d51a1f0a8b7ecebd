"""Translate an image with a model that gantk exported; needs onnxruntime, numpy and Pillow, and no gantk.

python translate.py MODEL IN OUT [NAME=VALUE ...]

NAME=VALUE says a further input: a category by its name or index, a number, a text, an image by its file.
"""

import json
import sys
import unicodedata

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

IMAGES = ("image", "labels")
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
"""What is read. Pillow knows more formats, some of which start other programs."""


def main(model: str, source: str, target: str, *said: str) -> None:
    """Translate the image file `source` to `target`."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    card = session.get_modelmeta().custom_metadata_map
    inputs, (given,) = (json.loads(card[f"gantk.{end}"]) for end in ("inputs", "outputs"))
    first = next((port for port in inputs if port["kind"] in IMAGES), None)
    if card["gantk.task"] != "translate" or first is None or first["dtype"] != "uint8" or first["layout"] == "NCHW":
        sys.exit(f"{model}: not a model that translates 8-bit images as they are")
    values = dict(each.split("=", 1) for each in said if "=" in each)
    if unknown := values.keys() - {port["name"] for port in inputs if port is not first}:
        sys.exit(f"{model}: takes no {min(unknown)}")
    size = json.loads(card["gantk.size"])
    sides = (size, size) if isinstance(size, int) else size
    tensors = {first["name"]: pixels(source, first, sides)}
    height_width = tensors[first["name"]].shape[1:3]
    for port in inputs:
        if port is not first:
            tensors[port["name"]] = tensor(port, values.get(port["name"]), height_width)
    (answer,) = session.run([given["name"]], tensors)
    picture = Image.fromarray(answer[0] if answer.ndim == 3 or given["channels"] > 1 else answer[0, :, :, 0])
    if given["kind"] == "labels":
        picture = Image.frombytes("P", picture.size, picture.tobytes())
        picture.putpalette([part for colour in given["palette"]["colours"] for part in colour])
    picture.save(target)


def pixels(file: str, port: dict, sides: tuple[int, int] | None) -> np.ndarray:
    """Return an image file as a port's tensor, cut to height and width where these are said."""
    if port["kind"] == "labels":
        return ids(file, port["palette"], sides)
    picture = eight_bits(ImageOps.exif_transpose(Image.open(file, formats=FORMATS)), MODES[port["channels"]])
    if sides:
        picture = ImageOps.fit(picture, (sides[1], sides[0]))
    return np.asarray(picture).reshape(1, picture.height, picture.width, port["channels"])


def ids(file: str, palette: dict, sides: tuple[int, int] | None) -> np.ndarray:
    """Return a label map of the training's own values, grey or colours, or of the colours shown, as ids (1, H, W)."""
    picture = Image.open(file, formats=FORMATS)
    picture = ImageOps.exif_transpose(picture if picture.mode == "L" else picture.convert("RGB"))
    if sides:
        picture = ImageOps.fit(picture, (sides[1], sides[0]), Image.Resampling.NEAREST)
    pixels = np.asarray(picture).reshape(picture.height, picture.width, -1)
    of_values = pixels.shape[2] == len(palette["values"][0])
    known = np.array(palette["values" if of_values else "colours"])
    apart = (pixels[:, :, None, :] != known).any(3)
    if apart.all(2).any():
        sys.exit(f"{file}: holds the value {pixels[apart.all(2)][0].tolist()}, which is none of {known.tolist()}")
    return apart.argmin(2).astype(np.uint8)[None]


def tensor(port: dict, said: str | None, sides: tuple[int, int]) -> np.ndarray:
    """Return the tensor of a further input: what is said of it, else its default."""
    if port["kind"] == "latent":
        return np.zeros((1, *(port.get("shape") or [port["length"]])), np.float32)
    if said is None and "default" not in port:
        sys.exit(f"say {port['name']}=VALUE, which the model takes besides")
    if port["kind"] in IMAGES:
        return pixels(said, port, sides)
    if port["kind"] == "caption":
        return tokens(port, said)
    if port["kind"] == "category" and said in port["names"]:
        said = port["names"].index(said)
    try:
        return np.array([port["default"] if said is None else float(said)]).astype(port["dtype"])
    except ValueError:
        sys.exit(f"{port['name']} cannot be {said}: it is one of {', '.join(port['names']) or 'the numbers'}")


def tokens(port: dict, text: str) -> np.ndarray:
    """Return the numbers of a text's words, by the rule that the port states, (1, length)."""
    text = unicodedata.normalize("NFC", text).lower()
    words = "".join(one if unicodedata.category(one)[0] in "LMN" else " " for one in text).split()
    if unknown := [word for word in words if word not in port["words"]]:
        sys.exit(f"{port['name']}: the model does not know {', '.join(unknown)}")
    if len(words) > port["length"]:
        sys.exit(f"{port['name']} has {len(words)} words, and the model reads {port['length']}")
    numbers = [port["words"].index(word) + 1 for word in words]
    return np.array([numbers + [0] * (port["length"] - len(words))])


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
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
