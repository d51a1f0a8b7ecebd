"""Recipes that make images of noise, of styles or by growing."""
