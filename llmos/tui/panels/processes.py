"""The process table.

Knows: processes as rows. Does not know: how to change one (it only asks to select one).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from llmos.status import MachineView
from llmos.tui.desk import Desk
from llmos.tui.owners import colour
from llmos.tui.text import Row, pad, sanitise
from llmos_kernel.view import ProcessView

from .table import Table

STATES = {"RUNNING": "good", "READY": "busy", "BLOCKED": "accent", "STOPPED": "bad", "ZOMBIE": "dim", "NEW": "text"}


class Processes(Table):
    key = "processes"

    def pick(self, view: MachineView, desk: Desk) -> object:
        return view.snapshot.processes, view.snapshot.selected

    def heading(self) -> tuple[Row, Row]:
        return (("processes", "title"),), ((str(len(self.view.snapshot.processes)), "text"),)

    def columns(self, width: int) -> Row:
        return (("PID PPID PROGRAM  STATE   RING   TOKENS PAGES WAIT WHY", "dim"),)

    def entries(self, width: int) -> Sequence[tuple[Hashable, Row]]:
        return [(p.pid, self._row(p)) for p in self.view.snapshot.processes]

    def empty(self) -> str:
        return "No process yet."

    def open(self) -> None:
        if self.view.snapshot.processes:
            known = [p.pid for p in self.view.snapshot.processes]
            pid = self.cursor if self.cursor in known else known[0]
            self.post_message(self.Chosen("select", str(pid)))

    def _row(self, p: ProcessView) -> Row:
        ended = p.state == "ZOMBIE"
        text = "dim" if ended else "text"
        mark = "●" if p.pid == self.view.snapshot.selected else " "
        return (
            (pad(str(p.pid), 3, True), "dim" if ended else "bold " + colour(p.pid)),
            (pad(str(p.ppid), 5, True) + " ", "dim"),
            (pad(sanitise(p.program), 8) + mark, "dim" if ended else colour(p.pid)),
            (pad(p.state, 8), STATES.get(p.state, "text")),
            (pad(p.ring, 6), text),
            (pad(f"{p.tokens:,}", 7, True), text),
            (pad(str(p.pages), 6, True), text),
            (pad(str(p.wait), 5, True) + " ", text),
            (sanitise(p.why), "dim"),
        )
