"""Optimal: evict the page that is needed again the latest, or never. Belady, 1966; OSTEP 22.2.

It must know the future, so it works on a recorded reference string only, and is there to be compared with. Ties (pages never
needed again) go to the page that came in last.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from .policy import InOrder


class Opt(InOrder):
    name = "opt"

    def __init__(self, references: Sequence[int]) -> None:
        """`references` are all references to come, in order; each `touch` or `admit` must be the next of them."""
        super().__init__(0)
        self.never = len(references)
        self.uses: dict[int, deque[int]] = {}
        for i, page in enumerate(references):
            self.uses.setdefault(page, deque()).append(i)

    def touch(self, page: int) -> None:
        self.uses[page].popleft()

    def admit(self, page: int) -> None:
        super().admit(page)
        self.uses[page].popleft()

    def victim(self) -> int:
        if not self.line:
            raise LookupError("no page is resident")
        return max(reversed(self.line), key=lambda page: self.uses[page][0] if self.uses[page] else self.never)
