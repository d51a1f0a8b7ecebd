"""Recipes that encode images and decode them."""
