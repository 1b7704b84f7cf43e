"""Your own policy: one function, called whenever a turn begins.

Knows: how to ask the function. Does not know: where it came from. The function gets `jobs`, the processes that want to run
in the order in which they came, and `now`, the tick; it returns one of them. It must be deterministic:

    def choose(jobs, now):
        # shortest remaining time: job.length - job.ran; also: job.pid, priority, tickets, arrived
        return min(jobs, key=lambda job: job.length - job.ran)

It sees all of them every time, so a decision costs O(n).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .policy import Job, Turns


@dataclass(slots=True)
class Candidate:
    """What the function sees of a process that wants to run."""

    pid: int
    length: int  # ticks it needs in all, 0 = unknown
    priority: int
    tickets: int
    arrived: int  # tick at which it came
    ran: int = 0  # ticks it has run


Choose = Callable[[Sequence[Candidate], int], Candidate]


class Own(Turns):
    name = "own"

    def __init__(self, quantum: int, choose: Choose) -> None:
        super().__init__(quantum)
        self.choose = choose
        self.known: dict[int, Candidate] = {}
        self.ready: dict[int, None] = {}
        self.now = 0

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the function: it is no part of the machine's state."""
        return {name: value for name, value in vars(self).items() if name != "choose"}

    def advance(self, now: int) -> None:
        self.now = now

    def add(self, job: Job) -> None:
        if job.pid in self.known:
            known = self.known[job.pid]
            known.length, known.priority, known.tickets = job.length + known.ran, job.priority, job.tickets
        else:
            self.known[job.pid] = Candidate(*job, arrived=self.now)
        self.ready[job.pid] = None

    def requeue(self, pid: int) -> None:
        self.ready[pid] = None

    def change(self, job: Job) -> None:
        known = self.known[job.pid]
        known.priority, known.tickets = job.priority, job.tickets

    def remove(self, pid: int) -> None:
        del self.ready[pid]

    def forget(self, pid: int) -> None:
        self.known.pop(pid, None)
        self.used.pop(pid, None)

    def pick(self) -> int:
        """Raises ValueError when the function returns something that does not wait."""
        if not self.ready:
            return 0
        chosen = self.choose([job for job in self.known.values() if job.pid in self.ready], self.now)
        pid = getattr(chosen, "pid", chosen)
        if not isinstance(pid, int) or pid not in self.ready:
            raise ValueError(f"choose returned {chosen!r}, which is none of the jobs that wait")
        del self.ready[pid]
        self.used[pid] = 0
        return pid

    def waiting(self) -> int:
        return len(self.ready)

    def charge(self, pid: int, decoded: int, prefilled: int) -> None:
        super().charge(pid, decoded, prefilled)
        self.known[pid].ran += 1
