"""Mean L1 of a trained translation to the truth on held-out images, beside that of doing nothing.

    python benchmarks/held_out.py runs/cyclegan-emoji

The scale is [-1, 1]; every held-out pair counts once. The run's data must hold aligned pairs.
"""

import argparse
from pathlib import Path

import torch

from gantk.data.loading import Crops, held_out_batch
from gantk.engine.open_data import open_data
from gantk.engine.run import open_run
from gantk.engine.trained import load_trained


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--graph", help="which translation; default: the first")
    arguments = parser.parse_args()

    trained = load_trained(arguments.run)
    graphs = trained.recipe.graphs()
    name = arguments.graph or next(iter(graphs))
    config = open_run(arguments.run).config
    dataset = open_data(config)
    batch = held_out_batch(dataset, "paired", Crops(size=config.set["size"]), slice(None), torch.device("cpu"))
    source, target = batch["source"], batch["target"]
    if name == "b_to_a":
        source, target = target, source
    with torch.no_grad():
        output = torch.cat([graphs[name].network(part) for part in source.split(16)])
    nothing, error = (image.sub(target).abs().mean().item() for image in (source, output))
    print(
        f"{trained.run} step {trained.step}, {name}, {len(source)} held-out images: mean L1 {error:.4f}, "
        f"doing nothing {nothing:.4f}, ratio {error / nothing:.3f}"
    )


main()
