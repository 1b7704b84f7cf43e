"""Two worlds side by side: the same machine from one tick on, once so and once otherwise.

Knows: a view and the view of the other world. Does not know: how they came apart. The first character in which what they
wrote differs is marked in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Static

from llmos.status import MachineView, Run
from llmos.tui.paint import painted
from llmos.tui.panels.banner import usage
from llmos.tui.stage import Watching
from llmos.tui.text import Row, Span, clip, fit, pad, sanitise, wrap
from llmos.tui.theme import Palette, author

EVENTS = 6  # last ones that each column shows
KEYS = " space run/pause   . step   , back   x other world has the keys   Esc back to the room "


class Worlds(Screen[None], Watching):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,w,q", "close", "close", show=False),
        Binding("x", "swap", "swap", show=False),
        Binding("space", "app.run_or_pause", "run/pause", show=False),
        Binding("full_stop", "app.step", "step", show=False),
        Binding("comma", "app.step_back", "back", show=False),
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
            self.query_one("#worlds", Static).update(painted(rows(view, *self.app.size), self.palette))

    def action_close(self) -> None:
        self.dismiss(None)

    def action_swap(self) -> None:
        self.app.panel.command("world")  # type: ignore[attr-defined]


def rows(view: MachineView, width: int, height: int) -> list[Row]:
    """The whole screen: two columns with a line between, and the keys."""
    if view.other is None:
        return [(("There is one world only. Esc, then B branches a second one.", "text"),)]
    half = (width - 3) // 2
    split = parted(written(view.console), written(view.other.console))
    left = column(view, half, height - 3, split, "this one has the keys")
    right = column(view.other, half, height - 3, split, "")
    body = [(*fit(a, half), (" │ ", "line"), *fit(b, half)) for a, b in zip(left, right, strict=True)]
    return [*body, (("─" * width, "line"),), verdict(view, split, width), ((clip(KEYS, width), "dim"),)]


def column(view: MachineView, width: int, height: int, split: int, note: str) -> list[Row]:
    used, total = usage(view.snapshot)
    off = [name for name, state, _ in view.devices if state == "o"]
    head: list[Row] = [
        ((f" {view.mode} ", "bold reverse accent"), (f"  world {view.branch}", "bold text"), (f"   {note}", "dim")),
        (("tick ", "dim"), (f"{view.snapshot.tick:,}", "text"), ("   frames ", "dim"), (f"{used}/{total}", "text")),
        (("devices ", "dim"), (", ".join(f"{n} unplugged" for n in off) or "all plugged in", "bad" if off else "text")),
        (("─" * width, "line"),),
    ]
    said = console(view.console, width, split)
    events = [line for line in view.log if line.text.startswith(("trap", "call", "result", "illegal", "denied"))]
    foot: list[Row] = [(("─" * width, "line"),)]
    foot += [((pad(f"{e.tick:,}", 6, True) + " ", "dim"), (sanitise(e.text), "text")) for e in events[-EVENTS:]]
    foot += [()] * (EVENTS + 1 - len(foot))  # the same height in both
    room = height - len(head) - len(foot)
    body = [*said[-room:], *[()] * max(0, room - len(said))] if room > 0 else []
    return [*head, *body, *foot][:height]


def written(runs: Sequence[Run]) -> str:
    return "".join(run.text for run in runs)


def parted(one: str, other: str) -> int:
    """Where two texts first differ; -1 while one continues the other."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), -1)


def console(runs: Sequence[Run], width: int, split: int) -> list[Row]:
    """The console's text in rows, the first differing character in reverse."""
    lines: list[list[Span]] = [[]]
    at = 0
    for run in runs:
        style = author(run.who) if run.who != "K" else "title"
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
    word = text[here:].split(" ")[0] or text[here]
    return [
        (sanitise(text[:here]), style),
        (sanitise(word), "bold reverse bad"),
        (sanitise(text[here + len(word) :]), style),
    ]


def verdict(view: MachineView, split: int, width: int) -> Row:
    """In words, whether and where they came apart."""
    assert view.other is not None
    if split < 0:
        return ((" The same so far.", "good"),)
    return (
        (clip(f" They came apart at character {split} of what was written: ▮ marks it in both.", width), "bold text"),
    )
