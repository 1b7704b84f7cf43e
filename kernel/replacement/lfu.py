"""Least frequently used: evict the page that was referenced least often since it came in.

Ties go to the page that came in first. A page that leaves loses its count.
"""

from __future__ import annotations

from .least import Least


class Lfu(Least):
    name = "lfu"

    def admit(self, page: int) -> None:
        self.worth[page] = 1
        super().admit(page)

    def touch(self, page: int) -> None:
        self.worth[page] += 1
