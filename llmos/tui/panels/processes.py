"""The process table.

Knows: processes as rows. Does not know: how to change one (it only asks to select one).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace

from llmos.status import MachineView
from llmos.tui.desk import Desk
from llmos.tui.owners import colour
from llmos.tui.text import Row, pad, sanitise
from llmos.tui.theme import Palette
from llmos_kernel.view import ProcessView

from .table import Table

STATES = {
    "RUNNING": "good",
    "READY": "busy",
    "BLOCKED": "accent",
    "STOPPED": "bad",
    "ZOMBIE": "dim",
    "EXITED": "dim",
    "NEW": "text",
}


SORTS = ("active", "pid", "tokens", "pages", "wait", "program", "state")
LINGER = 8  # processes that ended are shown dimmed until so many more have


class Processes(Table):
    key = "processes"

    def __init__(self, palette: Palette) -> None:
        super().__init__(palette)
        self.ended: list[ProcessView] = []  # oldest first
        self.known: dict[int, ProcessView] = {}
        self.order: list[int] = []  # kept while the cursor is in the table

    def pick(self, view: MachineView, desk: Desk) -> object:
        self._remember(view)
        return view.snapshot.processes, view.snapshot.selected, desk.sort, desk.tree, desk.filter

    def _remember(self, view: MachineView) -> None:
        """Keep those that left the kernel's table, as long as we look at the same world's present."""
        now = {p.pid: p for p in view.snapshot.processes}
        gone = [replace(p, state="EXITED", lane=-1) for pid, p in self.known.items() if pid not in now]
        if view.mode == "REPLAY":
            gone, self.ended = [], []
        self.ended = [p for p in self.ended if p.pid not in now][-LINGER + len(gone) :] + gone
        self.known = now

    def heading(self) -> tuple[Row, Row]:
        desk = self.desk
        parts = [f"  sort {desk.sort}" if desk.sort != SORTS[0] else "", "  tree" if desk.tree else ""]
        found = f"  /{sanitise(desk.filter)}" if desk.filter else ""
        return (("processes", "title"), ("".join(parts), "dim"), (found, "busy")), (
            (str(len(self.view.snapshot.processes)), "text"),
        )

    def columns(self, width: int) -> Row:
        parent, wait = "PPID " * (width >= 64), "WAIT WHY" if width >= 54 else "WHY"
        return ((f"PID {parent}PROGRAM  STATE   RING   P TOKENS PAGES {wait}", "dim"),)

    def entries(self, width: int) -> Sequence[tuple[Hashable, Row]]:
        return [(p.pid, self._row(p, depth, width)) for p, depth in self._ordered()]

    def _ordered(self) -> list[tuple[ProcessView, int]]:
        """Everyone who passes the filter, sorted or as a tree; rows stay where they are while the cursor is among them."""
        word = self.desk.filter.lower()
        shown = [*self.view.snapshot.processes, *self.ended]
        shown = [p for p in shown if word in f"{p.pid} {p.program} {p.args} {p.state} {p.why}".lower()]
        if self.desk.tree:
            return list(branches(shown))
        shown.sort(key=lambda p: sort_key(p, self.desk.sort))
        if self.has_focus:
            place = {pid: i for i, pid in enumerate(self.order)}
            shown.sort(key=lambda p: place.get(p.pid, len(place)))
        self.order = [p.pid for p in shown]
        return [(p, 0) for p in shown]

    def resort(self) -> None:
        """Let the rows move once, although the cursor is among them."""
        self.order = []

    def empty(self) -> str:
        return (
            f"No process with {self.desk.filter!r} in it; / and Enter shows all."
            if self.desk.filter
            else "No process yet."
        )

    @property
    def row_pid(self) -> int:
        """The process under the cursor; 0 = none."""
        pids = [p.pid for p, _ in self._ordered()]
        if self.cursor in pids:
            return int(str(self.cursor))
        return pids[0] if pids else 0

    def open(self) -> None:
        """Select; once selected, look inside."""
        pid = self.row_pid
        if pid:
            chosen = pid == self.view.snapshot.selected
            self.post_message(
                self.Chosen("inspect", "process", str(pid)) if chosen else self.Chosen("select", str(pid))
            )

    def _row(self, p: ProcessView, depth: int, width: int) -> Row:
        ended = p.state in ("ZOMBIE", "EXITED")
        text = "dim" if ended else "text"
        mark = "●" if p.pid == self.view.snapshot.selected else " "
        state = "PARKED" if p.state == "STOPPED" and 0 < p.pages == p.absent else p.state
        name = " " * min(max(0, depth - 1), 3) + "└" * (depth > 0) + sanitise(p.program)
        wait = (pad(str(p.wait), 5, True), text)
        return (
            (pad(str(p.pid), 3, True), "dim" if ended else "bold " + colour(p.pid)),
            (pad(str(p.ppid), 5, True) + " " if width >= 64 else " ", "dim"),
            (pad(name, 8) + mark, "dim" if ended else colour(p.pid)),
            (pad(state, 8), STATES.get(p.state, "text")),
            (pad(p.ring, 7), text),
            (str(p.priority)[:1], text),
            (pad(f"{p.tokens:,}", 7, True), text),
            (pad(f"{p.pages - p.absent}/{p.pages}" if p.absent else str(p.pages), 6, True), text),
            wait if width >= 54 else ("", text),
            (" " + sanitise(p.why), "dim"),
        )


def sort_key(p: ProcessView, column: str) -> tuple[object, ...]:
    """Active: who runs or wants to comes first. Numbers: most first; names: by alphabet; the living before the ended."""
    ended = p.state in ("ZOMBIE", "EXITED")
    if column == "active":
        return ended, p.state not in ("RUNNING", "READY", "NEW"), p.pid
    value = getattr(p, column)
    return (ended, -value if isinstance(value, int) and column != "pid" else value, p.pid)


def branches(processes: Sequence[ProcessView]) -> Iterator[tuple[ProcessView, int]]:
    """Depth first, children by number under their parent; orphans of the selection at the top."""
    known = {p.pid for p in processes}
    children: dict[int, list[ProcessView]] = {}
    for p in sorted(processes, key=lambda p: p.pid):
        children.setdefault(p.ppid if p.ppid in known else 0, []).append(p)
    stack = [(p, 0) for p in reversed(children.get(0, []))]
    while stack:
        p, depth = stack.pop()
        yield p, depth
        stack += [(child, depth + 1) for child in reversed(children.get(p.pid, []))]
