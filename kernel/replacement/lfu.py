"""Least frequently used: evict the page that was referenced least often since it came in.

Ties go to the page that came in first. A page that leaves loses its count.
"""

from __future__ import annotations

from .policy import InOrder


class Lfu(InOrder):
    name = "lfu"

    def __init__(self, frames: int) -> None:
        super().__init__(frames)
        self.uses: dict[int, int] = {}

    def admit(self, page: int) -> None:
        super().admit(page)
        self.uses[page] = 1

    def touch(self, page: int) -> None:
        self.uses[page] += 1

    def remove(self, page: int) -> None:
        super().remove(page)
        del self.uses[page]

    def victim(self) -> int:
        if not self.line:
            raise LookupError("no page is resident")
        return min(self.line, key=self.uses.__getitem__)
