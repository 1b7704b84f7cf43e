"""The devices: what is mounted, what is busy, what it did last.

Knows: names, lamps, last calls. Does not know: what a device does.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from llmos.status import MachineView
from llmos.tui.desk import Desk
from llmos.tui.text import Row, pad, sanitise

from .table import Table

LAMPS = {"*": ("●", "good", "ready"), "~": ("◐", "busy", "busy"), "o": ("○", "dim", "unplugged")}


class Devices(Table):
    key = "devices"
    spare_head = True

    def pick(self, view: MachineView, desk: Desk) -> object:
        return view.devices, view.mode == "BOOT"

    def heading(self) -> tuple[Row, Row]:
        return (("devices", "title"),), (("Enter: plug/unplug", "dim"),) if self.can_focus else ()

    def columns(self, width: int) -> Row:
        return (("  NAME     STATE     LAST CALL", "dim"),)

    def entries(self, width: int) -> Sequence[tuple[Hashable, Row]]:
        return [(name, self._row(name, state, last)) for name, state, last in self.view.devices]

    def empty(self) -> str:
        return "No device is mounted." if self.view.mode != "BOOT" else "They come with the machine."

    def open(self) -> None:
        """Unplug the device under the cursor, or plug it in again."""
        states = {name: state for name, state, _ in self.view.devices}
        if states:
            name = str(self.cursor) if self.cursor in states else next(iter(states))
            self.post_message(self.Chosen("plug" if states[name] == "o" else "unplug", name))

    def _row(self, name: str, state: str, last: str) -> Row:
        lamp, style, word = LAMPS.get(state, ("?", "dim", state))
        return (
            (lamp + " ", style),
            (pad(sanitise(name), 9), "text"),
            (pad(word, 10), style),
            (sanitise(last), "device" if last else "dim"),
        )
