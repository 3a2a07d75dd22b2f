"""The error for everything that a user may give us."""

__all__ = ["InputError"]


class InputError(ValueError):
    """Bad input: one sentence that names the input and the mend.

    The command line shows it as pytest's ``UsageError`` (exit code 4), :func:`pytest_speedbump.slow` lets it through.
    """
