"""Least recently used: evict the page that was not referenced for the longest time. OSTEP 22.5.

The past stands for the future.
"""

from __future__ import annotations

from .policy import InOrder


class Lru(InOrder):
    name = "lru"

    def touch(self, page: int) -> None:
        del self.line[page]
        self.line[page] = None
