"""The page table of the selected process: from its own addresses to frames.

Knows: pages, frames, attention. Does not know: how a page got there.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from llmos.status import MachineView
from llmos.tui.desk import Desk
from llmos.tui.owners import colour
from llmos.tui.text import Row, heat, pad, sanitise
from llmos_kernel.view import PageView

from .table import Table

RINGS = {"K": ("KERNEL", "kernel"), "S": ("SYSTEM", "text"), "U": ("USER", "user"), "D": ("DATA", "device")}

PLACES = {"swap": "~swap", "away": "~away", "mapped": "m map", "gone": "~lost"}
"""What stands in place of a frame's number: in the page file, left out of the window, not read yet, to be computed again."""


class Pages(Table):
    key = "pages"

    def pick(self, view: MachineView, desk: Desk) -> object:
        return view.snapshot.selected, view.snapshot.pages, unread(view)

    def heading(self) -> tuple[Row, Row]:
        s = self.view.snapshot
        name = next((p.program for p in s.processes if p.pid == s.selected), "")
        who: Row = ((f"  pid {s.selected} {sanitise(name)}", colour(s.selected)),) if s.selected else ()
        return (("page table", "title"), *who), ((str(len(s.pages)), "text"),) if s.pages else ()

    def columns(self, width: int) -> Row:
        return (("PAGE FRAME REFS RING   ATTN  TEXT", "dim"),)

    def entries(self, width: int) -> Sequence[tuple[Hashable, Row]]:
        pages = self.view.snapshot.pages
        total = sum(p.mass for p in pages) or 1
        peak = max((p.mass for p in pages), default=0) or 1
        return [(p.page, self._row(p, total, peak)) for p in pages]

    def empty(self) -> str:
        chosen = self.view.snapshot.selected
        if chosen:
            tokens = unread(self.view)
            why = f"its {tokens:,} tokens are not read yet" if tokens else "it has no words in a context"
            return f"pid {chosen} has no pages: {why}."
        return "No process selected" + (": Enter on a row of the process table." if self.can_focus else ".")

    def open(self) -> None:
        """Look inside the page under the cursor."""
        pages = self.view.snapshot.pages
        if pages:
            number = self.cursor if self.cursor in [p.page for p in pages] else pages[0].page
            self.post_message(self.Chosen("inspect", "page", str(self.view.snapshot.selected), str(number)))

    def _row(self, p: PageView, total: int, peak: int) -> Row:
        ring, style = RINGS.get(p.ring, (p.ring, "text"))
        shared = p.refs > 1
        here = p.where == "ram"
        return (
            (pad(str(p.page), 4, True), "text"),
            (pad(f"{p.frame:02x}" if here else PLACES.get(p.where, p.where), 6, True), "text" if here else "busy"),
            (pad(f"{'S' if shared else ' '}{p.refs}" if here else "-", 5, True) + " ", "shared" if shared else "dim"),
            (pad(ring, 7), style),
            (heat(p.mass / peak), "model"),
            (pad(f"{p.mass / total:.0%}", 4, True) + " ", "dim"),
            (sanitise(p.text), style if p.ring == "D" else "text"),
        )


def unread(view: MachineView) -> int:
    """Tokens of the selected process, if it has no pages for them."""
    shown = view.snapshot
    return (
        0 if shown.pages else sum(p.tokens for p in shown.processes if p.pid == shown.selected and p.state != "ZOMBIE")
    )
