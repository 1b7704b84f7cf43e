"""The machine that `llmos bench screen` measures: processes that never end, in a process of its own.

Knows: the room, its server, what was done so far. Does not know: who watches. `python -m llmos.bench_busy SOCKET MODEL` is
that process; it ends when its standard input does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from llmos_apps import PROGRAMS, ulib

from . import paths
from .branch import Branch
from .errors import LlmosError
from .options import Options
from .room import Room
from .server import Server
from .status import MachineView

PROCESSES, LANES, PAGES = 32, 8, 6  # and pages that each may fill
LAP = 60  # tokens that a process writes until it begins anew
WAIT = 120.0  # seconds until it must write


async def _writers(count: int) -> None:
    for i in range(count):
        await ulib.spawn("writer", i, 0)
    await ulib.wait()


async def _writer(number: int, lap: int) -> None:
    """Writes, and begins anew when it has written enough."""
    await ulib.think(("text", f"Story {number}.{lap}:"), limit=LAP, temperature=1000, seed=number + lap, traps=False)
    await ulib.execute("writer", number, lap + 1)


class Busy(Room):
    """A room whose processes never end."""

    posts = 0

    def open_world(self) -> Branch:
        branch = super().open_world()
        branch.machine.kernel.programs = {**PROGRAMS, "writers": _writers, "writer": _writer}
        return branch

    def start(self, post: Callable[[MachineView], None]) -> None:
        def counted(view: MachineView) -> None:
            self.posts += 1
            post(view)

        super().start(counted)


def serve(address: Path, model: str) -> None:
    """Be the machine; a line on standard input is answered by what was done so far."""
    options = Options(
        model=model,
        init=("writers", PROCESSES),
        frames=PROCESSES * PAGES + 1,
        lanes=LANES,
        max_pages=PAGES,
        devices=(),
        tools=False,
        journal=address.with_suffix(".log"),
    )
    room = Busy(options, 0.0)
    server = Server(room, address, lonely=WAIT)
    room.watched = server.watched
    threading.Thread(target=server.serve, daemon=True).start()
    for _ in sys.stdin:
        decoded = room.here.machine.kernel.decoded if room.here else 0
        print(json.dumps([time.perf_counter(), decoded, time.process_time(), room.posts, room.problem]), flush=True)
    server.stop()


class Machine:
    """The process that is measured."""

    def __init__(self, address: Path, model: str) -> None:
        self.address = address
        command = [sys.executable, "-m", "llmos.bench_busy", str(address), model]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def done(self) -> tuple[float, int, float, int]:
        """(seconds, tokens, processor seconds, pictures) so far. Raises LlmosError."""
        assert self.process.stdin
        assert self.process.stdout
        with suppress(BrokenPipeError):
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line or json.loads(line)[-1]:
            raise LlmosError(f"the machine did not get so far: {line}")
        now, tokens, processor, posts, _ = json.loads(line)
        return now, tokens, processor, posts


@contextmanager
def busy(model: str) -> Iterator[Machine]:
    paths.sockets().mkdir(parents=True, exist_ok=True, mode=0o700)
    machine = Machine(paths.sockets() / f"bench-{os.getpid()}.sock", model)
    try:
        until = time.monotonic() + WAIT
        while machine.done()[1] < PROCESSES * LAP:  # every shape has been compiled
            if time.monotonic() > until:
                raise LlmosError("the machine does not write")
            time.sleep(0.2)
        yield machine
    finally:
        machine.process.kill()
        machine.process.wait()
        for suffix in (".sock", ".log"):
            machine.address.with_suffix(suffix).unlink(missing_ok=True)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2])
