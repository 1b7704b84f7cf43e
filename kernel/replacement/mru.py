"""Most recently used: evict the page that was referenced last. Right for loops that do not fit, wrong for most else."""

from __future__ import annotations

from .lru import Lru


class Mru(Lru):
    name = "mru"

    def victim(self) -> int:
        if not self.line:
            raise LookupError("no page is resident")
        return next(reversed(self.line))
