"""Shortest time to completion first: SJF that also interrupts a job for one that will be done sooner. OSTEP 7.5.

A newcomer must need strictly less than what the running job still needs.
"""

from __future__ import annotations

from .policy import Job, Ordered
from .ready import Key


class Stcf(Ordered):
    name = "stcf"

    def __init__(self, quantum: int = 0) -> None:
        super().__init__(0)
        self.left: dict[int, int] = {}

    def add(self, job: Job) -> None:
        self.left[job.pid] = job.length
        super().add(job)

    def forget(self, pid: int) -> None:
        self.left.pop(pid, None)
        super().forget(pid)

    def charge(self, pid: int, decoded: int, prefilled: int) -> None:
        super().charge(pid, decoded, prefilled)
        self.left[pid] -= decoded

    def yields(self, pid: int) -> bool:
        first = self.ready.first()
        return first is not None and first[0] < self.left[pid]

    def place(self, pid: int) -> Key:
        return (self.left[pid], self.came[pid])
