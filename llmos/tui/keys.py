"""Every key of the machine room, in one table: bindings, footer, palette and help are made from it.

Knows: keys, the actions they call and what to say about them. Does not know: how an action is done (`app.py`).
Keys act outside text inputs only, unless `always`.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding


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


KEYS: tuple[Key, ...] = (
    Key("space", "run_or_pause", "space", "run/pause", "Run the machine, or freeze it where it is.", "machine", 1),
    Key("full_stop", "step", ".", "step", "One step of the chosen unit; freezes a running machine.", "machine", 1),
    Key("u", "unit", "u", "unit", "What one step is: phase, token, call or quantum.", "machine", 1),
    Key(
        "plus,equals_sign", "speed(1)", "+", "faster", "More tokens a second; the top is as fast as it can.", "machine"
    ),
    Key("minus", "speed(-1)", "-", "slower", "Fewer tokens a second.", "machine"),
    Key("f", "hold", "f", "hold display", "Hold the display still; the machine goes on behind it.", "machine", 1),
    Key("ctrl+c", "interrupt", "ctrl+c", "interrupt", "Stop the console's program, as in a shell.", "machine", 0, True),
    Key("tab", "focus_next", "Tab", "focus", "The next panel, in reading order.", "panels", 2, True),
    Key("shift+tab", "focus_previous", "shift+Tab", "focus back", "The panel before.", "panels", 0, True),
    Key("enter", "open", "Enter", "open", "Select or open the row under the cursor; fold the self-test.", "panels", 2),
    Key("m", "maximise", "m", "maximise", "Give the focused panel the whole screen, or put it back.", "panels", 2),
    Key("escape", "leave", "Esc", "leave", "Clear the line, leave the input, put a panel back.", "panels", 0, True),
    Key("up", "move(-1)", "up", "up", "One row up.", "panels"),
    Key("down", "move(1)", "down", "down", "One row down.", "panels"),
    Key("pageup", "move(-10)", "PgUp", "page up", "Ten rows up.", "panels"),
    Key("pagedown", "move(10)", "PgDn", "page down", "Ten rows down.", "panels"),
    Key("home", "move(-100000)", "Home", "first row", "The first row.", "panels"),
    Key("end", "move(100000)", "End", "last row", "The last row, and follow what is new.", "panels"),
    Key("1", "panel(1)", "1", "processes", "Processes.", "panels"),
    Key("2", "panel(2)", "2", "page table", "Page table of the selected process.", "panels"),
    Key("3", "panel(3)", "3", "scheduler", "Scheduler timeline.", "panels"),
    Key("4", "panel(4)", "4", "devices", "Devices.", "panels"),
    Key("5", "panel(5)", "5", "log", "Kernel log.", "panels"),
    Key("6", "panel(6)", "6", "self-test", "Power-on self-test.", "panels"),
    Key("i", "console", "i", "console", "Go to the console and type.", "asking", 2),
    Key(
        "colon", "command", ":", "command", "A command line: run, pause, step, unit, speed, select, kill.", "asking", 2
    ),
    Key("ctrl+p", "command_palette", "ctrl+p", "palette", "Find any of this by name.", "asking", 2, True),
    Key("question_mark", "keys", "?", "keys", "This list.", "asking", 2),
    Key("f1", "help", "F1", "help", "What the focused panel shows, for both kinds of reader.", "asking", 2, True),
    Key("q", "quit", "q", "quit", "Leave. The session stays recorded.", "asking", 2),
)

GROUPS = (("machine", "The machine"), ("panels", "Panels"), ("asking", "Asking and finding"))


def bindings() -> list[Binding]:
    """The table as the library wants it."""
    return [Binding(k.keys, k.action, k.word, key_display=k.shown, show=False, priority=k.always) for k in KEYS]


def footer(row: int) -> tuple[Key, ...]:
    """The keys of one row of the transport bar."""
    return tuple(k for k in KEYS if k.footer == row)


def in_group(group: str) -> tuple[Key, ...]:
    return tuple(k for k in KEYS if k.group == group)
