"""The lessons, one a row: what each is about. The one that is picked is played in this terminal.

Knows: the headers of lesson files, the command that plays one. Does not know: how a lesson is played: it has a machine and a
screen of its own, in a process of its own. The room is put away meanwhile, and its machine, in another process, goes on.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import ClassVar

from textual import events
from textual.app import App, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from llmos.lessons.lesson import load, names
from llmos.tui.keys import VIM
from llmos.tui.paint import painted
from llmos.tui.text import Row, clip, pad, sanitise, wrap
from llmos.tui.theme import Palette

from .sheet import MARGINS, WIDEST, Sheet

HOW = (
    "Each asks what will happen before it happens, and then measures it. Enter or a click plays one, on a machine of its own; "
    "the room's machine goes on meanwhile, and the room comes back when the lesson is left. In a shell:"
)
COMMANDS = (
    ("llmos lesson trap", "one of them; --model smollm2 plays it on the larger model"),
    ("llmos lesson class", "all of them in order, 90 minutes"),
)
PLAY = (sys.executable, "-m", "llmos", "lesson")


class LessonList(Sheet):
    title_text = "lessons"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "choose(1)", "down", show=False),
        Binding("up,k", "choose(-1)", "up", show=False),
        Binding("enter", "play", "play", show=False),
    ]

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self.palette = palette
        self.at = 0

    def body(self) -> list[Widget]:
        return [Static(id="lessons")]

    def on_resize(self) -> None:
        self.draw()

    def draw(self) -> None:
        width = min(WIDEST, self.app.size.width * 9 // 10) - MARGINS
        self.query_one("#lessons", Static).update(painted(rows(width, self.at), self.palette))

    def on_click(self, event: events.Click) -> None:
        """A click on a lesson plays it."""
        y = event.screen_y - self.query_one("#lessons").region.y
        if 0 <= y < len(names()):
            self.at = y
            self.action_play()

    def action_choose(self, step: int) -> None:
        self.at = min(max(0, self.at + step), len(names()) - 1)
        self.draw()

    def action_play(self) -> None:
        name = names()[self.at]
        self.dismiss(None)
        said, done = played(self.app, name, self.palette)
        self.app.change(message=said, refused=not done)  # type: ignore[attr-defined]


def played(app: App[str], name: str, palette: Palette) -> tuple[str, bool]:
    """Play a lesson in the app's terminal; what came of it, in a line, and whether it was played."""
    vim = any(app.keymap.get(row) == its for row, its in VIM.items())  # type: ignore[attr-defined]
    look = ["--theme", palette.name.removeprefix("llmos-"), *["--keys", "vim"] * vim]
    look += [*["--ascii"] * palette.plain, *["--still"] * app.still]  # type: ignore[attr-defined]
    before = signal.signal(
        signal.SIGINT, lambda number, frame: None
    )  # it is the lesson's; ignored, it would stay so in there
    try:
        with app.suspend():
            status = subprocess.run([*PLAY, name, *look], check=False).returncode
    except SuspendNotSupported:
        return f"here a lesson can't take the screen: type in a shell: llmos lesson {name}", False
    finally:
        signal.signal(signal.SIGINT, before)
    if status:
        return f"lesson {name} came to nothing: llmos lesson {name} says why", False
    app.played.append(name)  # type: ignore[attr-defined]
    return f"lesson {name} is over", True


def rows(width: int, at: int) -> list[Row]:
    out: list[Row] = []
    for number, name in enumerate(names(), 1):
        one = load(name)
        head = f"{'▶' if number == at + 1 else ' '}{number:>2}  {name:<10} {one.minutes:>2} min  "
        title, room = pad(sanitise(one.title), 33), width - len(head) - 34
        ideas = clip(sanitise(one.os), room) if room > 20 else ""
        out.append(((head, "accent"), (title + " ", "bold text"), (ideas, "dim")))
    out += [(), *wrap(((HOW, "text"),), width), ()]
    return [
        *out,
        *(((f"  {pad(what, 22)}", "bold accent"), (clip(about, width - 24), "dim")) for what, about in COMMANDS),
    ]
