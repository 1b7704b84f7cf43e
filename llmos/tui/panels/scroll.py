"""Panels with more rows than they show: one that begins at the first, and one that follows the end of something that grows.

Knows: how far from the first or the last row one looks. Does not know: what the rows say.
"""

from __future__ import annotations

from collections.abc import Sequence

from llmos.tui.pane import Pane
from llmos.tui.text import Row


class Body(Pane):
    """From the first row on. Subclasses give `lines`, all rows at a width."""

    top = 0  # first row that is shown

    def lines(self, width: int) -> Sequence[Row]:
        raise NotImplementedError

    def rows(self, width: int, height: int) -> Sequence[Row]:
        lines = self.lines(width)
        self.top = max(0, min(self.top, len(lines) - height))
        return lines[self.top : self.top + height]

    def move(self, step: int) -> None:
        self.top = max(0, self.top + step)
        self.redraw()


class Tail(Pane):
    """Follows the end, unless the person has scrolled back. Subclasses give `lines`, rows at a width, oldest first."""

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
