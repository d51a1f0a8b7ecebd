"""The protocol of a training algorithm."""
