"""Two worlds side by side: the same machine from one tick on, once so and once otherwise.

Knows: a view and the view of the other world. Does not know: how they came apart. The first token that differs is marked in
both, printed or not, and so are the first word on the console and every line of the log that only one of them has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Static

from llmos.status import DREAMED, Line, MachineView, Run, Wrote
from llmos.tui.paint import painted
from llmos.tui.panels.banner import usage
from llmos.tui.panels.cpu import last_ran
from llmos.tui.stage import Watching
from llmos.tui.stream import MARK, shown, strip
from llmos.tui.text import Row, Span, clip, fit, flow, pad, sanitise, wrap
from llmos.tui.theme import Palette, author
from llmos_kernel.view import LaneView

DEEP = 2  # lines of tokens, where there is room
TALL = 30  # rows from which on there is
KEYS = ("space run/pause", ". step", ", back", "x other world has the keys", "Esc room")


class Worlds(Screen[None], Watching):
    help_page = "worlds"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,w,q", "close", "close", show=False),
        Binding("x", "swap", "swap", show=False),
        Binding("space", "app.run_or_pause", "run/pause", show=False),
        Binding("full_stop", "app.step", "step", show=False),
        Binding("comma", "app.step_back", "back", show=False),
        Binding("y,f9", "app.consent", "answer", show=False),
        Binding("f1", "app.help", "help", show=False),
    ]

    def __init__(self, view: MachineView, palette: Palette) -> None:
        super().__init__()
        self.view, self.palette = view, palette

    def compose(self) -> ComposeResult:
        yield Static(id="worlds")

    def on_mount(self) -> None:
        self.watch_view(self.view)

    def on_resize(self) -> None:
        self.watch_view(self.view)

    def watch_view(self, view: MachineView) -> None:
        self.view = view
        if self.is_mounted:
            drawn = rows(view, *self.app.size, self.palette.plain)
            self.query_one("#worlds", Static).update(painted(drawn, self.palette))

    def action_close(self) -> None:
        self.dismiss(None)

    def action_swap(self) -> None:
        self.app.panel.command("world")  # type: ignore[attr-defined]


def rows(view: MachineView, width: int, height: int, plain: bool = False) -> list[Row]:
    """The whole screen: two columns with a line between, and the keys."""
    if view.other is None:
        return [(("There is one world only. Esc, then B branches a second one.", "text"),)]
    half = (width - 3) // 2
    split = parted(written(view.console), written(view.other.console))
    mine, theirs = last_ran(view), last_ran(view.other)
    deep = 0 if not (mine or theirs) else DEEP if height >= TALL else 1
    draw = Column(half, height - 3, split, deep, plain)
    here, there = (view.parted.here, view.parted.there) if view.parted else (None, None)
    pid = view.parted.pid if view.parted else 0
    left = draw.rows(
        view, view.other, mine, "F9: a call waits" if view.questions else "has the keys", _apart(mine, pid, here)
    )
    right = draw.rows(
        view.other, view, theirs, "a call waits" if view.other.questions else "", _apart(theirs, pid, there)
    )
    body = [(*fit(a, half), (" │ ", "line"), *fit(b, half)) for a, b in zip(left, right, strict=True)]
    return [*body, (("─" * width, "line"),), verdict(view, split, width, plain), _last(view, width)]


def _last(view: MachineView, width: int) -> Row:
    """What is at work for long, or else the keys."""
    if view.working:
        return ((clip(f" BUSY  {view.working}", width), "busy"),)
    return ((" ", "dim"), *flow([((key, "dim"),) for key in KEYS], width - 1))


@dataclass(frozen=True)
class Column:
    """How one world is drawn: its head, its last tokens, what it wrote, and its log."""

    width: int
    height: int
    split: int  # where the texts come apart
    deep: int  # lines of tokens
    plain: bool

    def rows(self, view: MachineView, other: MachineView, lane: LaneView | None, note: str, apart: int) -> list[Row]:
        head = [*self._head(view, note), *self._tokens(lane, apart)]
        room = self.height - len(head) - 2
        least = max(3, room // 3)
        said = console(view.console, self.width, self.split)[-(room - least) :]
        log = self._log(view, other, room - max(len(said), room // 2))
        said = [*said, *[()] * (room - len(said) - len(log))]
        return [*head, self._rule("console"), *said, self._rule("log"), *log][: self.height]

    def _head(self, view: MachineView, note: str) -> list[Row]:
        used, total = usage(view.snapshot)
        off = [name for name, state, _ in view.devices if state == "o"]
        return [
            ((f" {view.mode} ", "bold reverse accent"), (f"  world {view.branch}", "bold text"), (f"   {note}", "dim")),
            (
                ("tick ", "dim"), (f"{view.snapshot.tick:,}", "text"), ("  frames ", "dim"), (f"{used}/{total}", "text"),
                ("  ", "dim"), (", ".join(f"{n} unplugged" for n in off) or "all devices", "bad" if off else "text"),
            ),
        ]  # fmt: skip

    def _tokens(self, lane: LaneView | None, apart: int) -> list[Row]:
        who = f"pid {lane.pid} {sanitise(lane.program)}" if lane else "nobody was on a lane yet"
        lines = strip(lane, self.width, self.deep, self.plain, apart=apart) if lane else []
        lines += [((), ())] * (self.deep - len(lines))
        return [self._rule(f"tokens  {who}"), *(row for pair in lines for row in pair)]

    def _log(self, view: MachineView, other: MachineView, room: int) -> list[Row]:
        """The last lines; those that the other world does not have are marked."""
        theirs, since = set(other.log), other.log[0].tick if other.log else 0
        out: list[Row] = []
        for line in view.log[-room:] if room > 0 else ():
            mine = line not in theirs and line.tick >= since
            out.append(
                (
                    (MARK if mine else " ", "bad"),
                    (pad(f"{line.tick:,}", 6, True) + " ", "dim"),
                    (clip(sanitise(line.text), self.width - 8), "text" if mine else "dim"),
                )
            )
        return [*out, *[()] * (room - len(out))]

    def _rule(self, name: str) -> Row:
        return (("── ", "line"), (name, "title"), (" " + "─" * max(0, self.width - len(name) - 4), "line"))


def _apart(lane: LaneView | None, pid: int, wrote: Wrote | None) -> int:
    """Where the token that differs stands in a lane's stream, counted from its end; -1 if it is not there."""
    if lane is None or wrote is None or lane.pid != pid:
        return -1
    at = wrote.place - lane.first
    there = 0 <= at < len(lane.stream) and lane.stream[at] == wrote.token
    return len(lane.stream) - 1 - at if there else -1


