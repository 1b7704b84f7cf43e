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


class Timeline(Pane):
    key = "timeline"

    def pick(self, view: MachineView, desk: Desk) -> object:
        s = view.snapshot
        return s.timeline, s.counters, tuple((p.pid, p.state, p.wait) for p in s.processes)

    def heading(self) -> tuple[Row, Row]:
        return (("scheduler", "title"),), (("tick ", "dim"), (f"{self.view.snapshot.tick:,} ▏", "text"))

    def rows(self, width: int, height: int) -> Sequence[Row]:
        s = self.view.snapshot
        summary = self._summary(width)
        lanes = s.timeline[: max(1, height - len(summary))]
        rows: list[Row] = [_lane(i, line, width) for i, line in enumerate(lanes)]
        return [*rows, *summary][:height] if s.timeline else [(("No ticks yet.", "dim"),)]

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
