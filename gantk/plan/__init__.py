"""What a run will be: its parts, options, settings and data, from what the user said."""
