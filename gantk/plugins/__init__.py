"""The plugins: found, described, imported and chosen."""
