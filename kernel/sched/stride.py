"""Stride: the lottery without luck. OSTEP 9.6.

Every process has a stride, the smaller the more tickets it holds, and a pass that grows by its stride with every tick it
runs; each turn goes to the smallest pass. Nobody is ever more than a quantum away from its share. A process that was away,
or is new, goes on from where the others are: it neither hoards nor owes.
"""

from __future__ import annotations

from .policy import Job, Ordered
from .ready import Key

WHOLE = 720_720_000
"""A tick in units of pass, for one ticket. Divisible by 1 to 16, by 100, 250, 1000: common shares are exact integers."""


class Stride(Ordered):
    name = "stride"

    def __init__(self, quantum: int) -> None:
        super().__init__(quantum)
        self.passed_by: dict[int, int] = {}  # pid -> its pass
        self.reached = 0  # the pass of the last one picked

    def cost(self, decoded: int, prefilled: int) -> int:
        """What one tick on a lane counts for."""
        return 1

    def add(self, job: Job) -> None:
        self.passed_by[job.pid] = max(self.passed_by.get(job.pid, 0), self.reached)
        super().add(job)

    def place(self, pid: int) -> Key:
        return (self.passed_by[pid], self.came[pid])

    def pick(self) -> int:
        pid = super().pick()
        if pid:
            self.reached = max(self.reached, self.passed_by[pid])
        return pid

    def charge(self, pid: int, decoded: int, prefilled: int) -> None:
        super().charge(pid, decoded, prefilled)
        self.passed_by[pid] += self.cost(decoded, prefilled) * WHOLE // max(1, self.jobs[pid].tickets)

    def forget(self, pid: int) -> None:
        self.passed_by.pop(pid, None)
        super().forget(pid)
