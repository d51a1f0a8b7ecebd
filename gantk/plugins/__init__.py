"""Finding, describing, loading and choosing plugins."""
