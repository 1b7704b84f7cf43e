"""Attention: evict the page that mattered least to the last burst.

A page's worth is what it brought to the last burst, as the CPU says. Ties go to the page that came in first.
Where nobody tells masses (a recorded reference string), each reference counts as a full one. What sets it apart from the
other policies in a machine: absent pages keep a digest of their keys, and the current query calls back those that would matter.
"""

from __future__ import annotations

from collections.abc import Mapping

from .least import Least

FULL = 65535  # all the attention there is in one burst


class Attention(Least):
    name = "attention"

    def attend(self, worth: Mapping[int, int]) -> None:
        """What pages were worth to one burst; also those that are not admitted yet."""
        self.worth = dict(worth)
        self.look_again()

    def touch(self, page: int) -> None:
        self.worth[page] += FULL // 4

    def admit(self, page: int) -> None:
        self.worth.setdefault(page, FULL // 4)
        super().admit(page)
