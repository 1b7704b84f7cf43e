"""Who had each lane last, and what stood at the end of their contexts then: what an idle lane is drawn with.

Knows: lanes as they are after each tick. Does not know: rooms, how it is drawn. It is a fact of one world, not of what
somebody looked at: a replay, a jump in time and a second screen show the same.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable

from llmos_kernel.kernel import Kernel
from llmos_kernel.look import on_lane
from llmos_kernel.ports import Event
from llmos_kernel.process import Process
from llmos_kernel.view import LaneView

KEPT = 5_000  # lanes that became idle, of each lane; what came before is forgotten


class Lately:
    """The lanes of one world as they were left. Owned by the room's thread."""

    def __init__(self) -> None:
        self._on: dict[int, Process] = {}  # who had a lane after the last tick
        self._came: dict[int, int] = {}  # lane -> who got it in this tick, the last if there were several
        self._left: dict[int, deque[LaneView]] = {}  # lane -> who left it idle, in order

    def watch(self, kernel: Kernel, events: Iterable[Event]) -> None:
        """Called after each tick, and after each phase of one, with what was told of it."""
        for event in events:
            if event[1] == "switch":
                self._came[event[3]] = event[2]
        if kernel.phase:
            return
        for lane, process in enumerate(kernel.lanes):
            if process is not None:
                self._on[lane] = process
            elif lane in self._on or lane in self._came:
                self._leave(kernel, lane)
        self._came.clear()

    def _leave(self, kernel: Kernel, lane: int) -> None:
        """The lane is idle since this tick; whoever came in it may be gone altogether."""
        last, pid = self._on.pop(lane, None), self._came.get(lane, 0)
        if pid:
            ran = (process for process in kernel.work.processes if process.pid == pid)
            last = next(ran, None) or kernel.processes.get(pid) or last
        if last is not None:
            self._left.setdefault(lane, deque(maxlen=KEPT)).append(on_lane(kernel, lane, last, kernel.tick))

    def at(self, kernel: Kernel) -> tuple[LaneView, ...]:
        """Who had each idle lane last, as this world is now or was earlier; nothing of a lane that nobody had yet."""
        idle = (lane for lane, process in enumerate(kernel.lanes) if process is None and lane in self._left)
        found = ((self._left[lane], bisect_right(self._left[lane], kernel.tick, key=lambda v: v.left)) for lane in idle)
        return tuple(left[n - 1] for left, n in found if n)

    def cut(self, tick: int) -> Lately:
        """As it was before `tick`."""
        new = Lately()
        for lane, left in self._left.items():
            new._left[lane] = deque((view for view in left if view.left <= tick), maxlen=KEPT)
        return new
