"""The scheduler's timeline: which process had which lane in the last ticks, and who waits.

Knows: the history of the lanes and the states of processes. Does not know: the policy's reasons.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from llmos.status import MachineView
from llmos.tui.desk import Desk
from llmos.tui.owners import colour, letter
from llmos.tui.pane import Pane
from llmos.tui.text import Row, Span, flow, pad, sanitise

EVENTS = {
    "c": "accent",
    "t": "busy",
    "r": "device",
    "f": "bad",
    "e": "busy",
    "x": "title",
    "!": "bold bad",
    "b": "good",
    "s": "dim",
}


GRAVE = "!b"  # refusals and bookmarks are not covered by other marks
SWITCH = "s"  # covered by any mark
HEAD = 8  # cells before the first tick
GANTT = 14  # the same, in the rows of single processes


class Timeline(Pane):
    key = "timeline"

    def pick(self, view: MachineView, desk: Desk) -> object:
        s = view.snapshot
        states = tuple((p.pid, p.state, p.wait) for p in s.processes)
        return (
            s.timeline,
            s.counters,
            view.marks[-1:],
            view.switches[-1:],
            view.policy,
            s.tick,
            view.now,
            view.mode,
            states,
            desk.zoom,
        )

    def heading(self) -> tuple[Row, Row]:
        tick = f"{self.view.snapshot.tick:,} ▏"
        return (("scheduler", "title"), (f"  {self.view.policy}", "dim")), (("tick ", "dim"), (tick, "text"))

    def rows(self, width: int, height: int) -> Sequence[Row]:
        s = self.view.snapshot
        summary = self._summary(width)
        lanes = s.timeline[: max(1, height - len(summary))]
        rows: list[Row] = [_lane(i, line, width) for i, line in enumerate(lanes)]
        rows.append(self._events(width, len(lanes[0]) if lanes else 0))
        whole = self._whole(width)
        rest = [whole, *summary] if self.view.mode == "REPLAY" else [*summary, whole]
        if self.desk.zoom == self.key:
            rest += [(), *self._gantt(width)]
        return [*rows, *rest][:height] if s.timeline else [(("No ticks yet.", "dim"),)]

    def open(self) -> None:
        """Why does who runs run now?"""
        self.post_message(self.Chosen("inspect", "choice"))

    def aside(self, step: int) -> None:
        """To the tick before, or the one after."""
        self.post_message(self.Chosen("goto", str(max(0, self.view.snapshot.tick + step))))

    def move(self, step: int) -> None:
        """Through the whole session, a hundredth of it a row; its ends at the ends."""
        tick, now = self.view.snapshot.tick, self.view.now
        target = tick + step * max(1, now // 100)
        self.post_message(self.Chosen("goto", str(max(0, target))) if target < now else self.Chosen("now"))

    def on_click(self, event: events.Click) -> None:
        """On a tick: go there."""
        x, room, tick = event.x - 2 - HEAD, max(1, self.size.width - 4 - HEAD), self.view.snapshot.tick
        if 0 <= x < room and 0 < event.y < self.size.height - 1:
            lanes = 1 + len(self.view.snapshot.timeline)
            whole = event.y > lanes
            target = x * (self.view.now + 1) // room if whole else tick - room + x
            self.post_message(self.Chosen("goto", str(max(0, target))))

    def _gantt(self, width: int) -> list[Row]:
        """A row a process, oldest first: on which lane it was in each tick, and blank where it had none."""
        room, ticks = max(1, width - GANTT), [*zip(*self.view.snapshot.timeline, strict=False)]
        ticks = ticks[-room:]
        names = {p.pid: p.program for p in self.view.snapshot.processes}
        rows: list[Row] = [(("each process, by the lane that it had", "title"),)]
        for pid in sorted({pid for tick in ticks for pid in tick if pid}):
            on = "".join(str(tick.index(pid)) if pid in tick else "·" for tick in ticks)
            name = pad(f"{pid} {sanitise(names.get(pid, 'ended'))}", GANTT - 1) + " "
            rows.append(((name, colour(pid)), (" " * (room - len(ticks)), "text"), (on, colour(pid))))
        return rows

    def _whole(self, width: int) -> Row:
        """The whole session as a line: its marks, and where one is."""
        room, now = max(1, width - HEAD), self.view.now + 1
        letters: list[str] = ["─"] * room
        for tick in self.view.switches:
            letters[min(room - 1, tick * room // now)] = SWITCH
        for mark in self.view.marks:
            at = min(room - 1, mark.tick * room // now)
            if letters[at] not in GRAVE or mark.letter in GRAVE:
                letters[at] = mark.letter
        letters[min(room - 1, self.view.snapshot.tick * room // now)] = "●"
        spans = [(letter, "bold accent" if letter == "●" else EVENTS.get(letter, "line")) for letter in letters]
        return (("session "[:HEAD], "dim"), *spans)

    def _events(self, width: int, ticks: int) -> Row:
        """What happened in each tick shown: the last mark where there were several, a switch where there was no mark."""
        room = min(max(1, width - 8), ticks)
        first = self.view.snapshot.tick - room
        letters = ["·"] * room
        for tick in self.view.switches:
            if first <= tick < first + room:
                letters[tick - first] = SWITCH
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
    return ((f"lane {lane:<2} ", "dim"), (blank, "text"), *spans)
