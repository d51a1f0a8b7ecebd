"""Measures of what was trained, one file each."""
