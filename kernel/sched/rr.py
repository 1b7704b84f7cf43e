"""Round robin: each gets a quantum in turn; whoever uses it up goes to the end of the queue. OSTEP 7.7.

Answers soon and finishes late. With a quantum without end (0) it is FIFO.
"""

from __future__ import annotations

from .fifo import Fifo


class RoundRobin(Fifo):
    name = "rr"

    def __init__(self, quantum: int) -> None:
        super().__init__()
        self.quantum = quantum

    def requeue(self, pid: int) -> None:
        self.number[pid] = self.next()
        super().requeue(pid)
