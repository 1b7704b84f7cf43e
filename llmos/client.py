"""A screen's end of the wire: the panel of a machine that runs in another process.

Knows: `status.Panel`, the socket, and what to say when nobody answers. Does not know: widgets, the room, JAX. What is asked
before the machine's process listens is kept. If that process dies, the last picture stays, with one line that says so.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from . import wire
from .status import BLANK, MachineView

PATIENCE = 30.0  # seconds until a process that was started must listen
LAST_WORDS = 3.0  # seconds that the end of a journal may take


class Client:
    """Implements `status.Panel`. `ends`: closing this screen stops the machine, unless it is detached."""

    first_mode = "LIVE"

    def __init__(
        self, path: Path, drive: bool = True, ends: bool = False, alive: Callable[[], bool] = lambda: True
    ) -> None:
        self.path, self.drive, self.ends = path, drive, ends
        self._alive = alive  # is the machine's process still there, as far as one can know?
        self.view = replace(BLANK, role="" if drive else "watching")
        self._told = BLANK  # what the machine sent last; `view` may say more
        self._before: int | None = None  # number of an inspection that another screen asked for before this one came
        self.farewell = ""
        self._post: Callable[[MachineView], None] = lambda view: None
        self._kept: list[tuple[str, ...]] = []  # asked before the machine's process listens
        self._connection: socket.socket | None = None
        self._lock = threading.Lock()
        self._ending = False  # did this screen ask for the end?
        self._closing = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._main, name="wire", daemon=True)

    def start(self, post: Callable[[MachineView], None]) -> None:
        self._post = post
        self._thread.start()

    def say(self, line: str) -> None:
        self.command("say", line)

    def command(self, verb: str, *args: str) -> None:
        if self._over.is_set():
            self._show(self.view)  # it says why nothing can be asked any more
        elif self.view.role:
            self._show(replace(self.view, notice=f"{verb}: you are watching, the keys are with another screen"))
        else:
            with self._lock:
                if self._connection is None:
                    self._kept.append((verb, *args))
                else:
                    self._send(wire.DO, verb, *args)

    def close(self, leave: bool = False) -> str:
        """Stop the machine if it was ours to stop; else say how to come back."""
        name, ending = self.path.stem, self.ends and not leave and not self.view.role
        alive = self._connection is not None and not self._over.is_set()
        if ending and alive:
            self._ending = True
            self._send(wire.SHUTDOWN)
            self._over.wait(LAST_WORDS)
        elif alive:
            self._send(wire.DETACH)
        self._closing.set()
        if self._connection is not None:
            with suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)
        if ending or not alive:
            return self.farewell
        return f"machine {name} goes on: llmos attach {name} looks again, llmos down {name} stops it"

    # -- the wire's thread ------------------------------------------------------------------------------------------

    def _main(self) -> None:
        connection = self._connect()
        if connection is None:
            self._lost("no machine answers: its process did not come up")
            return
        with self._lock:
            self._connection = connection
            self._send(wire.HELLO, self.drive)
            for words in self._kept:
                self._send(wire.DO, *words)
        problem = "the machine's process ended"
        try:
            while (message := wire.receive(connection)) is not None:
                self._heard(*message)
                problem = "the machine was stopped" if message[0] == "bye" else problem
        except wire.Garbled as e:
            problem = f"the machine's process is of another version: {e}"
        self._lost(problem)

    def _connect(self) -> socket.socket | None:
        """A started process takes a moment until it listens."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self._alive() and not self._closing.is_set():
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.connect(str(self.path))
            except OSError:
                connection.close()
                self._closing.wait(0.05)
            else:
                return connection
        return None

    def _heard(self, kind: str, *args: object) -> None:
        if kind == "view":
            self._told = wire.changed(self._told, args[0])
            asked = self._told.inspection
            if self._before is None:
                self._before = asked.number if asked else 0
            self._show(
                replace(
                    self._told, role=self.view.role, inspection=asked if asked and asked.number > self._before else None
                )
            )
        elif kind == "role":
            self._show(replace(self.view, role=str(args[0])))
        elif kind == "bye":
            self.farewell = str(args[0])

    def _lost(self, problem: str) -> None:
        """Say so, unless this screen wanted it."""
        journal = self.view.journal
        if journal and not self.farewell:
            self.farewell = f"recorded up to there: llmos replay {journal}"
        if not self._ending and not self._closing.is_set():
            self._show(replace(self.view, mode="HALTED", problem=problem, notice=_lost(problem, journal)))
        self._over.set()

    def _show(self, view: MachineView) -> None:
        self.view = view
        if not self._closing.is_set():
            self._post(view)

    def _send(self, *words: object) -> None:
        if self._connection is not None:
            with suppress(OSError):
                wire.send(self._connection, *words)


def _lost(problem: str, journal: str) -> str:
    """What to do now; the path, as short as a shell takes it, first: a line may have 80 cells, and q stands in the footer."""
    home = f"{Path.home()}/"
    path = f"~/{journal.removeprefix(home)}" if journal.startswith(home) else journal
    return f"{problem}: {f'llmos replay {path} · ' if path else ''}q leaves"
