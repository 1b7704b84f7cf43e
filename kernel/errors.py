"""What can go wrong inside the machine, as exceptions that a program may catch.

Knows: names and exit statuses. Does not know: who raises them. A program that does not catch one ends with its status.
"""

from __future__ import annotations


class KernelError(Exception):
    """Base of all errors that a call can return to a program."""

    status = 1


class BadCall(KernelError):
    """No such call, or arguments that make no sense."""


class NoSuchProcess(KernelError):
    """No process of that number, or not one's child."""


class NoSuchProgram(KernelError):
    """Nothing of that name is installed."""


class NoSuchChannel(KernelError):
    """The number is not an open channel, or the name is not something that can be opened."""


class LimitReached(KernelError):
    """A limit of `limits.py`; the message names it."""


class OutOfMemory(KernelError):
    """The process can never fit: it needs more frames than the machine has."""

    status = 137


class Denied(KernelError):
    """The monitor or the person refused the call; the message names the rule."""

    status = 126


class DeviceFailed(KernelError):
    """A device refused or broke; the message is the device's own line."""


class Interrupted(KernelError):
    """The person pressed Ctrl-C."""

    status = 130


class Signalled(KernelError):
    """A signal that the program asked to catch came while it waited; `signal` is its name. The call was not made."""

    status = 143

    def __init__(self, signal: str) -> None:
        super().__init__(signal)
        self.signal = signal

    def __str__(self) -> str:
        return f"caught {self.signal}"


class BrokenPipe(KernelError):
    """Nobody is left to read what would be written."""

    status = 141


class EndOfInput(KernelError):
    """The channel has no more to read."""


class Divergence(Exception):
    """A replayed machine asked for something else than the recorded one did. Not for programs: the replay stops."""


class EndOfJournal(Exception):
    """The journal has no more records: the replay has reached the last recorded moment."""
