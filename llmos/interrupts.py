"""A Ctrl-C that is not lost.

Knows: where Python drops exceptions: in destructors and in callbacks of weak references, many of which run during imports.
Does not know: what is interrupted.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

SOON = 0.01  # seconds until a dropped Ctrl-C comes again


@contextmanager
def heeded() -> Iterator[None]:
    """Meanwhile a KeyboardInterrupt that Python had to drop comes again a moment later, where it can be raised."""
    before = sys.unraisablehook

    def dropped(what: UnraisableHookArgs) -> None:
        if issubclass(what.exc_type, KeyboardInterrupt):
            signal.signal(signal.SIGALRM, lambda number, frame: signal.raise_signal(signal.SIGINT))
            signal.setitimer(signal.ITIMER_REAL, SOON)
        else:
            before(what)

    sys.unraisablehook = dropped
    try:
        yield
    finally:
        sys.unraisablehook = before
