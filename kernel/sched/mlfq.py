"""Multi-level feedback queue: learn from the past who is interactive. OSTEP, chapter 8.

1. The highest non-empty queue runs, its processes in turn. 2. A newcomer starts in the highest queue. 3. Whoever uses up
its quantum in a queue, however often it gave up the CPU meanwhile, sinks one level. 4. Every `boost` ticks all rise to the
highest queue, so that nobody starves and who changed its ways is seen anew.

Decided here: an interrupted process keeps its place and what is left of its quantum. A boost lines up the processes
of the highest queue first, then those of the lowest, the second lowest, ... and gives each a whole quantum. With
`stay` a process that comes back from I/O has a whole quantum again (a rule that can be gamed); if the quantum ended
on the very tick of the I/O, it sinks all the same. With `bump` it comes back at the head of its queue, before one
that runs from this queue.
"""

from __future__ import annotations

from .policy import Job, Ordered
from .ready import Key

QUEUES = 3
BOOST = 500  # ticks


class Mlfq(Ordered):
    name = "mlfq"

    def __init__(
        self, quantum: int, queues: int = QUEUES, boost: int = BOOST, stay: bool = False, bump: bool = False
    ) -> None:
        super().__init__(quantum)
        self.top, self.boost, self.stay, self.bump = queues - 1, boost, stay, bump
        self.level: dict[int, int] = {}
        self.left: dict[int, int] = {}  # of its quantum at this level
        self.number: dict[int, int] = {}  # place in its queue
        self.running: dict[int, None] = {}
        self.over: dict[int, None] = {}  # running ones that have just sunk
        self.heads = 0  # numbers given out at the head of queues: -1, -2, ...
        self.boosted = 0

    def place(self, pid: int) -> Key:
        return (-self.level[pid], self.number[pid])

    def add(self, job: Job) -> None:
        pid = job.pid
        woken = pid in self.level
        if not woken:
            self.level[pid], self.left[pid] = self.top, self.quantum
        elif self.stay:
            self.left[pid] = self.quantum
        self.running.pop(pid, None)
        self.over.pop(pid, None)
        if woken and self.bump:
            self.heads -= 1
        self.number[pid] = self.heads if woken and self.bump else self.next()
        super().add(job)

    def requeue(self, pid: int) -> None:
        self.running.pop(pid, None)
        self.over.pop(pid, None)
        super().requeue(pid)

    def pick(self) -> int:
        pid = super().pick()
        if pid:
            self.running[pid] = None
        return pid

    def charge(self, pid: int, decoded: int, prefilled: int) -> None:
        self.left[pid] -= decoded  # reading does not use it up: who had to read again would never get to write
        if self.left[pid] <= 0:
            self.level[pid] = max(0, self.level[pid] - 1)
            self.left[pid] = self.quantum
            self.number[pid] = self.next()
            self.over[pid] = None

    def yields(self, pid: int) -> bool:
        return pid in self.over or self.passed(pid)

    def advance(self, now: int) -> None:
        if self.boost and now // self.boost > self.boosted:
            self.boosted = now // self.boost
            self._raise_all()

    def _raise_all(self) -> None:
        waiting = self.ready.pids()
        lined = sorted(
            [*waiting, *self.running], key=lambda pid: ((self.level[pid] + 1) % (self.top + 1), self.place(pid))
        )
        for pid in waiting:
            self.ready.remove(pid)
        for pid in self.level:
            self.level[pid], self.left[pid] = self.top, self.quantum
        for pid in lined:
            self.number[pid] = self.next()
        for pid in waiting:
            self.ready.push(pid, self.place(pid))

    def turn(self, pid: int) -> tuple[int, int]:
        return self.quantum - self.left.get(pid, self.quantum), self.quantum

    def forget(self, pid: int) -> None:
        for table in (self.level, self.left, self.number, self.running, self.over):
            table.pop(pid, None)
        super().forget(pid)
