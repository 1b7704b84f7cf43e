"""A machine in a process of its own, for any number of screens: `python -m llmos.server SOCKET OPTIONS`.

Knows: a Panel (the room with its machine), a Unix socket, who drives. Does not know: widgets, or what a verb does. The first
screen that may drive drives, the others watch; when it leaves, the next one drives. A screen that goes away by `detach` leaves
the machine running for an hour; one that crashed, or whose terminal was closed, for two minutes in which it can be looked at
again. A slow screen gets fewer views and never an old one.
"""

from __future__ import annotations

import argparse
import json
import signal
import socket
import threading
import time
from contextlib import suppress
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import journal, wire
from .status import BLANK, MachineView, Panel

if TYPE_CHECKING:
    from .options import Options

LONELY = 3600.0  # seconds that a machine goes on with no screen at all
ORPHANED = 120.0  # the same, where a screen started it and was not detached
SCREENS = 64  # that may be attached at once


class Seat:
    """One attached screen: a thread that reads what it asks, and one that sends it the latest view."""

    def __init__(self, server: Server, connection: socket.socket) -> None:
        self.server, self.connection = server, connection
        self.may_drive = False
        self._fresh: MachineView | None = None
        self._news: list[tuple[Any, ...]] = []
        self._wake = threading.Condition()
        self._open = True
        self._reader, self._writer = (
            threading.Thread(target=work, name="screen", daemon=True) for work in (self._read, self._write)
        )

    def start(self) -> None:
        self._writer.start()  # first: the reader joins it
        self._reader.start()

    def show(self, view: MachineView) -> None:
        with self._wake:
            self._fresh = view
            self._wake.notify()

    def tell(self, *message: Any) -> None:
        """Something that must not be lost."""
        with self._wake:
            self._news.append(message)
            self._wake.notify()

    def close(self) -> None:
        with self._wake:
            self._open = False
            self._wake.notify()
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RD)

    def _read(self) -> None:
        with suppress(wire.Garbled):
            while (message := wire.receive(self.connection)) is not None:
                self.server.heard(self, *message)
        self.server.left(self)
        self._writer.join()
        self.connection.close()  # here, since a screen that no longer listens may still have said something

    def _write(self) -> None:
        sent = BLANK
        with suppress(OSError):
            while True:
                with self._wake:
                    self._wake.wait_for(lambda: self._fresh or self._news or not self._open)
                    view, self._fresh = self._fresh, None
                    news, self._news = self._news, []
                    done = not self._open
                for message in news:
                    wire.send(self.connection, *message)
                if view is not None:
                    wire.send(self.connection, "view", wire.changes(sent, view))
                    sent = view
                if done:
                    return


class Server:
    """Owns the panel and the socket. `serve` returns when the machine was stopped."""

    def __init__(self, panel: Panel, path: Path, lonely: float = LONELY) -> None:
        self.panel, self.path, self.lonely = panel, path, lonely
        self.view = BLANK
        self.seats: list[Seat] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._alone_since = time.monotonic()

    def serve(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            listening.bind(str(self.path))
            try:
                listening.listen(8)
                self.path.chmod(0o600)
                listening.settimeout(0.5)
                self.panel.start(self._post)
                self._accept(listening)
            finally:
                self.path.unlink(missing_ok=True)
                self._end()

    def stop(self, *_: object) -> None:
        self._stopping.set()

    def watched(self) -> bool:
        return bool(self.seats)

    def _accept(self, listening: socket.socket) -> None:
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                connection, _ = listening.accept()
                connection.settimeout(None)
                self._seat(connection)
            if self.seats:
                self._alone_since = time.monotonic()
            elif time.monotonic() - self._alone_since > self.lonely:
                self.stop()

    def _seat(self, connection: socket.socket) -> None:
        with self._lock:
            if len(self.seats) >= SCREENS:
                connection.close()
                return
            seat = Seat(self, connection)
            self.seats.append(seat)
            seat.show(self.view)  # here, or this one could come after a newer one
        seat.start()

    def _end(self) -> None:
        farewell = self.panel.close()
        with self._lock:
            for seat in self.seats:
                seat.tell("bye", farewell)
                seat.close()
        time.sleep(0.05)  # the writers' last words; they are daemons

    def _post(self, view: MachineView) -> None:
        """Called from the machine's thread."""
        with self._lock:
            self.view = view
            for seat in self.seats:
                seat.show(view)

    # -- what screens say -------------------------------------------------------------------------------------------

    @property
    def driver(self) -> Seat | None:
        return next((seat for seat in self.seats if seat.may_drive), None)

    def heard(self, seat: Seat, word: str, *args: Any) -> None:
        """From a seat's thread. Only the driver's orders reach the machine."""
        if word == wire.HELLO:
            seat.may_drive = bool(args and args[0])
            self._roles()
        elif word == wire.SHUTDOWN:  # `llmos down`: only this user can reach the socket
            self.stop()
        elif seat is not self.driver:
            return
        elif word == wire.DETACH:
            self.lonely = LONELY
        elif word == wire.DO and args and all(isinstance(arg, str) for arg in args):
            self.panel.command(*args)

    def left(self, seat: Seat) -> None:
        seat.close()
        with self._lock:
            if seat in self.seats:
                self.seats.remove(seat)
            self._alone_since = time.monotonic()
        self._roles()

    def _roles(self) -> None:
        with self._lock:
            driver = self.driver
            for seat in self.seats:
                seat.tell("role", "" if seat is driver else "watching")


# -- options, over the command line of a process ------------------------------------------------------------------------


SYSTEM_TEXT = {"text": "system"}  # stands for `options.SYSTEM`, whose words are known when devices are mounted


def to_text(options: Options) -> str:
    return json.dumps({f.name: _plain(getattr(options, f.name)) for f in fields(options)})


def _plain(value: Any) -> Any:
    from .options import SYSTEM

    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return SYSTEM_TEXT if value is SYSTEM else str(value) if isinstance(value, Path | datetime) else value


def from_text(text: str) -> Options:
    """Raises ValueError or TypeError."""
    from .options import Options

    kinds = {f.name: str(f.type) for f in fields(Options)}
    return replace(Options(), **{name: _value(kinds[name], value) for name, value in json.loads(text).items()})


def _value(kind: str, value: Any) -> Any:
    if isinstance(value, str) and kind.startswith("Path"):
        return Path(value)
    if isinstance(value, str) and kind.startswith("datetime"):
        return datetime.fromisoformat(value)
    return _tuples(value)


def _tuples(value: Any) -> Any:
    from .options import SYSTEM

    if isinstance(value, list):
        return tuple(_tuples(v) for v in value)
    return SYSTEM if value == SYSTEM_TEXT else value


def main() -> None:
    from .room import Room

    parser = argparse.ArgumentParser(description="Run a machine that screens attach to.")
    parser.add_argument("socket", type=Path)
    parser.add_argument("options")
    parser.add_argument("--speed", type=float, default=8.0)
    parser.add_argument("--lonely", type=float, default=LONELY)
    given = parser.parse_args()
    room = Room(from_text(given.options), given.speed)
    server = Server(room, given.socket, given.lonely)
    room.watched = server.watched
    signal.signal(signal.SIGTERM, server.stop)
    signal.signal(signal.SIGINT, server.stop)
    server.serve()
    if room.options.journal:
        journal.discard(room.options.journal)
    given.socket.with_suffix(".err").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
