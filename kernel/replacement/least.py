"""The page that is worth least, found quickly; the base of LFU and of attention.

Ties go to the page that came in first. A heap holds what each page was worth when that was last looked up. A worth only rises
meanwhile, so the top is looked at again until it is up to date; after a fall all are. Pages that have gone are dropped when
they are met, or once they are the greater part.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush, heapreplace


class Least:
    def __init__(self, frames: int) -> None:
        self.worth: dict[int, int] = {}
        self.came: dict[int, int] = {}  # resident page -> how many had come in by then
        self.entered = 0
        self.heap: list[tuple[int, int, int]] = []  # worth, coming in, page

    def admit(self, page: int) -> None:
        """Its worth is set already."""
        assert page not in self.came, f"page {page} is resident already"
        self.entered += 1
        self.came[page] = self.entered
        heappush(self.heap, (self.worth[page], self.entered, page))

    def remove(self, page: int) -> None:
        del self.came[page]
        self.worth.pop(page, None)
        if len(self.heap) > 2 * len(self.came) + 8:
            self.look_again()

    def look_again(self) -> None:
        """At all pages: some may be worth less than before."""
        self.heap = [(self.worth[page], came, page) for page, came in self.came.items()]
        heapify(self.heap)

    def victim(self) -> int:
        while self.heap:
            worth, came, page = self.heap[0]
            if self.came.get(page) != came:
                heappop(self.heap)
            elif self.worth[page] != worth:
                heapreplace(self.heap, (self.worth[page], came, page))
            else:
                return page
        raise LookupError("no page is resident")
