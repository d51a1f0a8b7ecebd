"""The training of a recipe, from its first step to its last, and what it leaves."""
