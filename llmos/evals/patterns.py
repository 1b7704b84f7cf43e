"""Patterns that somebody else wrote, searched for a limited time: one such as `(a+)+$` would take longer than anybody waits.

Knows: regular expressions, which of them took too long. Does not know: what is searched. Python's `re` looks at signals while
it searches, so a timer can end it.
"""

from __future__ import annotations

import re

from llmos.devices.stopping import TookTooLong, limited

SECONDS = 2.0  # of this program's processor time

too_slow: dict[str, None] = {}
"""Patterns that took too long in this program, in the order in which they did. They are not tried again."""


def found(pattern: str, text: str, flags: int = 0) -> bool:
    """Is the pattern somewhere in the text? One that takes too long is not, and is noted."""
    if pattern in too_slow:
        return False
    try:
        with limited(SECONDS):
            return re.search(pattern, text, flags) is not None
    except TookTooLong:
        too_slow[pattern] = None
        return False
