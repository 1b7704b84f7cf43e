"""A fork bomb, to see it contained: it fills its own job, and nobody else's.

Knows: fork. Does not know: its limit. `kill -KILL -PID` ends the whole job.
"""

from __future__ import annotations

from . import ulib


async def main() -> int:
    while True:
        try:
            await ulib.fork("bomb")
        except ulib.LimitReached:
            await ulib.sleep(8)
