"""Patterns that somebody else wrote, searched for a limited time: one such as `(a+)+$` would take longer than anybody waits.

Knows: regular expressions and the processor's clock. Does not know: what is searched. Python's `re` looks at signals while it
searches, so a timer can end it, on the main thread; on another one a pattern takes as long as it takes.
"""

from __future__ import annotations

import re
import signal
import threading
from types import FrameType

SECONDS = 2.0  # of this program's processor time

too_slow: dict[str, None] = {}
"""Patterns that took too long in this program, in the order in which they did. They are not tried again."""


class _Enough(Exception):
    """The time is over."""


def found(pattern: str, text: str, flags: int = 0) -> bool:
    """Is the pattern somewhere in the text? One that takes too long is not, and is noted."""
    if pattern in too_slow:
        return False
    if threading.current_thread() is not threading.main_thread():
        return re.search(pattern, text, flags) is not None
    before = signal.signal(signal.SIGVTALRM, _enough)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        return re.search(pattern, text, flags) is not None
    except _Enough:
        too_slow[pattern] = None
        return False
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _enough(number: int, frame: FrameType | None) -> None:
    raise _Enough
