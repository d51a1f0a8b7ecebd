"""The command that shows what a model does."""

from pathlib import Path

from gantk.runtime.captions import example as example_text
from gantk.runtime.card import Card
from gantk.runtime.images import pictured
from gantk.text import pasted


def example(model: Path | str, card: Card) -> str:
    """Return it, as it is pasted into a shell, for a model that is said by its file or its name."""
    texts = [port for port in card.numbers_in if port.kind == "caption"]
    captions = [
        pasted("--caption", f"{port.name}={example_text(port)}" if texts[1:] else example_text(port)) for port in texts
    ]
    if card.task == "generate":
        port = card.image_out
        sheet = "sheet.png" if pictured(port.channels, port.pixel) else "samples.npy"
        return " ".join([pasted("gantk", "generate", model), *captions, pasted("-o", sheet)])
    said = [f"--image {port.name}=FILE" for port in card.images_in[1:]]
    for numbers in card.numbers_in:
        if numbers.kind == "category" and numbers.default is None:
            said.append(pasted("--label", f"{numbers.name}={numbers.names[0] if numbers.names else 0}"))
    said += captions
    out = {"translate": ["-o OUT"], "encode": ["-o OUT.npz"], "score": []}[card.task]
    return " ".join([pasted("gantk", card.task, model), "IMAGES", *out, *said])
