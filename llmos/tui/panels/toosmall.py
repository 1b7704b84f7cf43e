"""What stands there when the terminal is too small for the room: one line that says so.

Knows: the size. Does not know: anything else.
"""

from __future__ import annotations

from collections.abc import Sequence

from llmos.status import MachineView
from llmos.tui.desk import Desk
from llmos.tui.layout import LEAST
from llmos.tui.pane import Pane
from llmos.tui.text import Row


class TooSmall(Pane):
    key = "size"
    framed = False

    def pick(self, view: MachineView, desk: Desk) -> object:
        return None

    def rows(self, width: int, height: int) -> Sequence[Row]:
        line = f"need {LEAST[0]}x{LEAST[1]}, have {width}x{height}; q leaves; `llmos run sh --plain` works anywhere"
        words, rows = line.split(), [""]
        for word in words:
            if rows[-1] and len(rows[-1]) + 1 + len(word) > width:
                rows.append("")
            rows[-1] = f"{rows[-1]} {word}".strip()
        return [((row, "text"),) for row in rows]
