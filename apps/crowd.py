"""Many programs, a few at a time, each in a process of its own with an empty context.

Knows: what to start and how many may run at once. Does not know: what they do (their exit values carry it).
"""

from __future__ import annotations

from typing import Any

from . import ulib

Job = tuple[Any, ...]
"""A program's name and its arguments."""


async def main(width: int, *jobs: Job) -> int:
    waiting = list(jobs)
    running = 0
    while waiting or running:
        while waiting and running < width:
            await ulib.spawn(*waiting.pop(0))
            running += 1
        await ulib.wait()
        running -= 1
    return 0
