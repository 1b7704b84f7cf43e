"""What a scheduling policy is told and asked, and the two classes all of them grow from.

Knows: process numbers, ticks, tokens. Does not know: lanes, processes, what a token is. A policy is told who wants to
run and what each one used, and is asked who is next; the kernel (or a lab) does the rest. Deterministic: the same calls
give the same picks. Read: OSTEP, chapters 7 to 9; then `fifo.py`.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from .ready import Key, ReadyQueue


class Job(NamedTuple):
    """One wish to run. `pid` is positive."""

    pid: int
    length: int = 0  # ticks it still needs, as far as anybody knows; 0 = unknown
    priority: int = 1  # the larger goes first
    tickets: int = 100  # its share of the CPU, against the shares of the others


class Policy(Protocol):
    """A process is unknown, waiting, running or away (blocked); every decision costs O(log n)."""

    name: str
    quantum: int  # ticks of a turn; 0 = a turn has no end

    def advance(self, now: int) -> None:
        """It is tick `now`: called once a tick, before anything else happens in it."""

    def add(self, job: Job) -> None:
        """Unknown or away -> waiting: the process is new, or woken."""

    def requeue(self, pid: int) -> None:
        """Running -> waiting: it wants to go on, but its lane was taken or its turn is over."""

    def change(self, job: Job) -> None:
        """A running process has another priority or share from now on."""

    def remove(self, pid: int) -> None:
        """Waiting -> away: it was stopped or killed in the queue."""

    def forget(self, pid: int) -> None:
        """Away or running -> unknown: it is over and will not come back."""

    def pick(self) -> int:
        """Waiting -> running: take the next process out of the queue; 0 when nobody waits."""

    def waiting(self) -> int:
        """How many want to run and have no lane."""

    def charge(self, pid: int, decoded: int, prefilled: int) -> None:
        """A running process had a lane for one tick and ran so many tokens in it."""

    def yields(self, pid: int) -> bool:
        """Must the running `pid` go back to the queue: its turn is over, or somebody waiting goes before it?"""

    def turn(self, pid: int) -> tuple[int, int]:
        """For people: (ticks used, ticks allowed or 0) of the turn of a running process."""


class Turns:
    """Counts how much of its turn each running process has used. Base of all policies.

    A turn is counted in decoded tokens: reading a prompt does not use it up, for a half-read prompt is of no use.
    """

    name = ""

    def __init__(self, quantum: int) -> None:
        self.quantum = quantum
        self.used: dict[int, int] = {}

    def advance(self, now: int) -> None:
        """Most policies do not look at the clock."""

    def charge(self, pid: int, decoded: int, prefilled: int) -> None:
        self.used[pid] += decoded

    def yields(self, pid: int) -> bool:
        return 0 < self.quantum <= self.used[pid]

    def turn(self, pid: int) -> tuple[int, int]:
        return self.used.get(pid, 0), self.quantum


class Ordered(Turns):
    """Whoever is first in some order runs. A policy of this family says only what its order is: `place(pid)`.

    Ties go to whoever came first to this policy, so that a list of jobs keeps its order.
    """

    def __init__(self, quantum: int = 0) -> None:
        super().__init__(quantum)
        self.ready = ReadyQueue()
        self.jobs: dict[int, Job] = {}
        self.came: dict[int, int] = {}  # in which order they came first
        self.count = 0

    def place(self, pid: int) -> Key:
        """Where `pid` stands in the queue; the smallest is first. Never equal for two processes."""
        raise NotImplementedError

    def add(self, job: Job) -> None:
        self.jobs[job.pid] = job
        if job.pid not in self.came:
            self.came[job.pid] = self.next()
        self.ready.push(job.pid, self.place(job.pid))

    def requeue(self, pid: int) -> None:
        self.ready.push(pid, self.place(pid))

    def change(self, job: Job) -> None:
        self.jobs[job.pid] = job

    def remove(self, pid: int) -> None:
        self.ready.remove(pid)

    def forget(self, pid: int) -> None:
        for table in (self.jobs, self.came, self.used):
            table.pop(pid, None)

    def pick(self) -> int:
        pid = self.ready.pop()
        if pid:
            self.used[pid] = 0
        return pid

    def waiting(self) -> int:
        return len(self.ready)

    def next(self) -> int:
        """A fresh number, larger than all before it."""
        self.count += 1
        return self.count

    def passed(self, pid: int) -> bool:
        """Does somebody waiting stand before the running `pid`?"""
        first = self.ready.first()
        return first is not None and first < self.place(pid)
