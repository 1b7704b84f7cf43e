"""The lessons, one a row: what each is about, and the command that plays it.

Knows: the headers of lesson files. Does not know: how a lesson is played; it has a machine and a screen of its own.
"""

from __future__ import annotations

from textual.widget import Widget
from textual.widgets import Static

from llmos.lessons.lesson import load, names
from llmos.tui.paint import painted
from llmos.tui.text import Row, clip, pad, sanitise, wrap
from llmos.tui.theme import Palette

from .sheet import MARGINS, WIDEST, Sheet

HOW = (
    "Each asks what will happen before it happens, and then measures it. It has a machine and a screen of its own: leave this "
    "room with D (the machine runs on, `llmos attach` comes back), then type in a shell:"
)
COMMANDS = (
    ("llmos lesson trap", "one of them; --model smollm2 plays it on the larger model"),
    ("llmos lesson class", "all of them in order, 90 minutes"),
)


class LessonList(Sheet):
    title_text = "lessons"

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self.palette = palette

    def body(self) -> list[Widget]:
        return [Static(id="lessons")]

    def on_resize(self) -> None:
        width = min(WIDEST, self.app.size.width * 9 // 10) - MARGINS
        self.query_one("#lessons", Static).update(painted(rows(width), self.palette))


def rows(width: int) -> list[Row]:
    out: list[Row] = []
    for number, name in enumerate(names(), 1):
        one = load(name)
        head = f"{number:>2}  {name:<10} {one.minutes:>2} min  "
        title, room = pad(sanitise(one.title), 33), width - len(head) - 34
        ideas = clip(sanitise(one.os), room) if room > 20 else ""
        out.append(((head, "accent"), (title + " ", "bold text"), (ideas, "dim")))
    out += [(), *wrap(((HOW, "text"),), width), ()]
    return [
        *out,
        *(((f"  {pad(what, 22)}", "bold accent"), (clip(about, width - 24), "dim")) for what, about in COMMANDS),
    ]
