"""Scores of what was trained: a run's graphs, or an exported model."""
