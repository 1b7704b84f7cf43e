"""Optimal: evict the page that is needed again the latest, or never. Belady, 1966; OSTEP 22.2.

It must know the future, so it works on a recorded reference string only, and is there to be compared with. Ties (pages never
needed again) go to the page that came in last. A heap has the next uses; entries that no longer hold are dropped when met.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from heapq import heappop, heappush


class Opt:
    name = "opt"

    def __init__(self, references: Sequence[int]) -> None:
        """`references` are all references to come, in order; each `touch` or `admit` must be the next of them."""
        self.never = len(references)
        self.uses: dict[int, deque[int]] = {}
        for i, page in enumerate(references):
            self.uses.setdefault(page, deque()).append(i)
        self.entered = 0  # pages that have come in so far
        self.entries: dict[int, tuple[int, int, int]] = {}  # of resident pages: next use and coming in, negated; page
        self.heap: list[tuple[int, int, int]] = []

    def touch(self, page: int) -> None:
        self._await(page, self.entries[page][1])

    def admit(self, page: int) -> None:
        assert page not in self.entries, f"page {page} is resident already"
        self.entered += 1
        self._await(page, -self.entered)

    def _await(self, page: int, entered: int) -> None:
        uses = self.uses[page]
        uses.popleft()
        self.entries[page] = (-(uses[0] if uses else self.never), entered, page)
        heappush(self.heap, self.entries[page])

    def remove(self, page: int) -> None:
        del self.entries[page]

    def victim(self) -> int:
        while self.heap:
            page = self.heap[0][2]
            if self.entries.get(page) == self.heap[0]:
                return page
            heappop(self.heap)
        raise LookupError("no page is resident")