def written(runs: Sequence[Run]) -> str:
    return "".join(run.text for run in runs)


def parted(one: str, other: str) -> int:
    """Where two texts first differ; -1 while one continues the other."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), -1)


def console(runs: Sequence[Run], width: int, split: int) -> list[Row]:
    """The console's text in rows, the first differing word marked."""
    lines: list[list[Span]] = [[]]
    at = 0
    for run in runs:
        style = "device" if run.rests not in ("", DREAMED) else author(run.who) if run.who != "K" else "title"
        for i, part in enumerate(run.text.split("\n")):
            if i:
                lines.append([])
                at += 1
            lines[-1] += _marked(part, style, split - at)
            at += len(part)
    return [row for line in lines for row in wrap(tuple(line), width)]


def _marked(text: str, style: str, here: int) -> list[Span]:
    if not 0 <= here < len(text):
        return [(sanitise(text), style)]
    begin = text.rfind(" ", 0, here) + 1
    word = text[begin:].split(" ")[0] or text[begin]
    return [
        (sanitise(text[:begin]), style),
        (MARK + sanitise(word), "bold reverse bad"),
        (sanitise(text[begin + len(word) :]), style),
    ]


WRITERS = {"m": "the model", "K": "the kernel", "u": "you", "d": "a device"}


def verdict(view: MachineView, split: int, width: int, plain: bool = False) -> Row:
    """In words, whether and where they came apart."""
    assert view.other is not None
    if view.parted:
        here, there = (_told(wrote, plain) for wrote in (view.parted.here, view.parted.there))
        tick = min(wrote.tick for wrote in (view.parted.here, view.parted.there) if wrote.token)
        where = f" They came apart in tick {tick:,}, pid {view.parted.pid}: {MARK} {here} here, {there} there."
        return ((clip(where, width), "bold text"),)
    first = next((a for a, b in zip(*_aligned(view.log, view.other.log), strict=False) if a != b), None)
    if split < 0 and first is None:
        return ((" The same so far.", "good"),)
    where = f" They came apart in tick {first.tick:,}" if first else " They came apart"
    return (
        (clip(f"{where}: {MARK} marks what only one of them has; every token is the same so far.", width), "bold text"),
    )


def _told(wrote: Wrote, plain: bool) -> str:
    if wrote.token is None:
        return "it had ended"
    return f'"{shown(wrote.token, plain)}" by {WRITERS.get(wrote.token.who, wrote.token.who)}'


def _aligned(one: Sequence[Line], other: Sequence[Line]) -> tuple[Sequence[Line], Sequence[Line]]:
    """Both logs from the first tick that neither has dropped."""
    since = max((log[0].tick for log in (one, other) if log), default=0)
    return [line for line in one if line.tick > since], [line for line in other if line.tick > since]
