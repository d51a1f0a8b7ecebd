"""Flows, which lead from images to noise and exactly back."""
