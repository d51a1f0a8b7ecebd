"""Normalizations of activations and weights."""
