"""A recorded session in the machine room: the same room, with a journal where the machine was. No model, no devices.

Knows: how to replay a file into something the room can look at. Does not know: widgets. What would change the machine is
refused with a line; everything that only looks works, at any tick.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from llmos_apps import PROGRAMS
from llmos_kernel.errors import Divergence, EndOfJournal
from llmos_kernel.journal import Player, again
from llmos_kernel.kernel import Kernel
from llmos_kernel.ports import Delivery, Event

from . import journal
from .boot import Options
from .errors import LlmosError
from .past import Past
from .room import Branch, Room
from .status import SelfTest
from .tape import FileTape


class Bell:
    """The world of a recording: nothing comes in, but the thread can be woken."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def ring(self) -> None:
        self._rung.set()

    def wait(self, seconds: float, ready: Callable[[], bool] = lambda: False) -> None:
        if not ready():
            self._rung.wait(seconds)
        self._rung.clear()

    def deliver(self, delivery: Delivery) -> None:
        raise ValueError("this is a recording: it can be looked at, not changed")


class Recording:
    """What a `Branch` wants of a machine: a kernel at the end of its journal, and the past before it."""

    def __init__(self, path: Path, kernel: Kernel, past: Past) -> None:
        self.kernel, self.past, self.world = kernel, past, Bell()
        self.journal = str(path)

    def waits(self) -> bool:
        return True

    def flush(self) -> None:
        """Nothing is written."""

    def close(self) -> None:
        """Nothing is open."""

    def command(self, verb: str, *args: object) -> None:
        raise ValueError("this is a recording: it can be looked at, not changed")

    def type(self, line: str) -> None:
        self.command("type", line)


def _no_cpu() -> object:
    raise LlmosError("a recording has no CPU, so nothing new can happen in it")


class RecordingRoom(Room):
    """Implements `status.Panel` for a journal; opens at `tick`, or at the end."""

    first_mode = "REPLAY"

    def __init__(self, path: Path, tick: int | None = None, speed: float = 8.0) -> None:
        super().__init__(Options(), speed)
        self.path, self.tick = path, tick

    def open_world(self) -> Branch:
        """Replay it once, to the end, for its story."""
        tape = FileTape(self.path)
        header = tape.header
        past = Past(header, _no_cpu, tape)  # type: ignore[arg-type]  # never gives a CPU
        kernel = again(header, Player(header, tape.tail(0)), PROGRAMS)
        branch = Branch(self.path.name, Recording(self.path, kernel, past))  # type: ignore[arg-type]  # all a branch uses
        self._replay(branch, kernel)
        self.tests["log"] = SelfTest("log", f"{self.path}   {kernel.tick:,} ticks of {header.geometry.model}", "ok")
        if self.tick is not None:
            branch.look(self.tick)
        return branch

    def _replay(self, branch: Branch, kernel: Kernel) -> None:
        shown = time.monotonic()
        try:
            while not kernel.halted and not self._closing.is_set():
                branch.step()
                if time.monotonic() - shown > 0.2:
                    shown = time.monotonic()
                    self._self_test(SelfTest("log", f"{self.path}   replaying tick {kernel.tick:,}", "busy"))
        except EndOfJournal:
            branch.story.take(kernel.take_events())
        except Divergence as e:
            raise LlmosError(f"{self.path}: the replay took another way: {e}") from None

    def resting(self) -> str:
        return "REPLAY"

    def close(self) -> str:
        super().close()
        return ""


def events(path: Path) -> Iterable[Event]:
    """Every event of a recorded session, in order."""
    from llmos_kernel.journal import replay

    header, records = journal.read(path)
    try:
        for kernel in replay(header, records, PROGRAMS):
            yield from kernel.take_events()
    except Divergence as e:
        raise LlmosError(f"{path}: the replay took another way: {e}") from None
