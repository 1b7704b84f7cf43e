"""The machine behind the screen: a thread that boots, steps and paces one machine, or two worlds of it.

Knows: the Machine and the Panel contract. Does not know: widgets, or what each verb does (`orders.py`), or how a view is
put together (`portrait.py`). Everything a screen asks goes through a queue; nothing here waits for the screen.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from queue import SimpleQueue
from typing import TYPE_CHECKING

from llmos_kernel.cpu import Burst
from llmos_kernel.ports import Event

from . import journal, paths
from .branch import Branch
from .breaks import Breaks
from .errors import LlmosError
from .inspection import Inspector
from .orders import Booting, Orders
from .portrait import portrait
from .status import KEPT, Inspection, MachineView, SelfTest
from .vigil import Vigil

if TYPE_CHECKING:
    from .options import Options

FRAME = 0.05  # seconds between two posted views at least
SHARE = 0.05  # of a running machine's time that its pictures may take: of a very large one there are fewer
WATCH = 8.0  # tokens a second a person can follow


class Room:
    """Implements `status.Panel`. The worker thread owns the machines; the screen's thread only queues commands."""

    first_mode = "LIVE"

    def __init__(self, options: Options, speed: float = WATCH, notice: str = "") -> None:
        self.options, self.speed, self.notice = options, speed, notice
        self.here: Branch | None = None
        self.other: Branch | None = None
        self.aside: list[Branch] = []  # worlds that stand still until somebody goes there
        self.tests: dict[str, SelfTest] = {}
        self.mode, self.unit, self.problem = "BOOT", "token", ""
        self.selected, self.following = 0, False
        self.breaks, self.inspector = Breaks(), Inspector()
        self.inspection: Inspection | None = None
        self.met = ""  # the breakpoint that the last tick met
        self.playing = False  # does the past run on by itself?
        self.until: tuple[str, ...] = ()  # kinds of event that end the step in progress
        self.early: list[tuple[str, ...]] = []  # what was asked before there was a machine
        self.watched: Callable[[], bool] = lambda: True  # does anybody look? pictures of a running machine cost time
        self._orders = Orders(self)
        self._post: Callable[[MachineView], None] = lambda view: None
        self._shown: MachineView | None = None  # the last picture
        self._vigil = Vigil(self._sign)
        self._queue: SimpleQueue[tuple[str, ...]] = SimpleQueue()
        self._rates: deque[tuple[float, int]] = deque(maxlen=40)
        self._named: set[str] = set()  # parts of the self-test that are at work again after they were ok
        self._due = 0.0  # when the next view may be posted
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._main, name="machine", daemon=True)

    # -- the screen's side ------------------------------------------------------------------------------------------

    def start(self, post: Callable[[MachineView], None]) -> None:
        self._post = post
        self._thread.start()

    def say(self, line: str) -> None:
        self._ask("say", line)

    def command(self, verb: str, *args: str) -> None:
        self._ask(verb, *args)

    def _ask(self, *words: str) -> None:
        self._queue.put(words)
        if self.here:
            self.here.machine.world.ring()

    def close(self, leave: bool = False) -> str:
        self._closing.set()
        if self.here:
            self.here.machine.world.ring()
        if self._thread.is_alive():
            self._thread.join(1.0)
        return farewell(self.here, [world for world in (self.other, *self.aside) if world])

    # -- the machine's thread ---------------------------------------------------------------------------------------

    def _main(self) -> None:
        try:
            self.show(force=True)
            self.here = self.open_world()
            self.mode = self.first_mode
            self._vigil.start()
            if self.notice.endswith(KEPT):  # that is over
                self.notice = ""
            early, self.early = self.early, []
            for words in early:
                self._obey(*words)
            while not self._closing.is_set():
                self._turn(self.here)
        except LlmosError as e:
            self._fail(str(e))
        except Exception as e:  # the screen must be able to say what happened
            self._fail(f"{type(e).__name__}: {e}")
        finally:
            self._vigil.stop()
            for branch in (*self.worlds(), *self.aside):
                branch.machine.close()

    def open_world(self) -> Branch:
        """Boot; blocks for seconds."""
        from .boot import boot

        return Branch("main", boot(replace(self.options, keep=True), self._self_test))

    def parted(self, branch: Branch, tick: int) -> Branch:
        """A new world that shares this one's past before `tick`. Takes a while, and says so."""
        assert branch.machine.past is not None

        def progress(done: int, of: int) -> None:
            self.notice = f"branching: reliving tick {done:,} of {of:,}"
            self.show()

        used = [b.name for b in (*self.worlds(), *self.aside)]
        name = next((letter for letter in "BCDEFGHIJ" if letter not in used), "")
        if not name:
            raise LlmosError("ten worlds are all that there can be")
        path = journal.fresh(self.options.journal.parent, paths.sockets()) if self.options.journal else None
        try:
            machine = branch.machine.past.branch(tick, path, progress)
        except LlmosError:
            if path:
                journal.discard(path)
            raise
        streams, lately = branch.streams.cut(tick, machine.kernel), branch.lately.cut(tick)
        return Branch(name, machine, branch.story.cut(tick), branch.choices.copy(), streams, lately)

    def resting(self) -> str:
        """The mode of a present that does not run."""
        kernel = self.here.machine.kernel if self.here else None
        return "HALTED" if kernel and kernel.halted and not kernel.phase else "FROZEN"

    def over(self) -> str:
        """Why nothing more can happen."""
        return "the machine has halted: , goes back, and B branches from there"

    def gone(self) -> str:
        """Why what is looked at can't be changed."""
        return "this is the past: n goes back to now, B branches from here"

    def alone(self) -> str:
        """Why there is no other world."""
        return "there is one world only: B makes a second one"

    def reach(self) -> int | None:
        """The last tick that can be gone to; None where that is not known yet."""
        return max(world.machine.kernel.tick for world in self.worlds())

    def _fail(self, problem: str) -> None:
        self.problem, self.mode = problem, "HALTED"
        self.show(force=True)
        while not self._closing.wait(0.5):
            self._drain()
            self.show(force=True)

    def _self_test(self, line: SelfTest) -> None:
        if self._closing.is_set():
            raise LlmosError("closed while booting")
        before = self.tests.get(line.part)
        if before and before.text != line.text and (before.state == "ok" or line.part in self._named):
            self._named.add(line.part)  # it is known by name, and is now read: the name stays
            line = replace(line, text=before.text) if line.fraction < 1 else SelfTest(line.part, before.text, "ok")
        self.tests[line.part] = line
        self._drain()
        self.show(force=before is None or before.state != line.state)  # of a long bar not every step

    def _turn(self, here: Branch) -> None:
        """Do what was asked; then a tick if there is one to do, else wait."""
        self._drain()
        here = self.here or here  # an order may have swapped the worlds
        if self.mode == "LIVE" and here.machine.kernel.halted:
            self.mode = "HALTED"
        if self.mode == "REPLAY" and self.playing:
            self._play(here)
            return
        if self.mode == "LIVE" and not self._waits():
            self._tick(here)
            return
        self.show(force=True)
        here.machine.world.wait(0.5, self._called)

    def _waits(self) -> bool:
        """Only a person can make it go on: every world is done, and at the same tick if it has not halted."""
        going = [w for w in self.worlds() if w.past or not w.machine.kernel.halted]
        return all(w.past is None and w.machine.waits() for w in going) and len({w.place for w in going}) < 2

    def _play(self, here: Branch) -> None:
        """The past runs on, at the same pace, until it is now; another world that is there already lives on beside it."""
        began = time.monotonic()
        self.met = ""
        with self._vigil.over(self._at_work(here)):
            if here.past is not None:
                self._watched(here, here.relive)
            self.abreast(here.kernel.tick)
        self.playing = here.past is not None and not self.met
        if here.past is None:
            self.mode = self.resting()
        self.show()
        self._pace(began, here.kernel.work.bursts)

    def worlds(self) -> list[Branch]:
        return [w for w in (self.here, self.other) if w]

    def _tick(self, here: Branch) -> None:
        """One paced tick of each world; a step in progress ends at the event it was waiting for."""
        began = time.monotonic()
        with self._vigil.over(self._at_work(here)):
            events = self.advance(here)
        if self.met or any(e[1] in self.until for e in events):
            self.mode, self.until = "FROZEN", ()
        self.show()
        self._pace(began, [b for w in self.worlds() for b in w.kernel.work.bursts])

    def advance(self, here: Branch, phase: bool = False) -> list[Event]:
        """One tick of both worlds, the events of this one."""
        self.met = ""
        events = self._watched(here, lambda: here.step(phase))
        self._count(events)
        if not here.machine.kernel.phase:
            self.abreast(here.machine.kernel.tick)
        return events

    def abreast(self, tick: int) -> None:
        """The other world gets to that tick, too, and no further; where nothing is left to do in it, by idle ticks."""
        other = self.other
        if other:
            other.look(tick - 1)
            while other.place < (tick, 0) and (other.past or not other.machine.kernel.halted):
                self._watched(other, other.relive if other.past else other.step)

    def _watched(self, world: Branch, step: Callable[[], list[Event]]) -> list[Event]:
        """A tick of one world, and which break- or watchpoint it met."""
        seen = self.breaks.before(world.kernel)
        events = step()
        met = self.breaks.hit(world.kernel, seen, events)
        if met and not self.met:
            self.met = f"{met} of world {world.name}" if self.other else met
            self.notice = f"stopped by {self.met}"
        return events

    def _pace(self, began: float, bursts: Sequence[Burst]) -> None:
        """Wait so that `speed` tokens a second are decoded, all lanes of a world together; the rest runs as fast as it can."""
        decoded = max((sum(map(_decodes, world.kernel.work.bursts)) for world in self.worlds()), default=0)
        pause = decoded / self.speed if decoded and self.speed else 0.0 if bursts else 0.01
        rest = pause - (time.monotonic() - began)
        if rest > 0.001 and self.here:
            self.here.machine.world.wait(rest, self._called)

    def _called(self) -> bool:
        """Somebody wants something of this thread."""
        return not self._queue.empty() or self._closing.is_set()

    def _count(self, events: list[Event]) -> None:
        decoded = sum(len(e[3]) for e in events if e[1] == "retire")
        if decoded:
            self._rates.append((time.monotonic(), decoded))

    def _drain(self) -> None:
        while not self._queue.empty():
            self._obey(*self._queue.get())

    def _obey(self, verb: str, *args: str) -> None:
        """What can't be done is said; what needs a machine waits for it."""
        try:
            self.notice = ""
            with self._vigil.over(" ".join((verb, *args)) if self.here is None else self._at_work(self.here, verb)):
                self._orders.do(verb, *args)
        except Booting as e:
            if not self.problem:
                self.early.append((verb, *args))
            self.notice = f"{verb}: {e if self.problem else KEPT}"
        except (TypeError, ValueError, LlmosError) as e:
            self.notice = f"{verb}: {_plain(e)}"

    def show(self, force: bool = False) -> None:
        """Post a view, but not more often than a screen can use."""
        now = time.monotonic()
        if force or now >= self._due:
            for world in self.worlds():
                world.machine.flush()  # what is on the screen is on the disk too
            began = time.thread_time()
            if force or self.watched():
                self._shown = portrait(self)
                self._post(self._shown)
            self._due = now + max(FRAME, (time.thread_time() - began) / SHARE)

    def _at_work(self, here: Branch, verb: str = "run") -> str:
        where = f" of world {here.name}" if self.other else ""
        return f"{verb}, tick {here.kernel.tick:,}{where}; what runs for the first time is compiled"

    def _sign(self, working: str) -> None:
        """The last picture again, with the mode of now and what is at work. Called by the vigil, on its own thread."""
        if self._shown:
            self._post(replace(self._shown, mode=self.mode, notice=self.notice, working=working))

    def rate(self) -> float:
        """Tokens a second over the last seconds, all lanes; 0 when nothing runs."""
        now = time.monotonic()
        recent = [(t, n) for t, n in self._rates if now - t < 5]
        if len(recent) < 2 or now - recent[-1][0] > 2:
            return 0.0
        return sum(n for _, n in recent[1:]) / max(recent[-1][0] - recent[0][0], 1e-3)


def _decodes(burst: Burst) -> bool:
    return burst.steps > 0 and len(burst.feed) == 1


def _plain(e: Exception) -> str:
    """An error in a person's words: Python says of a number only that it could not be made."""
    found = re.match(r"(?:invalid literal|could not convert string).*: (.*)", str(e))
    return f"takes a number, not {found[1]}" if found else str(e)


def farewell(branch: Branch | None, others: Sequence[Branch] = ()) -> str:
    """What to print when the screen is gone: where it is recorded, and how to come back to this moment; the other worlds."""
    file = branch.machine.journal if branch else ""
    if not branch or not file:
        return ""
    said = f"saved {file} · look again: llmos replay {file} --tick {branch.machine.kernel.tick}"
    return said + "".join(f"\nworld {world.name}: llmos replay {world.machine.journal}" for world in others)
