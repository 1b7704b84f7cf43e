"""What was likely whenever a token was sampled, kept for those who look into it later.

Knows: what a tick's bursts and their answers hold. Does not know: what is told of it (`inspection.py`).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from itertools import islice

from llmos_kernel.kernel import Kernel

KEPT = 20_000  # choices that can still be looked into
SOME = 24  # ids of a mask that are told


@dataclass(frozen=True, slots=True)
class Choice:
    """What was likely when a token was sampled, and where the last query looked."""

    tick: int
    top: tuple[tuple[int, int], ...]
    mass: tuple[int, ...]
    may: int = -1  # ids that the grammar let it sample, -1 = no mask
    some: tuple[int, ...] = ()  # the first few of these
    never: tuple[int, ...] = ()  # ids that were ruled out whatever the grammar said


class Choices:
    """The latest choices of all processes, by (pid, position). Owned by one machine."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, int], Choice] = OrderedDict()

    def watch(self, kernel: Kernel) -> None:
        """Take what the last tick sampled; positions are counted back from the end of each context."""
        for process, burst, retired in zip(
            kernel.work.processes, kernel.work.bursts, kernel.work.retired, strict=False
        ):
            first = burst.pos + len(burst.feed)
            for i, _ in enumerate(retired.ids):
                top = retired.top[i] if i < len(retired.top) else ()
                bits = burst.allowed.reckon() if burst.allowed is not None else None
                may = int.from_bytes(bits, "little").bit_count() if bits is not None else -1
                some = _first(bits) if bits is not None else ()
                self._known[process.pid, first + i] = Choice(kernel.tick - 1, top, retired.mass, may, some, burst.never)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)

    def copy(self) -> Choices:
        new = Choices()
        new._known = self._known.copy()
        return new

    def last(self, kernel: Kernel) -> int:
        """The living process that chose last. Raises ValueError when there is none."""
        for pid, _ in reversed(self._known):
            if pid in kernel.processes:
                return pid
        raise ValueError("nobody who is still there has chosen a token: name a process")

    def newest(self, kernel: Kernel) -> int:
        """Who chose last before what is looked at, there still or not. Raises ValueError when nobody did."""
        for (pid, _), choice in reversed(self._known.items()):
            if choice.tick < kernel.tick:
                return pid
        raise ValueError("nobody has chosen a token yet")

    def ended(self, pid: int, kernel: Kernel) -> int:
        """The tick of the last choice of a process that is no more in this kernel; -1 if it is there, or never chose."""
        if pid in kernel.processes:
            return -1
        return max((c.tick for (p, _), c in self._known.items() if p == pid and c.tick < kernel.tick), default=-1)

    def at(self, pid: int, position: int) -> Choice | None:
        return self._known.get((pid, position))


def _first(bits: bytes) -> tuple[int, ...]:
    """The lowest ids of a mask, a bit an id."""
    ids = (i * 8 + bit for i, byte in enumerate(bits) if byte for bit in range(8) if byte >> bit & 1)
    return tuple(islice(ids, SOME))
