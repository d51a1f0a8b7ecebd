"""Recipes that find codes in images."""
