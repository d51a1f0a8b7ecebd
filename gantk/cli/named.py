"""Values that are said by name, as NAME=VALUE."""

import click


def named_value(item: str) -> tuple[str, str]:
    """Return the name and the value of what follows `-s`. Raises UsageError of click where it has not both."""
    name, equals, value = item.partition("=")
    if not equals or not name:
        raise click.UsageError(f"-s {item}: say NAME=VALUE, such as -s generator.filters=32")
    return name, value
