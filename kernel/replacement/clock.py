"""Clock: LRU for the price of one bit a frame. After Corbato; OSTEP 22.8.

The frames stand in a circle with a hand. A reference sets the bit of the page's frame, bringing it in too. To find a victim the
hand goes round: a set bit is cleared and gets a second chance, the first clear bit is the victim. The new page takes its frame,
and the hand moves on to the next. If all bits are set, the hand goes once round and Clock is FIFO; with one frame it
always evicts the page that is there.
"""

from __future__ import annotations


class Clock:
    name = "clock"

    def __init__(self, frames: int) -> None:
        self.pages: list[int | None] = [None] * frames
        self.bits = [False] * frames
        self.frame_of: dict[int, int] = {}
        self.free = list(range(frames - 1, -1, -1))  # a stack: the frame just freed is filled next
        self.hand = 0

    def touch(self, page: int) -> None:
        self.bits[self.frame_of[page]] = True

    def admit(self, page: int) -> None:
        assert page not in self.frame_of, f"page {page} is resident already"
        frame = self.free.pop()
        self.pages[frame], self.bits[frame], self.frame_of[page] = page, True, frame

    def victim(self) -> int:
        if not self.frame_of:
            raise LookupError("no page is resident")
        while True:
            page, frame = self.pages[self.hand], self.hand
            if page is not None and not self.bits[frame]:
                return page
            self.bits[frame] = False
            self.hand = (frame + 1) % len(self.pages)

    def remove(self, page: int) -> None:
        frame = self.frame_of.pop(page)
        self.pages[frame], self.bits[frame] = None, False
        self.free.append(frame)
        if frame == self.hand:
            self.hand = (frame + 1) % len(self.pages)
