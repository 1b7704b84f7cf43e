"""Swap space: which slots of the page file are taken, and whether a process had better be swapped or computed again.

Knows: slot numbers, reference counts, costs as constants. Does not know: bytes, files (`llmos/swap.py`), who has to go
(`pager.py`). Costs are no measured times: they stand in the journal's header, so that a replay decides alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Costs(NamedTuple):
    """Microseconds. `llmos bench memory` measures them."""

    out: int = 1_000  # one page to the page file
    back: int = 1_500  # one page back
    recompute: int = 4_000  # one token fed again


def swaps(costs: Costs, dirty: int, pages: int, tokens: int) -> bool:
    """Is it cheaper to write `dirty` of `pages` pages and read all back than to feed `tokens` again?"""
    return dirty * costs.out + pages * costs.back < tokens * costs.recompute


class Slots:
    """The slots of the page file: sole owner of their reference counts. A fork shares its parent's slots."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.refs: dict[int, int] = {}
        self.free: list[int] = []  # slots given back, used again before new ones
        self.fresh = 0  # the first slot never used

    def available(self) -> int:
        return self.count - len(self.refs)

    def allocate(self) -> int | None:
        """A slot, or None when the page file is full."""
        if not self.available():
            return None
        slot = self.free.pop() if self.free else self.fresh
        self.fresh += slot == self.fresh
        self.refs[slot] = 1
        return slot

    def share(self, slot: int) -> None:
        self.refs[slot] += 1

    def release(self, slot: int) -> None:
        self.refs[slot] -= 1
        if not self.refs[slot]:
            del self.refs[slot]
            self.free.append(slot)

    def check(self, used: Iterable[int]) -> None:
        """`used` are the slots of all tables."""
        counted: dict[int, int] = {}
        for slot in used:
            counted[slot] = counted.get(slot, 0) + 1
        assert counted == self.refs, "slot counts differ from table entries"
        assert len(self.refs) + len(self.free) == self.fresh <= self.count, "slots were lost or doubled"
