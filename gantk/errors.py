"""Errors that a user can mend, each told in one to three lines: what, where, what to do."""


class GantkError(Exception):
    """The work failed; the command ends with exit status 1."""

    exit_code = 1


class UsageError(GantkError):
    """gantk was asked wrongly; the command ends with exit status 2."""

    exit_code = 2


class DataError(GantkError):
    """Images or folders that cannot be used as they are."""


class PluginError(GantkError):
    """A plugin that cannot be found, read or imported, or that breaks the protocol."""


class Unsupported(UsageError):  # noqa: N818 (the plan's word, which reads well after raise)
    """Raised by a part that cannot do what its spec asks; the message is the reason."""


def one_line(error: BaseException) -> str:
    """Return an exception as one line."""
    said = str(error.msg if isinstance(error, SyntaxError) else error).strip().splitlines()
    return f"{type(error).__name__}: {said[0]}" if said else type(error).__name__
