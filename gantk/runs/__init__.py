"""The folder of a run: its configuration, manifest, checkpoints and records."""
