"""A panel that is a table: columns, a cursor, scrolling.

Knows: how to keep the cursor on its row while rows change, and in sight. Does not know: what the rows mean.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from llmos.tui.pane import Pane
from llmos.tui.text import Row, fit


class Table(Pane):
    """Subclasses give `entries` as (identity, row) and `columns`, the head. The cursor stays with an identity."""

    top = 0
    cursor: Hashable = None
    spare_head = False  # the head goes where there are too few rows for the entries

    def columns(self, width: int) -> Row:
        raise NotImplementedError

    def entries(self, width: int) -> Sequence[tuple[Hashable, Row]]:
        raise NotImplementedError

    def empty(self) -> str:
        return "Nothing here yet."

    def rows(self, width: int, height: int) -> Sequence[Row]:
        entries = self.entries(width - 1)
        if not entries:
            return [((self.empty(), "dim"),)]
        head = self._head(len(entries), height)
        room = max(1, height - head)
        at = self._at(entries)
        self.top = max(0, min(self.top, len(entries) - room))
        if self.has_focus:
            self.top = min(max(self.top, at - room + 1), at)
        rows: list[Row] = [((" ", "dim"), *self.columns(width - 1))] if head else []
        for i, (_, row) in enumerate(entries[self.top : self.top + room], self.top):
            here = self.has_focus and i == at
            body = tuple((text, "reverse accent") for text, _ in fit(row, width - 1)) if here else row
            rows.append((("▶" if here else " ", "accent"), *body))
        hidden = len(entries) - self.top - room
        if hidden > 0 and room > 2:
            rows[-1] = (
                ((f"  {hidden + 1} more", "dim"),) if not (self.has_focus and at >= self.top + room - 1) else rows[-1]
            )
        return rows

    def _head(self, count: int, height: int) -> int:
        """Rows that the head takes."""
        return 0 if self.spare_head and count >= height else 1

    def _at(self, entries: Sequence[tuple[Hashable, Row]]) -> int:
        return next((i for i, (identity, _) in enumerate(entries) if identity == self.cursor), 0)

    def move(self, step: int) -> None:
        entries = self.entries(80)
        if not entries:
            return
        at = min(max(0, self._at(entries) + step), len(entries) - 1)
        self.cursor = entries[at][0]
        if not self.has_focus:
            self.top = max(0, self.top + step)
        self.redraw()

    def point(self, row: int) -> None:
        entries = self.entries(80)
        at = self.top + row - self._head(len(entries), self.size.height - 2)
        if self.top <= at < len(entries):
            self.cursor = entries[at][0]
            self.redraw()
            self.open()
