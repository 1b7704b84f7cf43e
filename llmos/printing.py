"""Lines for a terminal: text made inert, and a bar for what takes a while.

Knows: control characters, standard error. Does not know: whose text it is.
"""

from __future__ import annotations

import sys


def printable(text: str) -> str:
    """Model or file text made inert for a terminal: control characters other than newline and tab become pictures."""
    return "".join(c if c in "\n\t" or c.isprintable() else _picture(c) for c in text)


def _picture(c: str) -> str:
    code = ord(c)
    return chr(0x2400 + code) if code < 32 else "␡" if code == 127 else "�"


def suggest(model: str | None) -> None:
    """One line for a person who runs on the embedded model because nothing better was fetched."""
    from . import store

    if model is None and sys.stderr.isatty() and (hint := store.hint()):
        print(f"llmos: {hint}", file=sys.stderr)


class Meter:
    """A one-line progress bar on standard error; silent when that is no terminal or nobody should see it."""

    def __init__(self, quiet: bool = False) -> None:
        self.shown = not quiet and sys.stderr.isatty()

    def __call__(self, done: int, total: int) -> None:
        if self.shown and total:
            part = done / total
            bar = "█" * round(part * 30) + "─" * (30 - round(part * 30))
            print(f"\r[{bar}] {done / 1e6:6.1f} of {total / 1e6:.1f} MB", end="", file=sys.stderr, flush=True)

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *_: object) -> None:
        if self.shown:
            print(file=sys.stderr)
