"""The CPU: the phase of the machine, and for each lane who runs, what was said, and what might have been said.

Knows: lanes, their last tokens with authors, and the alternatives at the last choice. Does not know: how a token is made.
"""

from __future__ import annotations

from collections.abc import Sequence

from llmos.status import MachineView
from llmos.tui.desk import Desk
from llmos.tui.owners import colour
from llmos.tui.pane import Pane
from llmos.tui.stream import strip
from llmos.tui.text import Row, Span, bar, cell_len, clip, fit, pad, probability, sanitise, spread
from llmos.tui.text import width as cells_of
from llmos_kernel.view import LaneView

from .program import program, source

IDLE = "idle: nobody wants this lane"
PHASES = ("deliver", "schedule", "resident", "run", "retire", "traps")
LEGEND: Row = (
    ("m", "model"),
    (" model  ", "dim"),
    ("K", "kernel"),
    (" kernel  ", "dim"),
    ("u", "user"),
    (" you  ", "dim"),
    ("d", "device"),
    (" device", "dim"),
)


def last_ran(view: MachineView) -> LaneView | None:
    """Somebody who has a lane now, or else who had one last."""
    running = [lane for lane in view.snapshot.lanes if lane.pid]
    return running[-1] if running else max(view.lately, key=lambda lane: lane.left, default=None)


