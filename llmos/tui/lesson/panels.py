"""The panels beside a lesson: those of the machine room that its header names, and a board where no machine runs.

Knows: which of the room's panels there are, how many have room. Does not know: what is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmos.lessons.session import Scene
from llmos.status import MachineView
from llmos.tui.desk import Desk
from llmos.tui.pane import Pane
from llmos.tui.panels import PANES
from llmos.tui.panels.console import Console, Printed
from llmos.tui.panels.scroll import Body
from llmos.tui.text import Row
from llmos.tui.theme import Palette

from . import words

NAMES = {"scheduler": "timeline"}  # a lesson's word for a panel -> ours
LEAST = 6  # rows that a panel needs


class Board(Body):
    """What was measured so far, for a lesson or a recording without a machine; scrolls."""

    key = "board"
    scene: Scene | None = None

    def pick(self, view: MachineView, desk: Desk) -> object:
        return self.scene

    def heading(self) -> tuple[Row, Row]:
        return ((("recording" if self.scene and self.scene.source == "record" else "measured", "title"),)), ()

    def lines(self, width: int) -> Sequence[Row]:
        return words.board(self.scene, width) if self.scene else []


def panes(palette: Palette) -> Iterator[Pane]:
    """One of each."""
    for kind in PANES:
        pane = (Printed if kind is Console else kind)(palette)
        if pane.framed:
            yield pane
    yield Board(palette)


def chosen(layout: Sequence[str], turned: int, rows: int) -> list[str]:
    """The panels of a layout that have room, the others after `turned` turns."""
    keys = [NAMES.get(name, name) for name in layout]
    keys = [key for key in keys if any(kind.key == key for kind in PANES)]
    turned %= max(1, len(keys))
    return (keys[turned:] + keys[:turned])[: max(1, rows // LEAST)]
