"""Recipes whose critics estimate the Wasserstein distance."""
