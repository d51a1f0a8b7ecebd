"""Exported models, run without torch."""
