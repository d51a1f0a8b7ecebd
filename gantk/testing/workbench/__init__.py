"""A plugin that trains parts which are no recipe: see workbench.py."""
