"""The top line: what state the machine is in, and the few numbers one looks for first.

Knows: mode, tick, world, seed, speed, model, frames. Does not know: how any of them came about.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from textual import events

from llmos.status import MachineView
from llmos.tui.desk import Desk
from llmos.tui.keys import Key
from llmos.tui.pane import Pane
from llmos.tui.text import Row, Span, clip, flow, sanitise, spread
from llmos.tui.text import width as cells_of
from llmos_kernel.view import Snapshot

STYLES = {"LIVE": "good", "FROZEN": "accent", "BOOT": "busy", "REPLAY": "busy", "HALTED": "bad"}


HELP: Row = (("F1", "bold accent"), (" help ", "dim"))


class Banner(Pane):
    key = "banner"
    framed = False

    def pick(self, view: MachineView, desk: Desk) -> object:
        return (
            (view.mode, view.snapshot.tick, view.seed, view.speed, round(view.rate, 1), view.model, view.arithmetic),
            (usage(view.snapshot), desk.typing, desk.held, view.role, view.redacted, view.branch, view.other is None),
            len(view.questions),
            view.working != "",
        )

    def rows(self, width: int, height: int) -> Sequence[Row]:
        view = self.view
        name: Row = ((" llmos ", "bold title"),) if not self.desk.small else ((" ", "text"),)
        badges = self._badges(view.mode)
        used, total = usage(view.snapshot)
        model = clip(sanitise(f"{view.model} {view.arithmetic}".strip()), 34) or "no model yet"
        facts: list[Row] = [
            (("tick ", "dim"), (f"{view.snapshot.tick:,}", "bold text")),
            (("seed ", "dim"), (str(view.seed), "text")),
            self._speed(view),
            ((model, "text"),),
            (("frames ", "dim"), (f"{used}/{total}", "text")),
        ]
        if self.desk.small:
            del facts[1]
        if view.other or view.branch != "main":
            kind = "recording " if view.branch == PurePath(view.journal).name else "world "
            facts.insert(1, ((kind, "dim"), (clip(sanitise(view.branch), 16), "bold text")))
        room = width - 14 - sum(len(text) for text, _ in badges)
        middle = flow(facts, room - (7 if name[0][0].strip() else 1), "  " if self.desk.small else "   ")
        return [spread((*name, *badges, ("  ", "text"), *middle), HELP, width)]

    def _badges(self, mode: str) -> Row:
        badges: list[Span] = [(f" {mode} ", f"bold reverse {STYLES.get(mode, 'text')}")]
        if self.view.working:
            badges += [(" ", "text"), (" BUSY ", "bold reverse busy")]
        if self.desk.held:
            badges += [(" ", "text"), (" DISPLAY HELD ", "bold reverse busy")]
        if self.desk.typing:
            badges += [(" ", "text"), (" INPUT ", "reverse user")]
        if self.view.redacted:
            badges += [(" ", "text"), (" REDACTED ", "reverse shared")]
        if self.view.role:
            badges += [(" ", "text"), (" WATCHING ", "reverse shared")]
        if waiting := len(self.view.questions):
            badges += [(" ", "text"), (f" {waiting} ASKED {self._key()} ", "bold reverse bad")]
        return tuple(badges)

    def _key(self) -> str:
        """What shows the questions, also while one types."""
        table: tuple[Key, ...] = self.app.keys  # type: ignore[attr-defined]
        return next(k.shown for k in table if k.action == "consent" and k.always)

    def on_click(self, event: events.Click) -> None:
        if event.x >= self.size.width - cells_of(HELP):
            self.app.call_later(self.app.run_action, "app.help")
        elif self.view.questions:
            self.app.call_later(self.app.run_action, "app.consent")

    def _speed(self, view: MachineView) -> Row:
        asked = f"{view.speed:g}" if view.speed else "max"
        now = f" (now {view.rate:.1f})" if view.rate else ""  # nothing runs: nothing to say
        return (("speed ", "dim"), (asked, "text"), (" tok/s", "dim"), (now, "dim"))


def usage(snapshot: Snapshot) -> tuple[int, int]:
    """Frames somebody maps, and all frames; the trash frame counts in neither."""
    frames = snapshot.frames[1:]
    return sum(1 for f in frames if f.refs), len(frames)
