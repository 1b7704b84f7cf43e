"""RAM: the context windows of all processes as page frames, a cell a frame.

Knows: who maps which frame, and where the selected process looks. Does not know: what is in a frame.
"""

from __future__ import annotations

from collections.abc import Sequence

from llmos.status import MachineView
from llmos.tui.desk import Desk
from llmos.tui.owners import colour, letter
from llmos.tui.pane import Pane
from llmos.tui.text import Row, Span, clip, fit, heat, pad, sanitise
from llmos_kernel.view import FrameView

from .banner import usage

LIST = 18  # cells of the list of owners
ROOMS = ((16, 2), (32, 2), (32, 1), (64, 1), (128, 1))  # frames in a line, cells a frame


class Ram(Pane):
    key = "ram"
    top = 0  # first line of the map that is shown

    def pick(self, view: MachineView, desk: Desk) -> object:
        s = view.snapshot
        return (
            s.frames,
            s.pages,
            s.selected,
            s.counters,
            tuple((p.pid, p.program, p.pages, p.absent) for p in s.processes),
        )

    def heading(self) -> tuple[Row, Row]:
        used, total = usage(self.view.snapshot)
        what = "context window as frames" if self.size.width >= 50 else "frames"
        return (("RAM", "title"), (f"  {what}", "dim")), ((f"{used}/{total}", "text"),)

    def rows(self, width: int, height: int) -> Sequence[Row]:
        s = self.view.snapshot
        if not s.frames:
            return [(("No frames yet.", "dim"),)]
        side = LIST if width >= 54 else 0
        foot = self._foot(width, 3 if height >= 9 else 1)
        lines = self._map(width - side - 2 * bool(side), height - len(foot))
        if (away := self._away(width - side)) and len(lines) < height - len(foot):
            lines.append(away)
        owners = self._owners(len(lines)) if side else []
        rows: list[Row] = []
        for i, line in enumerate(lines):
            beside = owners[i] if i < len(owners) else ()
            rows.append((*fit(line, width - side - 2), ("  ", "text"), *beside) if side else line)
        rows += [()] * (height - len(foot) - len(rows))
        return [*rows, *foot]

    def move(self, step: int) -> None:
        self.top = max(0, self.top + step)
        self.redraw()

    def _map(self, width: int, height: int) -> list[Row]:
        frames = self.view.snapshot.frames
        across, cells = _room(len(frames), width - 4, height)
        count = -(-len(frames) // across)
        ruler = height > count and cells == 2
        shown = height - ruler
        self.top = max(0, min(self.top, count - shown))
        lines: list[Row] = []
        if ruler:
            lines.append((("    " + "".join(f"{i % 16:x} " for i in range(across)), "dim"),))
        for y in range(self.top, min(count, self.top + shown)):
            first = y * across
            cellrow = _cells(frames[first : first + across], cells)
            lines.append(((f"{first:>3x} ", "dim"), *cellrow))
        return lines

    def _away(self, width: int) -> Row:
        """A cell for each page that has no frame: ~ written away, m mapped and not read yet."""
        spans: list[Span] = [("off ", "dim")]
        for p in self.view.snapshot.processes:
            if p.absent:
                spans.append((letter(p.pid) + "~" * (p.absent - p.unread) + "m" * p.unread + " ", colour(p.pid)))
        return fit(tuple(spans), width - 2) if len(spans) > 1 else ()

    def _owners(self, height: int) -> list[Row]:
        """Who has how many pages, most first."""
        s = self.view.snapshot
        having = sorted((p for p in s.processes if p.pages), key=lambda p: (-p.pages, p.pid))
        rows: list[Row] = [(("   pid owner pages", "dim"),)]
        for p in having[: max(0, height - 1)]:
            here = p.pid == s.selected
            rows.append(
                (
                    ("▶" if here else " ", "accent"),
                    (letter(p.pid), "bold " + colour(p.pid)),
                    (pad(str(p.pid), 4, True) + " ", "text"),
                    (pad(clip(sanitise(p.program), 7), 8), colour(p.pid)),
                    (pad(str(p.pages), 3, True), "text"),
                )
            )
        if len(having) > height - 1 > 0:
            rows[-1] = ((f"  and {len(having) - height + 2} more", "dim"),)
        return rows

    def _foot(self, width: int, height: int) -> list[Row]:
        s = self.view.snapshot
        legend: Row = (
            ("1", "owner0"),
            (" pid  ", "dim"),
            ("S", "shared"),
            (" shared  ", "dim"),
            ("d", "device"),
            (" device  ", "dim"),
            ("c", "dim"),
            (" cached  ", "dim"),
            (".", "free"),
            (" free  ", "dim"),
            ("*", "busy"),
            (" written", "dim"),
        )
        if any(p.absent for p in s.processes):
            legend = (*legend[:-4], ("~", "busy"), (" out  ", "dim"), ("m", "busy"), (" mapped", "dim"))
        counters: Row = (
            ("saved by sharing ", "dim"),
            (str(s.counters.shared_frames), "text"),
            ("  copied on write ", "dim"),
            (str(s.counters.copies), "text"),
            ("  evicted ", "dim"),
            (str(s.counters.evictions), "text"),
        )
        return [self._attention(width)] if height == 1 else [legend, self._attention(width), counters]

    def _attention(self, width: int) -> Row:
        """Where the selected process looked last: a bar a page, and the hottest."""
        s = self.view.snapshot
        if not s.pages:
            return (
                (f"attention  pid {s.selected} has no pages" if s.selected else "attention  nobody is selected", "dim"),
            )
        total = sum(p.mass for p in s.pages) or 1
        most = max(s.pages, key=lambda p: p.mass)
        peak = most.mass or 1
        room = width - 40 if width >= 54 else width - 24
        shown = s.pages[-max(4, room) :]
        return (
            (f"attention pid {s.selected} " if width >= 54 else "A ", "dim"),
            ("".join(heat(p.mass / peak) for p in shown), colour(s.selected)),
            (f"  hot page {most.page}", "text"),
            (f" {most.mass / total:.0%}", "dim"),
        )


def _room(count: int, width: int, height: int) -> tuple[int, int]:
    """The widest spacing at which all frames are seen; the densest if none is enough."""
    fits = [(across, cells) for across, cells in ROOMS if across * cells <= width]
    for across, cells in fits:
        if -(-count // across) <= height:
            return across, cells
    return fits[-1] if fits else (16, 1)


def _cells(frames: Sequence[FrameView], cells: int) -> list[Span]:
    """Neighbours of one style become one span."""
    spans: list[Span] = []
    for frame in frames:
        mark, style = _mark(frame)
        if cells == 2:
            mark += "*" if frame.writing else " "
        elif frame.writing:
            mark = "*"
        if spans and spans[-1][1] == style:
            spans[-1] = (spans[-1][0] + mark, style)
        else:
            spans.append((mark, style))
    return spans


def _mark(frame: FrameView) -> tuple[str, str]:
    bold = "bold " if frame.writing else ""
    if frame.kind == "K":
        return "K", bold + "kernel"
    if frame.kind == ".":
        return ".", bold + "free"
    if frame.kind == "c":
        return "c", bold + "dim"
    if frame.kind == "S":
        return "S", bold + "shared"
    if frame.label == "D":
        return "d", bold + "device"
    return letter(frame.owner), bold + colour(frame.owner)
