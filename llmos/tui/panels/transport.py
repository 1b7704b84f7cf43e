"""The bottom lines: the keys that matter now, made from the table of keys; each can be clicked.

Knows: the key table, the unit and the speed. Does not know: what a key does.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from llmos.status import MachineView
from llmos.tui.desk import Desk
from llmos.tui.keys import Key, footer
from llmos.tui.pane import Pane
from llmos.tui.text import Row, Span, width

UNITS = ("phase", "token", "call", "quantum")
LIVING = ("branch", "worlds")
"""What a recording can't do."""


class Transport(Pane):
    key = "transport"
    framed = False

    def pick(self, view: MachineView, desk: Desk) -> object:
        return view.mode, view.unit, view.speed, desk.typing, desk.held

    def rows(self, width: int, height: int) -> Sequence[Row]:
        return [tuple(span for _, row in placed for span in row) for placed in map(self._placed, (1, 2))]

    def on_click(self, event: events.Click) -> None:
        x = 0
        for key, row in self._placed(event.y + 1):
            x += width(row)
            if event.x < x:
                self.app.call_later(self.app.run_action, f"app.{key.action}")
                return

    def _placed(self, number: int) -> list[tuple[Key, Row]]:
        """The keys of a row with what is drawn for each: with wide gaps, with narrow ones, or without the spare keys."""
        keys = footer(self.app.keys, number)  # type: ignore[attr-defined]
        if self.app.panel.first_mode == "REPLAY":  # type: ignore[attr-defined]
            keys = tuple(key for key in keys if key.action not in LIVING)
        for chosen, gap in ((keys, 3), (keys, 2), (keys, 1), (tuple(k for k in keys if not k.spare), 1)):
            placed = [(key, self._item(key, gap)) for key in chosen]
            if sum(width(row) for _, row in placed) - gap <= self.size.width:
                break
        return placed

    def _item(self, key: Key, gap: int) -> Row:
        idle = self.desk.typing and not key.always
        strong, weak = ("dim", "dim") if idle else ("bold accent", "text")
        return ((" " + key.shown, strong), *self._words(key, weak), (" " * (gap - 1), "text"))

    def _words(self, key: Key, style: str) -> list[Span]:
        if key.action == "run_or_pause":
            return [(" freeze" if self.view.mode == "LIVE" else " run", style)]
        if key.action == "hold":
            return [(" release" if self.desk.held else " hold", style)]
        if key.action == "unit":
            if self.size.width < 160:
                return [(" unit:", style), (self.view.unit, "bold " + style.split()[-1])]
            words = "|".join(u.upper() if u == self.view.unit else u for u in UNITS)
            return [(f" unit[{words}]", style)]
        if key.action == "speed(1)":
            asked = f"{self.view.speed:g}/s" if self.view.speed else "max"
            return [("/-", "dim" if style == "dim" else "bold accent"), (f" speed {asked}", style)]
        return [(" " + key.word, style)]
