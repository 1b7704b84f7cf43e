"""Every key of the machine room, in one table: bindings, footer, palette and help are made from it.

Knows: keys, the actions they call and what to say about them. Does not know: how an action is done (`app.py`).
Keys act outside text inputs only, unless `always`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from string import printable

from textual.binding import Binding
from textual.keys import Keys, _character_to_key, key_to_character

EXAMPLE = 'step = "x,full_stop"'
MODIFIERS = ("ctrl", "shift", "alt", "super", "hyper", "meta")


@dataclass(frozen=True, slots=True)
class Key:
    keys: str  # names as the library spells them, with commas
    action: str
    shown: str  # how the key is written for people
    word: str  # in the footer and the palette
    about: str  # in the help
    group: str
    footer: int = 0  # row of the footer, 0 = not there
    always: bool = False  # acts inside text inputs too
    spare: bool = False  # leaves the footer first in a narrow terminal


KEYS: tuple[Key, ...] = (
    Key("space", "run_or_pause", "space", "run/pause", "Run the machine, or freeze it where it is.", "machine", 1),
    Key("comma", "step_back", ",", "back", "One step back in time: the machine as it was.", "machine", 1),
    Key("full_stop", "step", ".", "step", "One step of the chosen unit; freezes a running machine.", "machine", 1),
    Key("u", "unit", "u", "unit", "What one step is: phase, token, call or quantum.", "machine", 1),
    Key(
        "plus,equals_sign",
        "speed(1)",
        "+",
        "faster",
        "More tokens a second; the top is as fast as it can.",
        "machine",
        1,
    ),
    Key("minus", "speed(-1)", "-", "slower", "Fewer tokens a second.", "machine"),
    Key(
        "f",
        "hold",
        "f",
        "hold display",
        "Hold the display still; the machine goes on behind it.",
        "machine",
        1,
        spare=True,
    ),
    Key("g", "begin('goto ')", "g", "go to", "Go to a tick, back or forth.", "machine", 1, spare=True),
    Key(
        "left_square_bracket",
        "mark(-1)",
        "[",
        "previous mark",
        "Back to the last call, fault, refusal or bookmark.",
        "machine",
    ),
    Key(
        "right_square_bracket",
        "mark(1)",
        "]",
        "next mark",
        "On to the next call, fault, refusal or bookmark.",
        "machine",
    ),
    Key(
        "b",
        "bookmark",
        "b",
        "bookmark",
        "Mark this tick, to find it again with the bracket keys.",
        "machine",
        1,
        spare=True,
    ),
    Key("B", "branch", "B", "branch", "A second world from this tick on; both stay.", "machine", 1),
    Key("w", "worlds", "w", "two worlds", "Both worlds side by side, the first differing token marked.", "machine", 1),
    Key("n", "now", "n", "now", "Leave the past: the machine as it is now.", "machine"),
    Key("f5", "run_or_pause", "F5", "run/pause", "As space, also while typing.", "machine", 0, True),
    Key("f7", "step_back", "F7", "back", "As the comma, also while typing.", "machine", 0, True),
    Key("f8", "step", "F8", "step", "As the full stop, also while typing.", "machine", 0, True),
    Key("ctrl+c", "interrupt", "ctrl+c", "interrupt", "Stop the console's program, as in a shell.", "machine", 0, True),
    Key("tab", "focus_next", "Tab", "focus", "The next panel, in reading order.", "panels", 2, True),
    Key("shift+tab", "focus_previous", "shift+Tab", "focus back", "The panel before.", "panels", 0, True),
    Key("enter", "open", "Enter", "open", "Open what is under the cursor; fold the self-test.", "panels", 2),
    Key(
        "m",
        "maximise",
        "m",
        "maximise",
        "Give the focused panel the whole screen; the CPU shows its program.",
        "panels",
        2,
    ),
    Key("escape", "leave", "Esc", "leave", "Clear the line, leave the input, put a panel back.", "panels", 0, True),
    Key("up", "move(-1)", "up", "up", "One row up.", "panels"),
    Key("down", "move(1)", "down", "down", "One row down.", "panels"),
    Key(
        "left",
        "aside(-1)",
        "left",
        "left",
        "The token before, in the CPU; the tick before, in the scheduler.",
        "panels",
    ),
    Key("right", "aside(1)", "right", "right", "The token after; the tick after.", "panels"),
    Key("pageup", "move(-10)", "PgUp", "page up", "Ten rows up.", "panels", 0, True),
    Key("pagedown", "move(10)", "PgDn", "page down", "Ten rows down.", "panels", 0, True),
    Key("home", "move(-100000)", "Home", "first row", "The first row.", "panels"),
    Key("end", "move(100000)", "End", "last row", "The last row, and follow what is new.", "panels"),
    Key("1", "panel(1)", "1", "processes", "Processes.", "panels"),
    Key("2", "panel(2)", "2", "page table", "Page table of the selected process.", "panels"),
    Key("3", "panel(3)", "3", "scheduler", "Scheduler timeline.", "panels"),
    Key("4", "panel(4)", "4", "devices", "Devices.", "panels"),
    Key("5", "panel(5)", "5", "log", "Kernel log.", "panels"),
    Key("6", "panel(6)", "6", "self-test", "Power-on self-test.", "panels"),
    Key("7", "panel(7)", "7", "window", "Context window of the selected process.", "panels"),
    Key("8", "panel(8)", "8", "disk", "The disk: page file, last search, what left a context.", "panels"),
    Key("L", "layout", "L", "layout", "Other panels: room, memory, calls, scheduler.", "panels"),
    Key("s", "sort", "s", "sort", "Sort processes by the next column.", "processes"),
    Key("t", "tree", "t", "tree", "Processes under their parents, or as a list.", "processes"),
    Key("slash", "begin('filter ')", "/", "filter", "Only processes and log lines that contain this.", "processes"),
    Key("F", "follow", "F", "follow", "Select whoever runs, as it changes.", "processes"),
    Key("K", "on_row('kill')", "K", "kill", "End the process under the cursor.", "processes"),
    Key(
        "S",
        "stop_or_continue",
        "S",
        "stop/continue",
        "Stop the process under the cursor, or let it go on.",
        "processes",
    ),
    Key("N", "renice", "N", "renice", "Another priority for the process under the cursor.", "processes"),
    Key("O", "fork", "O", "fork", "A copy of the context under the cursor goes on with what you type.", "processes"),
    Key("A", "attach", "A", "attach", "Let the console speak with the process under the cursor.", "processes"),
    Key(
        "c",
        "on_selected('inspect call')",
        "c",
        "last call",
        "The selected process's last call, from trap to result.",
        "processes",
    ),
    Key(
        "C",
        "on_selected('compact')",
        "C",
        "compact",
        "Move the middle of the selected context to the disk.",
        "processes",
    ),
    Key("Z", "on_selected('undo')", "Z", "undo", "Bring back what was moved to the disk last.", "processes"),
    Key(
        "y", "consent", "y", "answer", "A call that waits for your word: who wants what, and why it is held.", "asking"
    ),
    Key("f9", "consent", "F9", "answer", "As y, also while typing.", "asking", 0, True),
    Key("i", "console", "i", "console", "Go to the console and type.", "asking", 2, spare=True),
    Key("colon", "command", ":", "command", "A command line; ? lists its verbs.", "asking", 2),
    Key("ctrl+p", "command_palette", "ctrl+p", "palette", "Find any of this by name.", "asking", 2, True, spare=True),
    Key("question_mark", "keys", "?", "keys", "This list.", "asking", 2),
    Key("f1", "help", "F1", "help", "What the focused panel shows, for both kinds of reader.", "asking", 2, True),
    Key("f2", "tour", "F2", "tour", "A guided tour of about four minutes; it waits for your keys.", "asking", 2, True),
    Key("f4", "skip", "F4", "skip step", "On to the tour's next step.", "asking", 0, True),
    Key(
        "a",
        "attacks",
        "a",
        "attack lab",
        "A planted text, and the kernel's rules as switches.",
        "asking",
        2,
        spare=True,
    ),
    Key("l", "lessons", "l", "lessons", "Twelve lessons, and how to play them.", "asking", 2, spare=True),
    Key("T", "theme", "T", "colours", "The next set of colours.", "asking"),
    Key("e", "export", "e", "picture", "Save this screen as an SVG file: a screenshot.", "asking"),
    Key("D", "detach", "D", "detach", "Leave, and let the machine run on; `llmos attach` comes back.", "asking"),
    Key("q", "quit", "q", "quit", "Leave. The session stays recorded.", "asking", 2),
    Key("ctrl+q", "quit_now", "ctrl+q", "quit", "As q, also while typing, and from any screen.", "asking", 0, True),
)

ACTIONS = {k.action.partition("(")[0] for k in KEYS} - {"focus_next", "focus_previous", "quit_now"}
"""Those that act on the room, and so only while it is seen."""

GROUPS = (
    ("machine", "The machine"),
    ("panels", "Panels"),
    ("processes", "Processes and log"),
    ("asking", "Asking and finding"),
)

VIM: dict[str, str] = {
    "down": "j,down",
    "up": "k,up",
    "page_down": "ctrl+d,pagedown",
    "page_up": "ctrl+u,pageup",
    "last_row": "G,end",
    "left": "h,left",
    "right": "l,right",
    "lessons": "f3",
}
"""The vim key map: names of rows -> keys. A file `keys.toml` may hold another such table under [keys]."""
SECTIONS = {"keys": "? in the room", "lesson": "F1 in a lesson"}
"""Tables of that file, for the room and for lessons (`lesson/keys.py`), and where all their names are seen."""
WRITTEN = {
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "shift+tab": "shift+Tab",
    "tab": "Tab",
    "escape": "Esc",
    "enter": "Enter",
    "space": "space",
    "plus": "+",
    "minus": "-",
}


def name(key: Key, table: Sequence[Key] = KEYS) -> str:
    """What a key map calls this row: its word, and for its twin that acts in text inputs, too, what that is for."""
    word = re.sub(r"[^a-z0-9]+", "_", key.word.lower())
    return f"{word}_while_typing" if key.always and any(k.word == key.word and not k.always for k in table) else word


def bindings() -> list[Binding]:
    """The table as the library wants it. An input would take ctrl+c first, and a sheet keeps all keys to itself."""
    first = ("interrupt", "quit_now")
    return [
        Binding(k.keys, k.action, k.word, key_display=k.shown, show=False, priority=k.action in first, id=name(k))
        for k in KEYS
    ]


def footer(table: Sequence[Key], row: int) -> tuple[Key, ...]:
    """The keys of one row of the transport bar."""
    return tuple(k for k in table if k.footer == row)


def in_group(table: Sequence[Key], group: str) -> tuple[Key, ...]:
    return tuple(k for k in table if k.group == group)


def mapped(changes: Mapping[str, str], table: Sequence[Key] = KEYS) -> tuple[Key, ...]:
    """A table with a key map applied: what the footer, the list and the palette show."""
    names = [name(k, table) for k in table]
    return tuple(_with(k, changes[its]) if its in changes else k for k, its in zip(table, names, strict=True))


def _with(key: Key, keys: str) -> Key:
    names = _split(keys)
    return replace(key, keys=",".join(names), shown=" ".join(map(written, names)))


def _split(keys: str) -> list[str]:
    """Names as the library spells them: "x, ?" is x and question_mark."""
    return [_character_to_key(one.strip()) if len(one.strip()) == 1 else one.strip() for one in keys.split(",")]


def written(key: str) -> str:
    """How a key is written for people."""
    if key in WRITTEN or re.fullmatch(r"f\d+", key):
        return WRITTEN.get(key, key.upper())
    return key_to_character(key) or key


def key_map(kind: str, file: Path | None = None) -> dict[str, str]:
    """Changes to the keys: "default" or "vim", and what the person's own file says. Raises ValueError."""
    changes = named(kind, VIM)
    if file is not None and file.is_file():
        changes |= own(file, "keys", KEYS)
        refuse_twice(changes, file, KEYS)
    return changes


