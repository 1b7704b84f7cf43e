"""Your own replacement policy: one function, called when a page must go.

Knows: how to ask the function. Does not know: where it came from. The function gets `pages`, the resident pages in the order in
which they came in, and `now`, the number of references so far; it returns one of them. It must be deterministic:

    def victim(pages, now):
        # least recently used; also: page.number, entered, used (references since it came in)
        return min(pages, key=lambda page: page.last)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Resident:
    """What the function sees of a resident page. Times are counted in references."""

    number: int
    entered: int
    last: int
    used: int = 1


Choose = Callable[[Sequence[Resident], int], Resident]


class Own:
    name = "own"

    def __init__(self, choose: Choose) -> None:
        self.choose = choose
        self.pages: dict[int, Resident] = {}
        self.now = 0

    def touch(self, page: int) -> None:
        resident = self.pages[page]
        resident.last, resident.used = self.now, resident.used + 1
        self.now += 1

    def admit(self, page: int) -> None:
        self.pages[page] = Resident(page, self.now, self.now)
        self.now += 1

    def victim(self) -> int:
        """Raises ValueError when the function returns something that is not resident."""
        chosen = self.choose(list(self.pages.values()), self.now)
        page = getattr(chosen, "number", chosen)
        if not isinstance(page, int) or page not in self.pages:
            raise ValueError(f"victim returned {chosen!r}, which is no resident page")
        return page

    def remove(self, page: int) -> None:
        del self.pages[page]
