"""Attention: evict the page that mattered least to the last burst.

Each page has a score: what it brought to the last burst, as the CPU says. Ties go to the page that came in first.
Where nobody tells masses (a recorded reference string), each reference counts as a full one. What sets it apart from the
other policies in a machine: absent pages keep a digest of their keys, and the current query calls back those that would matter.
"""

from __future__ import annotations

from collections.abc import Mapping

from .policy import InOrder

FULL = 65535  # all the attention there is in one burst


class Attention(InOrder):
    name = "attention"

    def __init__(self, frames: int) -> None:
        super().__init__(frames)
        self.score: dict[int, int] = {}

    def attend(self, worth: Mapping[int, int]) -> None:
        """What pages were worth to one burst; also those that are not admitted yet."""
        self.score = dict(worth)

    def touch(self, page: int) -> None:
        self.score[page] = self.score.get(page, 0) + FULL // 4

    def admit(self, page: int) -> None:
        super().admit(page)
        self.score.setdefault(page, FULL // 4)

    def remove(self, page: int) -> None:
        super().remove(page)
        self.score.pop(page, None)

    def victim(self) -> int:
        if not self.line:
            raise LookupError("no page is resident")
        return min(self.line, key=self.score.__getitem__)
