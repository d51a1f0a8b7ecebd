"""Recipes that translate images."""
