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


class Unsupported(UsageError):
    """Raised by a part that cannot do what its spec asks; the message is the reason."""
