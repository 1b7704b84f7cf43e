"""The top line: what state the machine is in, and the few numbers one looks for first.

Knows: mode, tick, world, seed, speed, model, frames. Does not know: how any of them came about.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from llmos.status import MachineView
from llmos.tui.desk import Desk
from llmos.tui.keys import Key
from llmos.tui.pane import Pane
from llmos.tui.text import Row, Span, clip, flow, sanitise, spread
from llmos.tui.text import width as cells_of
from llmos_kernel.view import Snapshot

STYLES = {"LIVE": "good", "FROZEN": "accent", "BOOT": "busy", "REPLAY": "busy", "HALTED": "bad"}
SHORTEST = 6  # cells of a model's name
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
        small = self.desk.small
        name: Row = ((" llmos ", "bold title"),) if not small else ((" ", "text"),)
        head: Row = (*name, *self._badges(self.view.mode), ("  ", "text"))
        gap = "  " if small else "   "
        least: Row = HELP if not small else (*HELP[:1], (" ", "text"))
        left: Row = (*head, *flow(self._facts(width - cells_of((*head, *least)) - 1, gap), width, gap))
        return [spread(left, HELP if cells_of((*left, *HELP)) < width else least, width)]

    def _facts(self, room: int, gap: str) -> list[Row]:
        """In the order in which they are drawn, as many as there is room for: the least important go first."""
        view, small = self.view, self.desk.small
        used, total = usage(view.snapshot)
        tick: Row = (("tick ", "dim"), (f"{view.snapshot.tick:,}", "bold text"))
        seed: Row = (("seed ", "dim"), (str(view.seed), "text"))
        frames: Row = (("frames ", "dim"), (f"{used}/{total}", "text"))
        speed, model = self._speed(view, small), self._model(view, 34)
        facts = [tick, *self._world(view), seed, speed, model, *[frames] * bool(total)]
        for least in filter(facts.__contains__, (model, speed, seed, frames)):
            left = room - sum(cells_of(fact) + len(gap) for fact in facts) + len(gap)
            if left >= 0:
                break
            shorter = cells_of(model) + left
            if least is model and shorter >= SHORTEST:
                facts[facts.index(model)] = self._model(view, shorter)
            else:
                facts.remove(least)
        return facts

    def _world(self, view: MachineView) -> list[Row]:
        """Which world, where there is more than one; of a recording its name."""
        if not view.other and view.branch == "main":
            return []
        kind = "world " if not view.recorded else "" if self.desk.small else "recording "
        return [((kind, "dim"), (clip(sanitise(view.branch), 16), "bold text"))]

    def _model(self, view: MachineView, cells: int) -> Row:
        whole = sanitise(f"{view.model} {view.arithmetic}".strip()) or "no model yet"
        return ((whole if cells_of(((whole, ""),)) <= cells else clip(sanitise(view.model), cells), "text"),)

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

    def _speed(self, view: MachineView, small: bool) -> Row:
        asked: Row = ((f"{view.speed:g}" if view.speed else "max", "text"), (" tok/s", "dim"))
        now = f" (now {view.rate:.1f})" if view.rate else ""  # nothing runs: nothing to say
        return asked if small else (("speed ", "dim"), *asked, (now, "dim"))


def usage(snapshot: Snapshot) -> tuple[int, int]:
    """Frames somebody maps, and all frames; the trash frame counts in neither."""
    frames = snapshot.frames[1:]
    return sum(1 for f in frames if f.refs), len(frames)
