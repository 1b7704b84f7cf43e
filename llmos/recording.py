"""A recorded session in the machine room: the same room, with a journal where the machine was. No model, no devices.

Knows: how to replay a file into something the room can look at. Does not know: widgets. What would change the machine is
refused with a line; everything that only looks works, at any tick. It opens at once: the journal is replayed on the side, a
little between two orders, and its records stay in the file.
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
from .branch import Branch, Place
from .errors import LlmosError
from .options import Options
from .past import Past
from .room import Room
from .status import SelfTest
from .tape import FileTape

SLICE = 0.04  # seconds of replaying between two looks at what was asked


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


class Replayed(Past):
    """The past of a recording, and its present: the kernel that is on its way to the end of the journal."""

    def __init__(self, tape: FileTape) -> None:
        super().__init__(tape.header, _no_cpu, tape)  # type: ignore[arg-type]  # never gives a CPU
        self._player = Player(tape.header, tape.tail(0))
        self.present = again(tape.header, self._player, PROGRAMS)
        self.present.diary = self.rewind.diary

    def follow(self, kernel: Kernel) -> None:
        """The player is behind the tape, which is read ahead."""
        self.rewind.keep(kernel, self._player.taken)


class Recording:
    """What a `Branch` wants of a machine: a kernel, and the past before it."""

    def __init__(self, path: Path) -> None:
        self.past, self.world = Replayed(FileTape(path)), Bell()
        self.kernel = self.past.present
        self.journal = str(path)
        self.watch = self.prober = None  # nothing is timed or asked: the CPU is not there

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


class Replay(Branch):
    """A world whose future is known and is read when it is wanted."""

    compared = False  # nothing branches from a recording

    def __init__(self, path: Path) -> None:
        super().__init__(path.name, Recording(path))  # type: ignore[arg-type]  # all a branch uses
        self.path, self.unread = path, True
        self.wanted: Place | None = None  # the place that was asked for and is not reached yet

    def read(self, until: Callable[[Kernel], bool]) -> None:
        """Replay on until there is enough, or the journal ends. Raises LlmosError."""
        kernel = self.machine.kernel
        try:
            while self.unread and not until(kernel):
                self.step()
                self.unread = not kernel.halted
        except EndOfJournal:
            self.story.take(kernel.take_events())
            self.unread = False
        except Divergence as e:
            raise LlmosError(f"{self.path}: the replay took another way: {e}") from None
        if self.wanted is not None and self.wanted[0] < kernel.tick:
            self.look(*self.wanted)

    def look(self, tick: int, phase: int = 0) -> None:
        """At any tick; at one that is still to be read as soon as it is."""
        self.wanted = (tick, phase) if self.unread and tick >= self.machine.kernel.tick else None
        super().look(tick, phase)


class RecordingRoom(Room):
    """Implements `status.Panel` for a journal; opens at `tick`, or follows the replay to the end."""

    first_mode = "REPLAY"

    def __init__(self, path: Path, tick: int | None = None, speed: float = 8.0) -> None:
        super().__init__(Options(), speed)
        self.path, self.tick = path, tick

    def open_world(self) -> Branch:
        branch = Replay(self.path)
        if self.tick is not None:
            branch.look(self.tick)
        self._say(branch)
        return branch

    def _turn(self, here: Branch) -> None:
        """What was asked comes first; then a little of the journal, until all of it is told."""
        assert isinstance(here, Replay)
        if here.unread:
            began = time.monotonic()
            here.read(lambda kernel: time.monotonic() - began > SLICE)
            self._say(here)
        if here.unread and not self.playing:
            self._drain()
            self.show()
        else:
            super()._turn(here)

    def _say(self, here: Replay) -> None:
        kernel = here.machine.kernel
        text = f"{self.path}   {kernel.tick:,} ticks of {kernel.geometry.model}"
        self.tests["log"] = SelfTest("log", f"{text} so far" if here.unread else text, "busy" if here.unread else "ok")

    def resting(self) -> str:
        return "REPLAY"

    def over(self) -> str:
        if isinstance(self.here, Replay) and self.here.unread:
            return "the recording is still being read, and is shown as it comes: , or g stops at a tick"
        return "this is the end of the recording: , goes back, g goes to any tick"

    def close(self, leave: bool = False) -> str:
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
