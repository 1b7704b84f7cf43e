"""The context window of the selected process: whose words are in it, what part each takes, and what was moved out.

Knows: spans and what is on the retrieval disk. Does not know: how a compaction chooses. What would leave in a compaction now
is marked before it happens; what has left can be brought back.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from llmos.status import MachineView
from llmos.tui.desk import Desk
from llmos.tui.owners import colour
from llmos.tui.text import Row, Span, pad, sanitise
from llmos_kernel.view import MovedView, SpanView

from .table import Table

RINGS = {"KERNEL": "kernel", "SYSTEM": "text", "USER": "user", "DATA": "device"}


class Window(Table):
    key = "window"

    def pick(self, view: MachineView, desk: Desk) -> object:
        return view.snapshot.selected, view.snapshot.window, view.snapshot.moved, desk.zoom

    def heading(self) -> tuple[Row, Row]:
        s = self.view.snapshot
        who: Row = ((f"  pid {s.selected}", colour(s.selected)),) if s.selected else ()
        full = sum(span.share for span in s.window) / 10
        return (("window", "title"), *who), (
            ("C compact  Z undo  ", "dim"),
            (f"{full:.0f}%", "text"),
        ) if s.window else ()

    def columns(self, width: int) -> Row:
        return ((pad("TOKENS", 7, True) + " SHARE       RING   FROM     TEXT", "dim"),)

    def entries(self, width: int) -> Sequence[tuple[Hashable, Row]]:
        s = self.view.snapshot
        inside = [(span.first, _inside(span)) for span in s.window]
        return [*inside, *((f"moved {moved.at}", _outside(moved)) for moved in s.moved)]

    def empty(self) -> str:
        return "The selected process has nothing in its window."


def _inside(span: SpanView) -> Row:
    style = RINGS.get(span.ring, "text")
    leaves: Span = ("→disk ", "busy") if span.leaves else ("", "dim")
    return (
        (pad(f"{span.tokens:,}", 7, True), "text"),
        (f" {span.share / 10:>4.1f}% ", "text"),
        (pad("█" * max(1, round(span.share / 200)), 5), style),
        (pad(span.ring, 7), style),
        (pad(sanitise(span.origin) or "-", 8) + " ", "dim"),
        leaves,
        (sanitise(span.text), style),
    )


def _outside(moved: MovedView) -> Row:
    return (
        (pad(f"{moved.tokens:,}", 7, True), "dim"),
        (pad(" on disk", 12), "busy"),
        (pad(moved.ring, 7), "dim"),
        (pad(sanitise(moved.title), 8) + " ", "dim"),
        (sanitise(moved.text), "dim"),
    )
