"""2Q: a page must prove that it is wanted twice before it may push out the proven ones. Johnson and Shasha, VLDB 1994.

New pages enter a short FIFO (`fresh`, a quarter of the frames). A page evicted from it is remembered by number in
`ghosts` (half as many as frames); if it is referenced while remembered, it comes back into `proven`, an LRU. One long
scan passes through `fresh` and leaves `proven` alone. A second reference while a page is still fresh proves nothing:
it is the same use.
"""

from __future__ import annotations


class TwoQ:
    name = "2q"

    def __init__(self, frames: int) -> None:
        self.most_fresh = max(1, frames // 4)
        self.most_ghosts = max(1, frames // 2)
        self.fresh: dict[int, None] = {}
        self.ghosts: dict[int, None] = {}
        self.proven: dict[int, None] = {}

    def touch(self, page: int) -> None:
        if page in self.proven:
            del self.proven[page]
            self.proven[page] = None

    def admit(self, page: int) -> None:
        assert page not in self.fresh, f"page {page} is resident already"
        assert page not in self.proven, f"page {page} is resident already"
        queue = self.proven if page in self.ghosts else self.fresh
        while len(self.ghosts) > self.most_ghosts:  # only now: who goes to make room does not make us forget who comes
            del self.ghosts[next(iter(self.ghosts))]
        self.ghosts.pop(page, None)
        queue[page] = None

    def victim(self) -> int:
        if not self.fresh and not self.proven:
            raise LookupError("no page is resident")
        queue = self.fresh if len(self.fresh) > self.most_fresh or not self.proven else self.proven
        return next(iter(queue))

    def remove(self, page: int) -> None:
        if page in self.proven:
            del self.proven[page]
            return
        del self.fresh[page]
        self.ghosts[page] = None
