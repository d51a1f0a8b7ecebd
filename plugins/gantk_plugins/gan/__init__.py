"""Recipes that make images of noise, by a game of two players."""
