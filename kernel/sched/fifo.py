"""First in, first out: whoever came first runs until it is done or waits for something.

Fair in the order of arrival and nothing else: behind one long job everybody waits (the convoy effect). OSTEP 7.3.
"""

from __future__ import annotations

from .policy import Job, Ordered
from .ready import Key


class Fifo(Ordered):
    name = "fifo"

    def __init__(self, quantum: int = 0) -> None:
        super().__init__(0)  # a turn has no end
        self.number: dict[int, int] = {}

    def add(self, job: Job) -> None:
        self.number[job.pid] = self.next()  # a woken process queues up anew
        super().add(job)

    def forget(self, pid: int) -> None:
        self.number.pop(pid, None)
        super().forget(pid)

    def place(self, pid: int) -> Key:
        return (self.number[pid],)
