"""The first picture: drawn with nothing but the standard library, before the screen's own library is loaded.

Knows: a terminal's size and a few escape sequences. Does not know: the room. It shows what is true at that moment (nothing
runs yet) where the room will show it; keys typed meanwhile stay in the terminal's queue for the room to read.
"""

from __future__ import annotations

import gc
import os
import sys
from types import TracebackType
from typing import Any

from llmos.interrupts import tidied

ENTER, LEAVE = "\x1b[?1049h\x1b[?25l\x1b[2J", "\x1b[?25h\x1b[?1049l"
SUGGESTED = "> what is 37*48?"
PLAIN = str.maketrans("╭╮╰╯─│»", "++++-|>")


class Picture:
    """`with Picture() as picture:` paints if there is a terminal; `hand_over()` when something else draws from now on."""

    def __init__(self, recorded: bool = False, plain: bool = False) -> None:
        self.recorded = recorded  # of a recording, whose keys are the clock's
        self.plain = plain  # only ASCII can be shown
        self._modes: list[Any] | None = None
        self._drawn = False

    def __enter__(self) -> Picture:
        gc.disable()  # what is imported now stays: to look for garbage in it takes a tenth of a second
        if sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
            tidied()
            self._keep_keys()
            width, height = os.get_terminal_size()
            lines = rows(width, height, self.recorded)
            drawn = "".join(f"\x1b[{y + 1};1H{row}" for y, row in enumerate(lines))
            sys.stdout.write(ENTER + (drawn.translate(PLAIN) if self.plain else drawn))
            sys.stdout.flush()
            self._drawn = True
        return self

    def _keep_keys(self) -> None:
        """No echo, no line editing, no Enter made a newline: what is typed now waits as it is, and is not drawn."""
        try:
            import termios
        except ImportError:  # no such terminals here
            return
        self._modes = termios.tcgetattr(0)
        quiet = termios.tcgetattr(0)
        quiet[0] &= ~termios.ICRNL
        quiet[3] &= ~(termios.ECHO | termios.ICANON)
        termios.tcsetattr(0, termios.TCSANOW, quiet)

    def hand_over(self) -> None:
        self._drawn = False

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, trace: TracebackType | None) -> None:
        gc.enable()
        if self._drawn:
            sys.stdout.write(LEAVE)
            sys.stdout.flush()
        if self._modes is not None:
            import termios

            termios.tcsetattr(0, termios.TCSADRAIN, self._modes)


def rows(width: int, height: int, recorded: bool = False) -> list[str]:
    """The lines of the picture: a banner, the self-test about to begin, the console with its suggestion."""
    if width < 80 or height < 24:
        return [f"need 80x24, have {width}x{height}; `llmos run sh --plain` works anywhere"[:width]]
    upper = 20 if width >= 120 and height >= 40 else 7 + (height - 24) // 4 + 6 + (height - 24) // 4
    told = (
        "A recording opens; its keys are the clock's."
        if recorded
        else "You can type now; the CPU starts when it is ready."
    )
    test = ["» screen   starting", "", told]
    lines = [" llmos  [ BOOT ]  tick 0", *_box("power-on self-test", test, width, upper)]
    lines += _box(
        "console", [""] * (height - 6 - len(lines)) + [SUGGESTED] * (not recorded), width, height - 3 - len(lines)
    )
    return lines


def _box(title: str, inside: list[str], width: int, height: int) -> list[str]:
    body = [*inside, *[""] * height][: height - 2]
    top = f"╭─ {title} ".ljust(width - 1, "─") + "╮"
    return [top, *(f"│ {line:<{width - 4}} │" for line in body), "╰" + "─" * (width - 2) + "╯"]
