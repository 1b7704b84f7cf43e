"""What every panel shares: it draws rows from a frozen value, inside a frame, and repaints only cells that changed.

Knows: rows, cells, focus, scrolling. Does not know: any particular panel. A panel says which part of the view it draws
(`pick`) and how (`rows`, and `heading` for its frame); equal parts are not drawn again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from llmos.status import BLANK, MachineView

from .desk import Desk
from .layout import TABS
from .text import Row, Span, cell_len, fit
from .text import width as cells_of
from .theme import Palette

LIGHT = tuple("╭─╮│╰╯")
HEAVY = tuple("┏━┓┃┗┛")  # the focused one: seen without colour too
TAB_NAMES = {
    "processes": "ps",
    "pages": "pages",
    "timeline": "sched",
    "devices": "dev",
    "log": "log",
    "boot": "test",
    "window": "win",
    "disk": "disk",
}


class Pane(Widget):
    """A rectangle of rows. Subclasses set `key` and override `pick`, `rows` and, if framed, `heading`."""

    ALLOW_SELECT = False
    key: ClassVar[str] = ""  # its name in layouts and of its help file
    framed: ClassVar[bool] = True

    class Chosen(Message):
        """A row was opened: do this with the machine."""

        def __init__(self, *command: str) -> None:
            self.command = command
            super().__init__()

    def __init__(self, palette: Palette) -> None:
        super().__init__(id=self.key)
        self.palette = palette
        self.can_focus = self.framed
        self.view = BLANK
        self.desk = Desk()
        self._value: object = None
        self._lines: list[Row] = []
        self._strips: list[Strip | None] = []

    # -- for subclasses ---------------------------------------------------------------------------------------------

    def pick(self, view: MachineView, desk: Desk) -> object:
        """The part that is drawn: compared with the last one to see whether anything changed."""
        raise NotImplementedError

    def rows(self, width: int, height: int) -> Sequence[Row]:
        """At most `height` rows for the inside; any width, they are cut and padded."""
        raise NotImplementedError

    def heading(self) -> tuple[Row, Row]:
        """Left and right part of the upper border."""
        return ((self.key, "title"),), ()

    def move(self, step: int) -> None:
        """Cursor or scrolling, `step` rows."""

    def aside(self, step: int) -> None:
        """To the left or right, `step` things."""

    def open(self) -> None:
        """Enter, or a click on the row under the cursor."""

    def point(self, row: int) -> None:
        """A click on row `row` of the inside."""

    # -- drawing ----------------------------------------------------------------------------------------------------

    def show(self, view: MachineView, desk: Desk) -> None:
        """Take a new picture; draws only if this panel's part of it changed."""
        self.view, self.desk = view, desk
        value = (self.pick(view, desk), desk.small, desk.tab)
        if value != self._value:
            self._value = value
            self.redraw()

    def redraw(self) -> None:
        """Draw again and repaint the cells that differ from what is shown."""
        width, height = self.size
        if not (self.is_mounted and width and height):
            return
        lines = self._compose_lines(width, height)
        if len(lines) != len(self._lines) or not self._strips:
            self._lines, self._strips = lines, [None] * height
            self.refresh()
            return
        for y, (old, new) in enumerate(zip(self._lines, lines, strict=True)):
            if old != new:
                first, last = changed(old, new)
                self._lines[y], self._strips[y] = new, None
                self.refresh(Region(first, y, last - first, 1))

    def _compose_lines(self, width: int, height: int) -> list[Row]:
        if self.framed:
            inner = self.rows(max(0, width - 4), max(0, height - 2))
        else:
            inner = self.rows(width, height)
        if not self.framed:
            return [fit(row, width) for row in [*inner, *[()] * height][:height]]
        return self._frame(inner, width, height)

    def _frame(self, inner: Sequence[Row], width: int, height: int) -> list[Row]:
        corner, flat, corner2, side, corner3, corner4 = HEAVY if self.has_focus_within else LIGHT
        style = "accent" if self.has_focus_within else "line"
        body = [*inner, *[()] * height][: max(0, height - 2)]
        return [
            fit(((corner, style), *_rim(*self._title(), width - 2, flat, style), (corner2, style)), width),
            *(((side + " ", style), *fit(row, width - 4), (" " + side, style)) for row in body),
            ((corner3 + flat * (width - 2) + corner4, style),),
        ][:height]

    def _title(self) -> tuple[Row, Row]:
        left, right = self.heading()
        if not (self.desk.small and self.key in TABS):
            return left, right
        marks: list[Span] = []
        for number, tab in enumerate(TABS, 1):
            here = tab == self.key
            text = f"[{number} {TAB_NAMES[tab]}]" if here else f" {number} {TAB_NAMES[tab]} "
            marks.append((text, "bold accent" if here else "dim"))
        return tuple(marks), right

    def render_line(self, y: int) -> Strip:
        if len(self._strips) != self.size.height or not self._lines:
            self._lines = self._compose_lines(*self.size)
            self._strips = [None] * self.size.height
        if y >= len(self._lines):
            return Strip.blank(self.size.width, self.palette.style("text"))
        strip = self._strips[y]
        if strip is None:
            style = self.palette.style
            strip = Strip([Segment(text, style(name)) for text, name in self._lines[y]], self.size.width)
            self._strips[y] = strip
        return strip

    # -- events -----------------------------------------------------------------------------------------------------

    def forget(self) -> None:
        """Draw everything anew, as after a change of size or colours."""
        self._lines, self._strips = [], []
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        self.forget()

    def on_focus(self, event: events.Focus) -> None:
        self.call_next(self.redraw)  # when everybody knows who has the focus

    def on_blur(self, event: events.Blur) -> None:
        self.call_next(self.redraw)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self.redraw()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        self.redraw()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.move(-3)
        event.stop()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.move(3)
        event.stop()

    def on_click(self, event: events.Click) -> None:
        if self.framed and 0 < event.y < self.size.height - 1:
            self.point(event.y - 1)

    @property
    def has_focus_within(self) -> bool:
        return self.has_focus or any(child.has_focus for child in self.children)


def _rim(left: Row, right: Row, cells: int, flat: str, style: str) -> Row:
    """The upper border between its corners: a title, the line, and what stands at its right end if there is room."""
    start = ((flat + " ", style), *left, (" ", style))
    end = ((" ", style), *right, (" " + flat, style)) if right else ()
    room = cells - cells_of(start) - cells_of(end)
    if room < 1 and end:
        end, room = (), cells - cells_of(start)
    return (*start, (flat * room, style), *end) if room >= 0 else fit(start, cells, style)


def changed(old: Row, new: Row) -> tuple[int, int]:
    """The cells [first, last) outside which two rows of equal width are the same."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    first = sum(cell_len(text) for text, _ in new[:start])
    total = sum(cell_len(text) for text, _ in new)
    return first, total - sum(cell_len(text) for text, _ in new[len(new) - end :])
