"""Images value by value, each drawn of those before it."""
