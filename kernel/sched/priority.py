"""Priority with aging: the highest priority runs, and waiting raises it.

A waiting process of higher priority interrupts a running one; equals take turns of a quantum, first come first. Every
`aging` ticks of waiting raise a process by one, so that it cannot wait for ever; what it has reached it keeps for one turn,
then it falls back to its own. `aging` 0 is plain priority, which starves. Silberschatz, 5.3.4.
"""

from __future__ import annotations

from .policy import Job, Ordered
from .ready import Key

AGING = 100  # ticks of waiting that are worth one step of priority


class Priority(Ordered):
    name = "priority"

    def __init__(self, quantum: int, aging: int = AGING) -> None:
        super().__init__(quantum)
        self.aging = aging
        self.now = 0
        self.reached: dict[int, int] = {}  # of the running ones

    def advance(self, now: int) -> None:
        self.now = now

    def requeue(self, pid: int) -> None:
        if super().yields(pid):  # its turn is over: behind its equals. Who was interrupted keeps its place.
            self.came[pid] = self.next()
        super().requeue(pid)

    def add(self, job: Job) -> None:
        self.came[job.pid] = self.next()
        super().add(job)

    def forget(self, pid: int) -> None:
        self.reached.pop(pid, None)
        super().forget(pid)

    def place(self, pid: int) -> Key:
        """Everybody ages alike, so the order of two waiting processes never changes: sort by priority at tick 0."""
        priority = self.jobs[pid].priority
        return (self.now - priority * self.aging if self.aging else -priority, self.came[pid])

    def _height(self, key: Key) -> int:
        """The priority, waiting counted in, of whoever stands at `key`."""
        return (self.now - key[0]) // self.aging if self.aging else -key[0]

    def pick(self) -> int:
        first = self.ready.first()
        pid = super().pick()
        if first is not None:
            self.reached[pid] = self._height(first)
        return pid

    def yields(self, pid: int) -> bool:
        if super().yields(pid):
            return True
        first = self.ready.first()
        return first is not None and self._height(first) > self.reached[pid]
