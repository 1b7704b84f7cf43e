"""A panel that shows the end of something that grows: follows it, unless the person has scrolled back.

Knows: how far from the end one looks. Does not know: what grows.
"""

from __future__ import annotations

from collections.abc import Sequence

from llmos.tui.pane import Pane
from llmos.tui.text import Row


class Tail(Pane):
    """Subclasses give `lines`, all rows at a width, oldest first; rows may be fewer than were asked for."""

    back = 0  # rows between the last one and the last one shown

    def lines(self, width: int, least: int) -> Sequence[Row]:
        """At least the `least` last rows, if there are so many."""
        raise NotImplementedError

    def rows(self, width: int, height: int) -> Sequence[Row]:
        lines = self.lines(width, height + self.back)
        self.back = max(0, min(self.back, len(lines) - height))
        end = len(lines) - self.back
        return lines[max(0, end - height) : end]

    def move(self, step: int) -> None:
        self.back = max(0, self.back - step)
        self.redraw()
