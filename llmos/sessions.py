"""Machines that run in processes of their own: start one, find those that run, stop one, look at one.

Knows: the folder of sockets; a machine is called like its journal. Does not know: what travels over a socket (`wire.py`), or
what a machine does. A socket that nobody answers belongs to a process that was killed, and is swept away.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from . import journal, paths, wire
from .errors import LlmosError, UsageError
from .options import Options
from .server import LONELY, to_text

STOPPING = 10.0  # seconds that ending a journal may take
FRESH = 60.0  # seconds in which a socket may be about to listen
LONGEST = 100  # bytes of a socket's address, everywhere


def start(options: Options, speed: float = 8.0, lonely: float = LONELY) -> Path:
    """A process with a machine that records into a new journal; the address where it is going to listen.

    It ends by itself when nobody has looked at it for `lonely` seconds.
    """
    return launch(options, speed, lonely)[0]


def launch(options: Options, speed: float, lonely: float) -> tuple[Path, Callable[[], bool]]:
    """As `start`, and a way to ask whether the process is still there."""
    folder = paths.sockets()
    if len(os.fsencode(folder / "0000.sock")) > LONGEST:
        raise LlmosError(f"the folder for sockets has too long a name: {folder}; LLMOS_HOME can move it")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    recording = journal.fresh(paths.journals(), folder)
    address = folder / f"{recording.stem}.sock"
    command = [sys.executable, "-m", "llmos.server", str(address), to_text(replace(options, journal=recording))]
    with address.with_suffix(".err").open("wb") as errors:
        process = subprocess.Popen(
            [*command, "--speed", f"{speed:g}", "--lonely", f"{lonely:g}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
    return address, lambda: process.poll() is None


def running() -> list[Path]:
    """Addresses of the machines that answer, oldest first."""
    found = sorted(paths.sockets().glob("*.sock"), key=lambda p: p.stat().st_mtime)
    return [address for address in found if _answers(address)]


def _answers(address: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
        try:
            knock.connect(str(address))
        except OSError:
            if time.time() - address.stat().st_mtime > FRESH:
                address.unlink(missing_ok=True)
            return False
    return True


def find(name: str = "") -> Path:
    """The machine of that name, or the one that was started last. Raises UsageError."""
    there = running()
    if not there:
        raise UsageError("no machine is running: llmos up starts one")
    if not name:
        return there[-1]
    for address in there:
        if address.stem == name:
            return address
    raise UsageError(f"no machine {name!r} is running; there are {', '.join(a.stem for a in there)}")


def stop(address: Path) -> str:
    """Stop a machine and end its journal, whoever drives it; the line it leaves."""
    farewell = ""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection, suppress(OSError, wire.Garbled):
        connection.settimeout(STOPPING)
        connection.connect(str(address))
        wire.send(connection, wire.SHUTDOWN)
        while (message := wire.receive(connection)) is not None:
            if message[0] == "bye":
                farewell = str(message[1])
    return farewell or f"{address.stem} is down"


def wait_until_up(address: Path, seconds: float = 30.0) -> None:
    """Until the process listens. Raises LlmosError with its last words."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
            try:
                knock.connect(str(address))
                return
            except OSError:
                time.sleep(0.05)
    words = address.with_suffix(".err").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    raise LlmosError(f"the machine did not come up: {words[-1] if words else 'it says nothing'}")
