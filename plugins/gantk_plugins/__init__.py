"""The built-in plugins, one paper one file."""
