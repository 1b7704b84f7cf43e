"""Opening a screen: over a machine that is started for it, over one that runs already, or over a recording.

Knows: which panel goes with which screen, and what a terminal must be able to do. Does not know: arguments of commands,
widgets. A screen never shares a process with a machine that has a CPU: a key is answered while that compiles.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from . import paths
from .errors import LlmosError, UsageError
from .interrupts import tidied
from .looks import Look
from .options import Options
from .status import Panel

if TYPE_CHECKING:
    from .lessons.wanted import Wanted
    from .tui.theme import Palette


KeyMap = Callable[[str, Path], dict[str, str]]


class Dress(NamedTuple):
    """What a `Look` is made of."""

    palette: Palette
    keymap: dict[str, str]
    still: bool


def dressed(look: Look, key_map: KeyMap | None = None) -> Dress:
    """Colours and keys, the room's or another screen's; asked before anything is started. Raises UsageError."""
    from .tui import keys
    from .tui.theme import palette

    try:
        return Dress(palette(look.theme, look.plain), (key_map or keys.key_map)(look.keys, paths.keys()), look.still)
    except ValueError as e:
        raise UsageError(str(e)) from None


def _nothing() -> None:
    """No picture has to be taken away."""


def machine(options: Options, speed: float, look: Look, opening: Callable[[], None] = _nothing) -> None:
    """A new machine in a process of its own, and its screen; closing the screen stops it, detaching does not."""
    from . import sessions
    from .client import Client
    from .server import ORPHANED

    _need_terminal()
    dress = dressed(look)
    address, alive = sessions.launch(options, speed, ORPHANED)
    played = show(Client(address, ends=True, alive=alive), dress, opening)
    from .lessons.lesson import names  # not before the first picture

    if left := [name for name in names() if name not in played]:
        print(f"next: llmos lesson {left[0]}")


def attached(name: str, look: Look, watch: bool = False) -> None:
    """The screen of a machine that runs; closing it leaves the machine alone."""
    from . import sessions
    from .client import Client

    _need_terminal()
    dress = dressed(look)
    show(Client(sessions.find(name), drive=not watch), dress)


def recording(path: Path, tick: int | None, look: Look, opening: Callable[[], None] = _nothing) -> None:
    """The machine room over a journal."""
    dress = dressed(look)
    from .recording import RecordingRoom, opened

    opened(path)  # complains here, before the screen is taken
    show(RecordingRoom(path, tick), dress, opening)


def lesson(wanted: Wanted, big: bool, look: Look, speed: float | None = None) -> None:
    """A lesson, or a class of them, beside the machine it speaks of; at the end what came of it, as lines. `speed`: of what is
    looked at, in ticks a second; None = one can follow."""
    from .lessons.programme import Programme
    from .room import WATCH
    from .tui.lesson import LessonRoom
    from .tui.lesson.keys import key_map

    dress = dressed(look, key_map)
    watch = WATCH if speed is None else speed
    room = LessonRoom(Programme(wanted), dress.palette, big, watch, dress.still, dress.keymap)
    _watch_terminal()
    room.run()
    lines, ended = room.close()
    print(*lines, sep="\n", end="\n" * bool(lines), flush=True)
    if room.failed:
        raise room.failed
    if room.return_code:
        raise LlmosError("the screen came to an end it did not expect")
    if not ended:  # it compiles, and nothing can stop that
        os._exit(0)


def show(panel: Panel, dress: Dress, opening: Callable[[], None] = _nothing) -> list[str]:
    """Run the screen until it is closed; the lessons that were played on it. `opening` is called when it takes the terminal."""
    from .tui.app import MachineRoom

    room = MachineRoom(panel, *dress)
    room.standing = _settled
    _watch_terminal()
    opening()
    room.run()
    if room.return_code:
        raise LlmosError("the screen came to an end it did not expect")
    return room.played


def _watch_terminal() -> None:
    if sys.stdin.isatty():
        tidied()
        if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # as after nohup: the machine runs on, but a screen can't
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
        threading.Thread(target=_leave_with_terminal, daemon=True, name="hang-up").start()


def _leave_with_terminal() -> None:
    """A terminal that is gone ends its screen, also where no signal says so: nobody would read what it goes on writing."""
    seen = select.poll()
    seen.register(sys.stdin, 0)
    if any(what & select.POLLHUP for _, what in seen.poll()):
        os.kill(os.getpid(), signal.SIGHUP)


def _settled() -> None:
    """The first picture stands, and what was made for it stays: to look for garbage in it held a key up for 50 ms."""
    gc.freeze()
    gc.enable()


def _need_terminal() -> None:
    """A terminal, or a browser that stands in for one. The screen's library draws on standard error."""
    if (
        not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
        and "TEXTUAL_DRIVER" not in os.environ
    ):
        raise UsageError("the machine room needs a terminal, for errors too; `llmos run sh --plain` works anywhere")
