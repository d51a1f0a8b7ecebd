"""Generators, discriminators, and what they are built of."""
