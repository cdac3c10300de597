"""The exceptions that reach a user.

A message names the file or the argument, the value that was found, what was expected, and the
nearest thing that would work: it is the whole of what the command line prints.
"""


class SeptumError(Exception):
    """Anything that the user can put right; the command line prints it and exits with 2."""


class DataError(SeptumError):
    """A file or a folder that does not hold what was expected of it."""


class ConfigError(SeptumError, ValueError):
    """A setting that does not exist, or a value that it cannot take."""
