"""The scheduler's timeline: which process had which lane in the last ticks, and who waits.

Knows: the history of the lanes and the states of processes. Does not know: the policy's reasons.
"""

from __future__ import annotations

from collections.abc import Sequence

from llmos.status import MachineView
from llmos.tui.desk import Desk
from llmos.tui.owners import colour, letter
from llmos.tui.pane import Pane
from llmos.tui.text import Row, Span, flow

EVENTS = {
    "c": "accent",
    "t": "busy",
    "r": "device",
    "f": "bad",
    "e": "busy",
    "x": "title",
    "!": "bold bad",
    "b": "good",
}


class Timeline(Pane):
    key = "timeline"

    def pick(self, view: MachineView, desk: Desk) -> object:
        s = view.snapshot
        states = tuple((p.pid, p.state, p.wait) for p in s.processes)
        return s.timeline, s.counters, view.marks[-1:], view.policy, s.tick, states

    def heading(self) -> tuple[Row, Row]:
        tick = f"{self.view.snapshot.tick:,} ▏"
        return (("scheduler", "title"), (f"  {self.view.policy}", "dim")), (("tick ", "dim"), (tick, "text"))

    def rows(self, width: int, height: int) -> Sequence[Row]:
        s = self.view.snapshot
        summary = self._summary(width)
        lanes = s.timeline[: max(1, height - len(summary))]
        rows: list[Row] = [_lane(i, line, width) for i, line in enumerate(lanes)]
        rows.append(self._events(width, len(lanes[0]) if lanes else 0))
        return [*rows, *summary][:height] if s.timeline else [(("No ticks yet.", "dim"),)]

    def open(self) -> None:
        """Why does who runs run now?"""
        self.post_message(self.Chosen("inspect", "choice"))

    def aside(self, step: int) -> None:
        """To the tick before, or the one after."""
        self.post_message(self.Chosen("goto", str(max(0, self.view.snapshot.tick + step))))

    def _events(self, width: int, ticks: int) -> Row:
        """What happened in each tick shown, the last event's letter where there were several."""
        room = min(max(1, width - 8), ticks)
        first = self.view.snapshot.tick - room
        letters = ["·"] * room
        for mark in self.view.marks:
            if first <= mark.tick < first + room:
                letters[mark.tick - first] = mark.letter
        spans: list[Span] = [("events  "[:8], "dim"), (" " * max(0, width - 8 - room), "text")]
        spans += [(letter, EVENTS.get(letter, "dim")) for letter in letters]
        return tuple(spans)

    def _summary(self, width: int) -> list[Row]:
        s = self.view.snapshot
        ready = [p for p in s.processes if p.state == "READY"]
        blocked = [p for p in s.processes if p.state == "BLOCKED"]
        lived = [p.wait for p in s.processes if p.tokens]
        mean = sum(lived) / len(lived) if lived else 0.0
        first: list[Row] = [
            (("ready ", "dim"), *_pids([p.pid for p in ready])),
            (("blocked ", "dim"), *_pids([p.pid for p in blocked])),
            (("mean wait ", "dim"), (f"{mean:.0f} ticks", "text")),
        ]
        c = s.counters
        second: list[Row] = [
            (("switches ", "dim"), (f"{c.switches:,}", "text")),
            (("calls ", "dim"), (f"{c.calls:,}", "text")),
            (("decoded ", "dim"), (f"{c.decoded:,}", "text")),
            (("read ", "dim"), (f"{c.prefilled:,} tokens", "text")),
        ]
        return [flow(first, width), flow(second, width)]


def _pids(pids: list[int]) -> list[Span]:
    shown: list[Span] = [(f"{pid} ", colour(pid)) for pid in pids[:8]]
    if len(pids) > 8:
        shown.append((f"+{len(pids) - 8}", "dim"))
    return shown or [("none", "dim")]


def _lane(lane: int, history: Sequence[int], width: int) -> Row:
    """One letter a tick, the newest at the right end."""
    room = max(1, width - 8)
    spans: list[Span] = []
    for pid in history[-room:]:
        mark, style = letter(pid), colour(pid)
        if spans and spans[-1][1] == style:
            spans[-1] = (spans[-1][0] + mark, style)
        else:
            spans.append((mark, style))
    blank = " " * (room - min(room, len(history)))
    return ((f"lane {lane:<2} ", "dim"), (blank, "text"), *spans, ("▏", "accent"))
