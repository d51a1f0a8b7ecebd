"""Adversarial games."""
