"""Every key of a lesson, in one table: bindings, the bottom line, palette and help are made from it.

Knows: keys, the actions they call and what to say about them. Does not know: how an action is done (`room.py`). Letters act
outside the answer's line only: Esc leaves it, `i` or Enter goes back to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from textual.binding import Binding

from llmos.tui import keys as room
from llmos.tui.finder import Finder
from llmos.tui.keys import Key, name, named, own, refuse_twice
from llmos.tui.text import Row, width

LESSON = "lesson"
KEYS: tuple[Key, ...] = (
    Key("enter", "answer", "Enter", "lock", "Lock the answer; nothing goes back into a question.", LESSON, 1, always=True),
    Key("f3", "hint", "F3", "hint", "A hint; it costs half a point.", LESSON, 1, always=True),
    Key("pageup", "read(-1)", "PgUp", "read", "Back in what was said, a page.", LESSON, 1, always=True),
    Key("pagedown", "read(1)", "PgDn", "on", "On in what was said, a page.", LESSON, always=True),
    Key("escape", "leave_line", "Esc", "keys", "Leave the answer's line: then the letters are keys.", LESSON, 1, always=True),
    Key("p", "page(-1)", "p", "previous", "The step before, with what it revealed.", LESSON, 2),
    Key("n", "page(1)", "n", "next", "The step after.", LESSON, 2),
    Key("space,r", "run_or_pause", "space", "run/pause", "Hold the machine that runs, or let it go on.", LESSON, 2),
    Key("comma", "tick(-1)", ",", "back", "The machine a tick earlier in what was run last.", LESSON, 2),
    Key("full_stop", "tick(1)", ".", "step", "The machine a tick later; one that runs makes one tick, and is held.", LESSON, 2),
    Key("f5", "run_or_pause", "F5", "run/pause", "As space, also while typing.", LESSON, always=True),
    Key("f7", "tick(-1)", "F7", "back", "As the comma, also while typing.", LESSON, always=True),
    Key("f8", "tick(1)", "F8", "step", "As the full stop, also while typing.", LESSON, always=True),
    Key("m", "story", "m", "all", "All that was said and revealed, over the whole width.", LESSON, 2),
    Key("tab", "panels", "Tab", "panels", "Other panels, where not all have room.", LESSON, 2, always=True, spare=True),
    Key("c", "change", "c", "change", "Play it again with another seed or a file of yours.", LESSON, 2),
    Key("t", "transcript", "t", "text", "Write all that was said so far as Markdown.", LESSON, 2, spare=True),
    Key("e", "picture", "e", "picture", "Write the screen as an SVG picture.", LESSON, 2, spare=True),
    Key("T", "teacher", "T", "class", "What the class answered so far, from the sheets beside yours.", LESSON, 2, spare=True),
    Key("i", "line", "i", "answer", "Back to the answer's line.", LESSON, 2),
    Key("f6", "big", "F6", "big", "Large, to be read from afar: fewer panels.", LESSON, 1, always=True, spare=True),
    Key("f1", "help", "F1", "help", "What this lesson says of both worlds, and where they part.", LESSON, 1, always=True),
    Key("ctrl+p", "command_palette", "^P", "palette", "All of these, found by name.", LESSON, 1, always=True, spare=True),
    Key("q", "quit", "q", "leave", "Leave; what was answered is kept.", LESSON, 2),
    Key("ctrl+c,ctrl+q", "quit", "^C", "leave", "As q, also while typing.", LESSON, 1, always=True),
)  # fmt: skip


VIM = {"read": "k,pageup", "on": "j,pagedown", "back": "h,comma", "step": "l,full_stop"}
"""The vim key map: names of rows -> keys."""
FIXED = ("answer",)
"""Actions whose keys stay: Enter is the answer line's own."""


def key_map(kind: str, file: Path | None = None) -> dict[str, str]:
    """Changes to the keys: "default" or "vim", and what the person's own file says: [lesson] of a lesson's keys, [keys] of what
    the room has, too. Raises ValueError."""
    changes = named(kind, VIM)
    if file is not None and file.is_file():
        changes |= {row: its for row, its in own(file, "keys", room.KEYS).items() if row in _alike()}
        changes |= own(file, "lesson", [key for key in KEYS if key.action not in FIXED])
        refuse_twice(changes, file, KEYS)
    return changes


def _alike() -> set[str]:
    """Names of rows that the room has, too, with a key of theirs."""
    theirs = {name(key): {*key.keys.split(",")} for key in room.KEYS}
    return {row for key in KEYS if theirs.get(row := name(key, KEYS), set()) & {*key.keys.split(",")}}


def bindings() -> Iterator[Binding]:
    for key in KEYS:
        if key.action not in FIXED:
            first = key.always and key.action in ("quit", "panels")
            yield Binding(key.keys, key.action, key.word, show=False, priority=first, id=name(key, KEYS))
    yield Binding("enter", "line", "answer", show=False)


CONTROLS = {"hint": "hint", "change": "change", "tick(-1)": "back"}
"""Actions that a teacher may lock, and as which control."""


def footer(table: Sequence[Key], typing: bool, cells: int, locks: Sequence[str] = ()) -> list[tuple[Key, Row]]:
    """The keys that act now and are not locked, as many as fit, each with what is drawn for it."""
    keys = [key for key in table if key.footer == (1 if typing else 2) and CONTROLS.get(key.action) not in locks]
    placed: list[tuple[Key, Row]] = [
        (key, ((f" {key.shown}", "bold accent"), (f" {key.word} ", "text"))) for key in keys
    ]
    for one in [one for one in reversed(placed) if one[0].spare]:  # they leave one by one
        if sum(width(row) for _, row in placed) > cells:
            placed.remove(one)
    return placed


def lines(table: Sequence[Key]) -> list[str]:
    """A table for the help, with the names that a file of keys has for the rows."""
    return [f"- `{key.shown}` {name(key, KEYS)}: {key.about}" for key in table]


class LessonFinder(Finder):
    """The palette of a lesson."""

    def _all(self) -> Iterator[tuple[str, str, Callable[[], Any]]]:
        for key in self.app.keys:  # type: ignore[attr-defined]
            if key.action != "command_palette":
                yield f"{key.word}  ({key.shown})", key.about, partial(self._act, key.action)
