"""A lesson's machine as it runs, for those who look on: slowly at first, so that one can follow, then as fast as it can.

Knows: the clock, ticks. Does not know: screens. Called by the thread that steps the machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from llmos_kernel.view import Snapshot

if TYPE_CHECKING:
    from llmos.machine import Machine

FRAME = 0.05  # seconds between two pictures
FOLLOWED = 6.0  # seconds of a run that are played at watching speed


class Watching:
    """`begin` where a run begins; then called after every tick. `speed` in tokens a second, 0 = as fast as it can."""

    def __init__(self, show: Callable[[Snapshot], object], speed: float) -> None:
        self.show, self.speed = show, speed
        self._began = self._shown = 0.0

    def begin(self) -> None:
        self._began = time.monotonic()

    def __call__(self, machine: Machine) -> None:
        now = time.monotonic()
        slowly = self.speed > 0 and now - self._began < FOLLOWED
        if slowly or now - self._shown >= FRAME:
            self._shown = now
            self.show(machine.snapshot())
        if slowly and any(burst.steps and len(burst.feed) == 1 for burst in machine.kernel.work.bursts):
            time.sleep(1 / self.speed)
