"""The training loop and all it owns."""
