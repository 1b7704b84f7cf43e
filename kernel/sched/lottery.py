"""Lottery: every process holds tickets; each turn goes to the holder of a ticket drawn at random. OSTEP 9.1.

Shares are right on average and nobody is remembered. The winner is a random number modulo the tickets of those that want
to run, found by walking the list of processes in the order in which they came; who is away or over holds no tickets.
The walk is down a tree of sums (Fenwick), so that it takes log n steps.
"""

from __future__ import annotations

from collections.abc import Callable

from .policy import Job, Turns

MASK = (1 << 64) - 1


class Numbers:
    """A small stream of random integers below 2**31 that depends on nothing but `seed` (SplitMix64)."""

    def __init__(self, seed: int) -> None:
        self.state = seed & MASK

    def __call__(self) -> int:
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        mixed = ((self.state ^ (self.state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        return (mixed ^ (mixed >> 31)) >> 33


class Lottery(Turns):
    name = "lottery"

    def __init__(self, quantum: int, draw: Callable[[], int] | None = None) -> None:
        super().__init__(quantum)
        self.draw = draw or Numbers(0)
        self.slots: list[int] = []  # pids in the order in which they came; 0 = gone
        self.slot: dict[int, int] = {}
        self.tickets: dict[int, int] = {}
        self.held = 0  # tickets of those waiting
        self.inside: dict[int, None] = {}
        self.sums = [0]

    def add(self, job: Job) -> None:
        self.tickets[job.pid] = job.tickets
        if job.pid not in self.slot:
            if len(self.slots) > 2 * len(self.slot) + 64:
                self._close_ranks()
            self.slot[job.pid] = len(self.slots)
            self.slots.append(job.pid)
            self._grow()
        self.requeue(job.pid)

    def requeue(self, pid: int) -> None:
        assert pid not in self.inside, f"pid {pid} waits already"
        self.inside[pid] = None
        self._count(self.slot[pid], self.tickets[pid])

    def change(self, job: Job) -> None:
        self.tickets[job.pid] = job.tickets

    def remove(self, pid: int) -> None:
        del self.inside[pid]
        self._count(self.slot[pid], -self.tickets[pid])

    def forget(self, pid: int) -> None:
        if pid in self.slot:
            self.slots[self.slot.pop(pid)] = 0
        self.tickets.pop(pid, None)
        self.used.pop(pid, None)

    def pick(self) -> int:
        if not self.inside:
            return 0
        pid = self.slots[self._holder(self.draw() % self.held)]
        self.remove(pid)
        self.used[pid] = 0
        return pid

    def waiting(self) -> int:
        return len(self.inside)

    # -- the tree of sums: sums[i] holds the tickets of the (i & -i) slots that end with slot i - 1 --------------------

    def _grow(self) -> None:
        i = len(self.sums)
        below, total = i - 1, 0
        while below > i - (i & -i):
            total += self.sums[below]
            below -= below & -below
        self.sums.append(total)

    def _count(self, slot: int, tickets: int) -> None:
        self.held += tickets
        i = slot + 1
        while i < len(self.sums):
            self.sums[i] += tickets
            i += i & -i

    def _holder(self, ticket: int) -> int:
        """The slot whose tickets include number `ticket`, counted from the head of the list."""
        slot, step = 0, 1 << (len(self.sums) - 1).bit_length()
        while step:
            if slot + step < len(self.sums) and self.sums[slot + step] <= ticket:
                slot += step
                ticket -= self.sums[slot]
            step >>= 1
        return slot

    def _close_ranks(self) -> None:
        self.slots = [pid for pid in self.slots if pid]
        self.slot = {pid: i for i, pid in enumerate(self.slots)}
        self.sums, self.held = [0], 0
        for _ in self.slots:
            self._grow()
        for pid in self.inside:
            self._count(self.slot[pid], self.tickets[pid])
