"""The one family of errors that a person is meant to read.

Knows: a message and an exit status. The command line prints the message as one line; no traceback unless --debug.
"""

from __future__ import annotations


class LlmosError(Exception):
    """Something failed; the message says what was wrong and what to do. Exit status 1."""

    status = 1


class UsageError(LlmosError):
    """The person asked for something that cannot be. Exit status 2."""

    status = 2


class ModelFileError(LlmosError):
    """A model file is missing, damaged or of a kind we do not read."""
