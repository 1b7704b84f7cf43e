"""The kernel log: what happened, a line an event.

Knows: lines with a tick. Does not know: which events have lines.
"""

from __future__ import annotations

from collections.abc import Sequence

from llmos.status import Line, MachineView
from llmos.tui.desk import Desk
from llmos.tui.text import Row, clip, pad, sanitise

from .scroll import Tail

STYLES = {
    "trap": "busy",
    "call": "accent",
    "result": "device",
    "illegal": "bad",
    "refused": "bad",
    "deny": "bad",
    "ask": "bad",
    "asked": "bad",
    "evict": "busy",
}


class Log(Tail):
    key = "log"

    def pick(self, view: MachineView, desk: Desk) -> object:
        return view.log, desk.filter

    def heading(self) -> tuple[Row, Row]:
        found = f"  /{sanitise(self.desk.filter)}" if self.desk.filter else ""
        right: Row = ((f"{self.back} rows back, End follows", "busy"),) if self.back else ()
        return (("log", "title"), ("  dmesg", "dim"), (found, "busy")), right

    def lines(self, width: int, least: int) -> Sequence[Row]:
        word = self.desk.filter.lower()
        shown = [line for line in self.view.log if word in line.text.lower()] if word else self.view.log
        return [_line(line, width) for line in shown[-least:]]


def _line(line: Line, width: int) -> Row:
    text = sanitise(line.text)
    word, _, rest = text.partition(" ")
    style = STYLES.get(word, "title")
    return (
        (pad(str(line.tick), 5, True) + " ", "dim"),
        (word + " ", style),
        (clip(rest, width - 7 - len(word)), "text"),
    )
