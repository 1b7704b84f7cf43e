"""Who gets a lane: the policy Protocol and round robin.

Knows: process numbers and ticks. Does not know: lanes, tokens, processes. A policy is told who wants to run and is asked
who is next; the kernel does the rest. Read: OSTEP, chapter 7.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol


class Policy(Protocol):
    """Deterministic: the same calls give the same picks."""

    name: str
    quantum: int  # ticks a process may keep its lane while another waits

    def add(self, pid: int) -> None:
        """`pid` wants to run: it is new, woken, or its quantum ended."""

    def remove(self, pid: int) -> None:
        """`pid` no longer wants to run."""

    def pick(self) -> int:
        """Take the next process out of the queue; 0 when nobody waits."""

    def waiting(self) -> int:
        """How many want to run and have no lane."""


class RoundRobin:
    """Each gets a quantum in turn; whoever uses it up goes to the end of the queue."""

    name = "rr"

    def __init__(self, quantum: int) -> None:
        self.quantum = quantum
        self.queue: deque[int] = deque()

    def add(self, pid: int) -> None:
        self.queue.append(pid)

    def remove(self, pid: int) -> None:
        self.queue.remove(pid)

    def pick(self) -> int:
        return self.queue.popleft() if self.queue else 0

    def waiting(self) -> int:
        return len(self.queue)
