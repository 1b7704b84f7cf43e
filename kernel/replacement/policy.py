"""What a page replacement policy is told and asked.

Knows: page numbers. Does not know: frames, processes, why a page was referenced. Each reference to a page is told once:
as `touch` if the page is resident, as `admit` if it has just been brought in. When the frames are full, `victim` names the page
to go and `remove` says that it has gone, so that the caller may pass over it or take a page for reasons of its own.
"""

from __future__ import annotations

from typing import Protocol


class Replacement(Protocol):
    """Deterministic. Made for a number of frames; holds at most that many pages."""

    name: str

    def touch(self, page: int) -> None:
        """A resident page was referenced."""

    def admit(self, page: int) -> None:
        """A page was brought in, because it was referenced."""

    def victim(self) -> int:
        """The resident page to evict next. Raises LookupError when there is none."""

    def remove(self, page: int) -> None:
        """A resident page is gone: evicted, or freed by its owner."""


class InOrder:
    """Resident pages in a line; the base of the policies that evict at one of its ends."""

    name = ""

    def __init__(self, frames: int) -> None:
        self.frames = frames
        self.line: dict[int, None] = {}

    def touch(self, page: int) -> None:
        """The line stays as it is."""

    def admit(self, page: int) -> None:
        assert page not in self.line, f"page {page} is resident already"
        self.line[page] = None

    def remove(self, page: int) -> None:
        del self.line[page]

    def victim(self) -> int:
        if not self.line:
            raise LookupError("no page is resident")
        return next(iter(self.line))
