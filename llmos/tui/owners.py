"""Which letter and colour a process has, the same in every panel.

Knows: pids. Does not know: processes.
"""

from __future__ import annotations

LETTERS = "123456789abefghijklmnopqrtuvwxyz"
"""One cell a pid. Missing on purpose: 0 (nobody), c (cached), d (device data), s (shared)."""


def letter(pid: int) -> str:
    """The pid's own digit up to 9, then letters; after 32 processes they repeat, and the colour tells two apart."""
    return LETTERS[(pid - 1) % len(LETTERS)] if pid > 0 else "·"


def colour(pid: int) -> str:
    """The name of the pid's style."""
    return f"owner{(pid - 1) % 10}" if pid > 0 else "free"
