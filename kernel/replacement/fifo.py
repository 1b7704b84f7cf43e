"""First in, first out: evict the page that came first, used or not. More frames may mean more misses (Belady). OSTEP 22.3."""

from __future__ import annotations

from .policy import InOrder


class Fifo(InOrder):
    name = "fifo"
