"""A recorded session in the machine room: the same room, with a journal where the machine was. No model, no devices.

Knows: how to replay a file into something the room can look at. Does not know: widgets. What would change the machine is
refused with a line; everything that only looks works, at any tick. It opens at once: the journal is replayed on the side, a
little between two orders, and its records stay in the file. A redacted one is a film, and is played.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from llmos_apps import PROGRAMS
from llmos_kernel.errors import Divergence, EndOfJournal
from llmos_kernel.journal import Player, again, replay
from llmos_kernel.kernel import Kernel
from llmos_kernel.ports import Delivery, Event

from . import film, journal
from .branch import Branch, Place
from .errors import LlmosError, UsageError
from .exports import MAKERS
from .film import Film, Shot
from .filmed import HIDDEN, NOTICE, FilmBreaks, Filmed, FilmInspector, NoChoices, Wordless
from .narrate import Story
from .options import Options
from .past import Past
from .room import Room
from .status import MachineView, SelfTest
from .tape import FileTape

FIXED = "this is a recording: it can be looked at, not changed"
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
        raise ValueError(FIXED)


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

    def __init__(self, path: Path, past: Replayed | Filmed) -> None:
        self.past, self.world = past, Bell()
        self.kernel = past.present
        self.journal = str(path)
        self.watch = self.prober = None  # nothing is timed or asked: the CPU is not there

    def waits(self) -> bool:
        return True

    def flush(self) -> None:
        """Nothing is written."""

    def close(self) -> None:
        """Nothing is open."""

    def command(self, verb: str, *args: object) -> None:
        raise ValueError(FIXED)

    def type(self, line: str) -> None:
        self.command("type", line)


def _no_cpu() -> object:
    raise LlmosError("a recording has no CPU, so nothing new can happen in it")


class Replay(Branch):
    """A world whose future is known and is read when it is wanted."""

    compared = False  # nothing branches from a recording

    def __init__(self, path: Path, past: Replayed | Filmed, story: Story | None = None) -> None:
        super().__init__(path.name, Recording(path, past), story)  # type: ignore[arg-type]  # all a branch uses
        self.path, self.unread = path, True
        self.wanted: Place | None = None  # the place that was asked for and is not reached yet

    def read(self, until: Callable[[Kernel], bool]) -> None:
        """Replay on until there is enough, or the journal ends. Raises LlmosError."""
        try:
            while self.unread and not until(self.machine.kernel):
                self.step()
                self.unread = not self.machine.kernel.halted
        except EndOfJournal:
            self.story.take(self.machine.kernel.take_events())
            self.unread = False
        except Divergence as e:
            raise LlmosError(f"{self.path}: the replay took another way: {e}") from None
        if self.wanted is not None and self.wanted[0] < self.machine.kernel.tick:
            self.look(*self.wanted)

    def look(self, tick: int, phase: int = 0) -> None:
        """At any tick; at one that is still to be read as soon as it is."""
        self.wanted = (tick, phase) if self.unread and tick >= self.machine.kernel.tick else None
        super().look(tick, phase)


class Screening(Replay):
    """A redacted recording: a film runs where else a kernel does."""

    def __init__(self, film: Film) -> None:
        super().__init__(film.path, Filmed(film), Wordless())
        self.choices = NoChoices()
        self._shots = film.shots(1)

    def step(self, phase: bool = False) -> list[Event]:
        """Read the next tick. Raises EndOfJournal."""
        shot = next(self._shots, None)
        if shot is None:
            raise EndOfJournal("the film is over")
        self.machine.kernel = shot  # type: ignore[assignment]  # all that is looked at
        events = shot.take_events()
        self.story.take(events)
        return events

    def drawn(self, blank: MachineView, selected: int) -> MachineView:
        shot: Shot = self.kernel  # type: ignore[assignment]
        return shot.drawn(blank, selected)

    def look(self, tick: int, phase: int = 0) -> None:
        if phase:
            raise ValueError(f"{HIDDEN}: it has no phases, the smallest step is a token")
        super().look(tick)


class RecordingRoom(Room):
    """Implements `status.Panel` for a journal; opens at `tick`, or follows the replay to the end."""

    first_mode = "REPLAY"

    def __init__(self, path: Path, tick: int | None = None, speed: float = 8.0) -> None:
        super().__init__(Options(), speed)
        self.path, self.tick = path, tick

    def open_world(self) -> Branch:
        source = opened(self.path)
        if isinstance(source, Film):
            self.breaks, self.inspector, self.notice = FilmBreaks(), FilmInspector(), NOTICE
            branch: Replay = Screening(source)
            self.tests["disk"] = SelfTest("disk", "not known: the recording is redacted", "ok")
        else:
            branch = Replay(self.path, Replayed(source))
            config = source.header.config
            if "search" in config.devices:
                self.tests["disk"] = SelfTest("disk", config.library or "not known: the recording does not say", "ok")
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
            if here.wanted and not here.unread:
                self.notice = f"there is no tick {here.wanted[0]:,}: the recording ends at {here.machine.kernel.tick:,}"
                here.wanted = None
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

    def gone(self) -> str:
        return "this is the past of a recording: it can be looked at, not changed"

    def alone(self) -> str:
        return "a recording is one world: it has no CPU for a second"

    def reach(self) -> int | None:
        assert isinstance(self.here, Replay)
        return None if self.here.unread else self.here.machine.kernel.tick

    def close(self, leave: bool = False) -> str:
        super().close()
        return ""


def opened(path: Path) -> FileTape | Film:
    """What a recording is read from: a film where it is redacted. Raises JournalError."""
    name, _, file = journal.begun(path)
    file.close()
    return Film(path) if name == journal.REDACTED else FileTape(path)


def lives(path: Path) -> Iterator[Kernel | Shot]:
    """A recorded session after each of its ticks. Raises LlmosError."""
    source = opened(path)
    if isinstance(source, Film):
        yield from source.shots(0)
        return
    from .boot import sources

    try:
        yield from replay(source.header, source.tail(0), PROGRAMS)
    except Divergence as e:
        hint = "" if source.header.sources == sources() else " (the programs have changed since it was recorded)"
        raise LlmosError(f"{path}: the replay took another way: {e}{hint}") from None


def events(path: Path) -> Iterator[Event]:
    """Every event of a recorded session, in order."""
    for kernel in lives(path):
        yield from kernel.take_events()


def made(path: Path, what: str) -> Iterator[bytes | str]:
    """Something for others of a recorded session, in pieces: a key of `exports.MAKERS`, or "redact". Raises LlmosError."""
    yield from without_words(path) if what == "redact" else MAKERS[what](events(path))


def without_words(path: Path) -> Iterator[bytes]:
    """The redacted recording of a session, as the pieces of a file. Raises LlmosError."""
    source = opened(path)
    if isinstance(source, Film):
        raise UsageError(f"{path} is redacted already")
    try:
        yield from film.made(source.header, source.tail(0), PROGRAMS)
    except Divergence as e:
        raise LlmosError(f"{path}: the replay took another way: {e}") from None
