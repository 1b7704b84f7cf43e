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
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import journal, paths
from .errors import LlmosError, UsageError
from .options import Options
from .status import Panel

if TYPE_CHECKING:
    from .lessons.cli import Wanted
    from .lessons.session import Session


@dataclass(frozen=True)
class Look:
    """How the screen looks and which keys it has."""

    theme: str = "night"
    keys: str = "default"
    ascii: bool = False
    still: bool = False


def _nothing() -> None:
    """No picture has to be taken away."""


def machine(options: Options, speed: float, look: Look, opening: Callable[[], None] = _nothing) -> None:
    """A new machine in a process of its own, and its screen; closing the screen stops it, detaching does not."""
    from . import sessions
    from .client import Client
    from .server import ORPHANED

    _need_terminal()
    address, alive = sessions.launch(options, speed, ORPHANED)
    show(Client(address, ends=True, alive=alive), look, opening)


def attached(name: str, look: Look, watch: bool = False) -> None:
    """The screen of a machine that runs; closing it leaves the machine alone."""
    from . import sessions
    from .client import Client

    _need_terminal()
    show(Client(sessions.find(name), drive=not watch), look)


def recording(path: Path, tick: int | None, look: Look | None = None, opening: Callable[[], None] = _nothing) -> None:
    """The machine room over a journal."""
    _, file = journal.opened(path)  # complains here, before the screen is taken
    file.close()
    from .recording import RecordingRoom

    show(RecordingRoom(path, tick), look or Look(), opening)


def lesson(wanted: Wanted, big: bool) -> None:
    """A lesson beside the machine it speaks of; at the end its score, as a line."""
    from .lessons.cli import open_session
    from .lessons.lab import Cpus
    from .lessons.lesson import load
    from .room import WATCH
    from .tui.lesson import LessonRoom

    one = load(wanted.name)

    def begin() -> Session:
        session = open_session(one, wanted, Cpus(wanted.model))
        if wanted.jump > 1:
            session.jump(wanted.jump)
        return session

    room = LessonRoom(begin, big=big, speed=WATCH)
    room.run()
    if room.session is not None:
        room.session.lab.close()
        print(f"{one.name}: score {room.session.score:g} of {len(one.questions)}")


def show(panel: Panel, look: Look, opening: Callable[[], None] = _nothing) -> None:
    """Run the screen until it is closed. `opening` is called when it takes the terminal."""
    from .tui.app import MachineRoom
    from .tui.keys import key_map
    from .tui.theme import palette

    plain = look.ascii or "utf" not in (sys.stdout.encoding or "").lower()
    try:
        colours, keymap = palette(look.theme, plain), key_map(look.keys, paths.keys())
    except ValueError as e:
        panel.close()
        raise UsageError(str(e)) from None
    room = MachineRoom(panel, colours, keymap, look.still)
    room.standing = _settled
    if sys.stdin.isatty():
        threading.Thread(target=_leave_with_terminal, daemon=True, name="hang-up").start()
    opening()
    room.run()
    if room.return_code:
        raise LlmosError("the screen came to an end it did not expect")


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