class CpuPane(Pane):
    key = "cpu"
    first = 0  # the lane shown in full
    back = 0  # the token that Enter looks into, counted from the end of that lane's stream
    top = 0  # first line of the program that is shown when maximised

    def pick(self, view: MachineView, desk: Desk) -> object:
        return view.snapshot.phase, view.snapshot.lanes, view.lately, desk.zoom

    def heading(self) -> tuple[Row, Row]:
        now, short = self.view.snapshot.phase, self.size.width < 58
        if self.size.width < 42 and now in PHASES:
            return (("CPU", "title"),), ((f"[{now.upper()}]", "bold accent"), (f" {PHASES.index(now) + 1}/6", "dim"))
        phases: list[Span] = []
        for name in PHASES:
            here = name == now
            word = name[:3] if short and not here else name
            phases.append((f"[{word.upper()}]" if here else word, "bold accent" if here else "dim"))
            phases.append((">", "line"))
        return (("CPU", "title"),), tuple(phases[:-1])

    def rows(self, width: int, height: int) -> Sequence[Row]:
        if self.desk.zoom == self.key and width >= 70:
            return self._with_program(width, height)
        return self._lanes(width, height)

    def _with_program(self, width: int, height: int) -> list[Row]:
        """The lanes at the left, the forward pass they run at the right."""
        half = max(34, (width - 3) * 2 // 5)
        lanes = [*self._lanes(half, height), *[()] * height]
        lines = program()
        self.top = max(0, min(self.top, len(lines) - height))
        shown = [*source(lines[self.top : self.top + height]), *[()] * height]
        return [(*fit(lanes[y], half), (" │ ", "line"), *shown[y]) for y in range(height)]

    def _lanes(self, width: int, height: int) -> Sequence[Row]:
        lanes = self.view.snapshot.lanes
        if not lanes:
            return [(("The CPU is not ready yet.", "dim"),)]
        first = lanes[min(self.first, len(lanes) - 1)]
        if len(lanes) == 2 and height >= 9:
            return self._two(lanes, width, height)
        others = [lane for lane in lanes if lane is not first]
        room = max(4, height - len(others))
        rows = self._full(first, width, room)
        rows += [()] * (min(room, height - len(others)) - len(rows))
        return [*rows, *(self._brief(lane, width) for lane in others)][:height]

    def move(self, step: int) -> None:
        """Choose the lane that is shown in full, or scroll the program."""
        if self.desk.zoom == self.key:
            self.top = max(0, self.top + step)
            self.redraw()
        elif self.view.snapshot.lanes:
            self.first = min(max(0, self.first + step), len(self.view.snapshot.lanes) - 1)
            self.redraw()

    def aside(self, step: int) -> None:
        """Choose the token that Enter looks into."""
        lane = self._lane()
        self.back = min(max(0, self.back - step), max(0, len(lane.stream) - 1 if lane else 0))
        self.redraw()

    def open(self) -> None:
        """Look into the chosen token, of whoever is on the lane or was there last."""
        lane = self._lane()
        if lane and (pid := lane.pid or self._last(lane).pid):
            self.post_message(self.Chosen("inspect", "token", str(pid), str(self.back)))

    def _lane(self) -> LaneView | None:
        lanes = self.view.snapshot.lanes
        return lanes[min(self.first, len(lanes) - 1)] if lanes else None

    def _last(self, lane: LaneView) -> LaneView:
        """What was on an idle lane before; the idle lane itself if nothing was."""
        return next((last for last in self.view.lately if last.lane == lane.lane), lane)

    def _two(self, lanes: Sequence[LaneView], width: int, height: int) -> list[Row]:
        """Both streams over the whole width, both choices side by side."""
        deep = 2 if height >= 15 else 1
        rows = [row for lane in lanes for row in (self._head(lane, width), *self._stream(lane, width, deep))]
        half = (width - 3) // 2
        left = self._choices(lanes[0], half, height - len(rows))
        right = self._choices(lanes[1], half, height - len(rows))
        for i in range(max(len(left), len(right))):
            one = left[i] if i < len(left) else ()
            other = right[i] if i < len(right) else ()
            rows.append((*fit(one, half), (" │ ", "line"), *other))
        if height - len(rows) >= 2:
            rows += [(), LEGEND]
        return rows

    def _full(self, lane: LaneView, width: int, height: int) -> list[Row]:
        deep = max(1, (height - 7) // 2)
        rows = [self._head(lane, width), *self._stream(lane, width, deep)]
        rows += self._choices(lane, width, height - len(rows))
        return [*rows, (), LEGEND] if height - len(rows) >= 2 else rows

    def _brief(self, lane: LaneView, width: int) -> Row:
        if not lane.pid:
            return ((f"lane {lane.lane}  ", "dim"), ("idle", "dim"))
        head: Row = (
            (f"lane {lane.lane}  ", "dim"),
            (f"pid {lane.pid} {clip(sanitise(lane.program), 8)} ", colour(lane.pid)),
        )
        room = width - sum(cell_len(text) for text, _ in head)
        said, _ = strip(lane, room, 1, self.palette.plain)[0]
        return (*head, *said)

    def _head(self, lane: LaneView, width: int) -> Row:
        if not lane.pid:
            last = self._last(lane)
            said = f"idle, last pid {last.pid} {clip(sanitise(last.program), 10)}:" if last.pid else IDLE
            return ((f"lane {lane.lane}  ", "dim"), (said, "dim"))
        left: Row = (
            (f"lane {lane.lane}  ", "dim"),
            (f"pid {lane.pid} {clip(sanitise(lane.program), 10)}", "bold " + colour(lane.pid)),
        )
        cells = 10 if width > 50 else 5
        full = round(cells * min(1.0, lane.quantum / lane.quantum_max)) if lane.quantum_max else 0
        right: Row = (
            ("quantum " if width > 36 else "", "dim"),
            ("█" * full, colour(lane.pid)),
            ("░" * (cells - full), "dim"),
            (f" {lane.quantum}/{lane.quantum_max}", "text"),
        )
        stop: Row = ((f"  stop {lane.stop.lower() or '-'}", "dim"),)
        room = width - cells_of((*left, *right, *stop))
        return spread(left, (*right, *stop) if room > 0 else right, width)

    def _stream(self, lane: LaneView, width: int, deep: int) -> list[Row]:
        """The end of the context, each line with a line of authors under it."""
        marked = self.back if lane is self._lane() else 0
        lines = strip(lane if lane.pid else self._last(lane), width, deep, self.palette.plain, marked)
        lines += [((), ())] * (deep - len(lines))
        return [row for pair in lines for row in pair]

    def _choices(self, lane: LaneView, width: int, height: int) -> list[Row]:
        """What the model might have said at its last choice, likeliest first."""
        lane = lane if lane.pid else self._last(lane)
        if not lane.pid or height < 1:
            return []
        if not lane.top:
            return [
                (("reading; no choice made yet" if not self.view.redacted else "what was likely is left out", "dim"),)
            ]
        word = max(6, min(16, width - 16))
        cells = min(20, max(width - word - 9, min(3, width - word - 7)))
        rows: list[Row] = []
        marked = False
        for text, p in lane.top[:height]:
            here = not marked and text == lane.chosen
            marked = marked or here
            rows.append(
                (
                    ("▶ " if here else "  ", "accent"),
                    (pad(f'"{clip(sanitise(text), word - 2)}"', word), "bold model" if here else "text"),
                    (" " + bar(p, cells), "model" if here else "dim"),
                    (f" {probability(p)}", "text"),
                )
            )
        return rows
