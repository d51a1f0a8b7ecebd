"""Models behind HTTP: what `gantk serve` runs. Needs the extra `serve`."""