def named(kind: str, vim: Mapping[str, str]) -> dict[str, str]:
    """A key map of ours. Raises ValueError."""
    if kind not in ("default", "vim"):
        raise ValueError(f"no key map {kind!r}; there are default and vim")
    return dict(vim) if kind == "vim" else {}


def own(file: Path, section: str, rows: Sequence[Key]) -> dict[str, str]:
    """What the person's file says in a section about these rows. Raises ValueError."""
    try:
        sections = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise ValueError(f"{file}: {e}") from None
    if strange := [one for one in sections if one not in SECTIONS]:
        raise ValueError(f"{file}: no table {strange[0]!r}; there are {', '.join(f'[{one}]' for one in SECTIONS)}")
    table = sections.get(section, {})
    if not isinstance(table, dict):
        raise ValueError(f"{file}: {section} is a table: [{section}], and below it lines such as {EXAMPLE}")
    known = [name(k, rows) for k in rows]
    for entry, keys in table.items():
        if entry not in known:
            near = ", ".join(get_close_matches(entry.lower(), known, 3, 0.5))
            raise ValueError(
                f"{file}: no action {entry!r};{f' near are {near};' if near else ''} {SECTIONS[section]} lists all"
            )
        if not isinstance(keys, str) or not all(map(re.compile(r"[^\s,]+").fullmatch, _split(keys))):
            raise ValueError(f"{file}: {entry} takes keys as text, with commas, such as {EXAMPLE}")
        if strange := [key for key in _split(keys) if not _can_be_pressed(key)]:
            raise ValueError(
                f"{file}: {entry}: there is no key {strange[0]!r}; such are x, ctrl+x, f6, pageup, full_stop"
            )
    return dict(table)


def _can_be_pressed(key: str) -> bool:
    """Does the library know a key of that name?"""
    *held, last = key.split("+")
    named = {one.value.rpartition("+")[2] for one in Keys} | {_character_to_key(one) for one in printable}
    return (
        set(held) <= set(MODIFIERS)
        and len(set(held)) == len(held)
        and (last in named or key_to_character(last) is not None)
    )


def refuse_twice(changes: Mapping[str, str], file: Path, table: Sequence[Key]) -> None:
    """A key means one thing. Raises ValueError."""
    taken: dict[str, str] = {}
    for row in mapped(changes, table):
        its = name(row, table)
        for key in row.keys.split(","):
            if key in taken:
                raise ValueError(f"{file}: {written(key)} is both {taken[key]} and {its}; give one of them another key")
            taken[key] = its
