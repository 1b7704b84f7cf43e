"""The power-on self-test: what the machine is made of, line by line, while it comes up.

Knows: lines with a state and perhaps a fraction. Does not know: what loading or compiling is.
"""

from __future__ import annotations

from collections.abc import Sequence

from llmos.status import MachineView, SelfTest
from llmos.tui.desk import Desk
from llmos.tui.pane import Pane
from llmos.tui.text import Row, clip, flow, pad, sanitise

STATES = {"wait": ("·", "dim"), "busy": ("»", "busy"), "ok": ("✓", "good"), "fail": ("✗", "bad")}
PARTS = {
    "file 1": "parameters: the numbers that were learned",
    "file 2": "forward pass: the program that multiplies by them",
    "CPU": "both together, compiled for this computer",
    "RAM": "the context windows of all processes, as page frames",
    "devices": "what a process may call for what it can't know",
    "log": "everything that comes in is recorded, so that one can go back",
}
"""What comes up, and what it is; shown until it has."""
NEXT = ("Enter asks the suggested question", "F2 is a tour of four minutes", "? shows all keys", "q leaves")
FIRST = (
    "Everything you see is one running machine: its CPU is a language model,",
    "its RAM is the context window, and a tick is one token.",
)


class Boot(Pane):
    key = "boot"

    def pick(self, view: MachineView, desk: Desk) -> object:
        return view.boot, view.problem, view.mode, view.journal, desk.testing

    def heading(self) -> tuple[Row, Row]:
        return (("power-on self-test", "title"),), (("Enter folds it away", "dim"),) if self.desk.testing else ()

    def rows(self, width: int, height: int) -> Sequence[Row]:
        view = self.view
        rows: list[Row] = [self._line(test, width) for test in view.boot]
        if view.mode == "BOOT" and not view.problem:
            there = {test.part for test in view.boot}
            rows += [self._line(SelfTest(part, text), width) for part, text in PARTS.items() if part not in there]
        rows.append(())
        if view.problem:
            rows += [(("✗ ", "bad"), (sanitise(view.problem), "bold bad"))]
        elif view.mode == "BOOT":
            rows += [(("You can type now; the CPU starts when it is ready.", "text"),)]
        else:
            rows += [(("Ready.", "bold good"),)]
        if height > len(rows) + len(FIRST) + 1:
            rows += [(), *(((line, "dim"),) for line in FIRST)]
        if height > len(rows) + 2:
            rows += [(), flow([((one, "text"),) for one in NEXT], width, " · ")]
        return rows

    def _line(self, test: SelfTest, width: int) -> Row:
        glyph, style = STATES.get(test.state, STATES["wait"])
        head = ((glyph + " ", style), (pad(sanitise(test.part), 9), "title"))
        if test.fraction < 0:
            return (*head, (clip(sanitise(test.text), width - 11), "text" if test.state != "wait" else "dim"))
        full = round(min(max(test.fraction, 0.0), 1.0) * 20)
        return (
            *head,
            (pad(sanitise(test.text), max(10, min(64, width - 40))), "text"),
            (" [", "dim"),
            ("█" * full, style),
            ("─" * (20 - full), "dim"),
            (f"] {test.fraction:>4.0%}", "text"),
        )
