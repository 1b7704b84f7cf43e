"""The machine behind the screen: a thread that boots, steps and paces one machine, and posts frozen views.

Knows: the Machine and the Panel contract. Does not know: widgets. Everything a screen asks goes through a queue; nothing
here waits for the screen.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue

from llmos_kernel.ports import Event
from llmos_kernel.view import Snapshot

from .boot import Options, boot
from .errors import LlmosError
from .machine import Machine
from .narrate import Tail
from .status import MachineView, SelfTest

FRAME = 0.05  # seconds between two posted views at least
WATCH = 8.0  # tokens a second a person can follow
UNITS = ("phase", "token", "call", "quantum")
STOPS: dict[str, tuple[str, ...]] = {"call": ("call", "result", "illegal"), "quantum": ("switch",)}


class Room:
    """Implements `status.Panel`. The worker thread owns the machine; the screen's thread only queues commands."""

    def __init__(self, options: Options, speed: float = WATCH, notice: str = "") -> None:
        self.options, self.speed, self.notice = options, speed, notice
        self.tail = Tail()
        self.machine: Machine | None = None
        self.tests: dict[str, SelfTest] = {}
        self.mode, self.unit, self.problem, self.selected = "BOOT", "token", "", 0
        self._until: tuple[str, ...] = ()  # kinds of event that end the step in progress
        self._post: Callable[[MachineView], None] = lambda view: None
        self._queue: SimpleQueue[tuple[str, ...]] = SimpleQueue()
        self._early: list[str] = []  # lines typed before there was a machine
        self._rates: deque[tuple[float, int]] = deque(maxlen=40)
        self._posted = 0.0
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
        if self.machine:
            self.machine.world.ring()

    def close(self) -> str:
        self._closing.set()
        if self.machine:
            self.machine.world.ring()
        self._thread.join(1.0)
        journal = self.machine.journal if self.machine else ""
        return f"saved {journal} · look again: llmos replay {journal}" if journal else ""

    # -- the machine's thread ---------------------------------------------------------------------------------------

    def _main(self) -> None:
        try:
            self._show(force=True)
            self.machine = boot(self.options, self._self_test)
            self.mode = "LIVE"
            for line in self._early:
                self.machine.type(line)
            self._live(self.machine)
        except LlmosError as e:
            self._fail(str(e))
        except Exception as e:  # the screen must be able to say what happened
            self._fail(f"{type(e).__name__}: {e}")
        finally:
            if self.machine:
                self.machine.close()

    def _fail(self, problem: str) -> None:
        self.problem, self.mode = problem, "HALTED"
        self._show(force=True)
        while not self._closing.wait(0.5):
            pass

    def _self_test(self, line: SelfTest) -> None:
        if self._closing.is_set():
            raise LlmosError("closed while booting")
        self.tests[line.part] = line
        self._drain()
        self._show(force=line.state == "ok")

    def _live(self, machine: Machine) -> None:
        while not self._closing.is_set():
            self._drain()
            if machine.kernel.halted:
                self.mode = "HALTED"
            if self.mode != "LIVE" or machine.waits():
                self._show(force=True)
                machine.flush()
                machine.world.wait(0.5, lambda: not self._queue.empty())
            else:
                self._tick(machine)

    def _tick(self, machine: Machine) -> None:
        """One paced tick; a step in progress ends at the event it was waiting for."""
        began = time.monotonic()
        events = machine.step()
        self._take(events)
        if any(e[1] in self._until for e in events):
            self.mode, self._until = "FROZEN", ()
        self._show()
        self._pace(machine, began)

    def _pace(self, machine: Machine, began: float) -> None:
        """Wait so that a decode step takes 1/speed seconds; prefill and bookkeeping run as fast as they can."""
        bursts = machine.kernel.work.bursts
        decoding = any(b.steps and len(b.feed) == 1 for b in bursts)
        pause = 1 / self.speed if decoding and self.speed else 0.0 if bursts else 0.01
        rest = pause - (time.monotonic() - began)
        if rest > 0.001:
            machine.world.wait(rest, lambda: not self._queue.empty())

    def _take(self, events: list[Event]) -> None:
        self.tail.take(events)
        decoded = sum(len(e[3]) for e in events if e[1] == "retire")
        if decoded:
            self._rates.append((time.monotonic(), decoded))

    def _drain(self) -> None:
        while not self._queue.empty():
            verb, *args = self._queue.get()
            handler = getattr(self, f"_do_{verb}", None)
            try:
                self.notice = ""
                if handler is None:
                    raise ValueError(f"no command {verb!r}")
                handler(*args)
            except (TypeError, ValueError) as e:
                self.notice = f"{verb}: {e}"

    # -- commands ---------------------------------------------------------------------------------------------------

    def _do_say(self, line: str) -> None:
        if self.machine is None:
            self._early.append(line)
            return
        self.machine.type(line)
        if self.mode == "FROZEN":
            self.notice = "kept; the machine is frozen: space runs it, . steps"

    def _do_run(self) -> None:
        if self.mode == "FROZEN":
            self.mode, self._until = "LIVE", ()

    def _do_pause(self) -> None:
        if self.mode == "LIVE":
            self.mode, self._until = "FROZEN", ()

    def _do_step(self) -> None:
        if self.machine is None or self.mode not in ("LIVE", "FROZEN"):
            return
        if self.unit in STOPS:
            self.mode, self._until = "LIVE", STOPS[self.unit]
            return
        self.mode = "FROZEN"
        if self.unit == "phase":
            self.machine.kernel.step_phase()
        else:
            self.machine.kernel.step()
        self._take(self.machine.kernel.take_events())

    def _do_unit(self, unit: str) -> None:
        if unit not in UNITS:
            raise ValueError(f"a step is one of {', '.join(UNITS)}")
        self.unit = unit

    def _do_speed(self, speed: str) -> None:
        value = float(speed)
        if not 0 <= value <= 10_000:
            raise ValueError("tokens a second, 0 = as fast as it can")
        self.speed = value

    def _do_select(self, pid: str) -> None:
        self.selected = int(pid)

    def _do_kill(self, pid: str) -> None:
        self._kernel("kill", int(pid))

    def _do_interrupt(self) -> None:
        self._kernel("interrupt")

    def _do_spawn(self, program: str, *args: str) -> None:
        self._kernel("spawn", program, *args)

    def _do_policy(self, name: str) -> None:
        self._kernel("policy", name)

    def _kernel(self, verb: str, *args: str | int) -> None:
        """A command of the panel, delivered and recorded like everything that enters the kernel."""
        if self.machine is None:
            raise ValueError("the machine is still booting")
        self.machine.command(verb, *args)

    # -- views ------------------------------------------------------------------------------------------------------

    def _show(self, force: bool = False) -> None:
        now = time.monotonic()
        if force or now - self._posted >= FRAME:
            self._posted = now
            self._post(self.view())

    def view(self) -> MachineView:
        machine = self.machine
        kernel = machine.kernel if machine else None
        front = kernel.foreground() if kernel else None
        geometry = kernel.geometry if kernel else None
        return MachineView(
            mode=self.mode,
            snapshot=machine.snapshot(self._chosen(machine)) if machine else Snapshot(0, "deliver"),
            model=geometry.model if geometry else "",
            arithmetic=geometry.mode if geometry else "",
            seed=self.options.seed,
            speed=self.speed,
            rate=self._rate(),
            boot=tuple(self.tests.values()),
            console=tuple(self.tail.console),
            foreground=f"pid {front.pid} {front.program}" if front else "",
            log=tuple(self.tail.log),
            unit=self.unit,
            journal=machine.journal if machine else "",
            notice=self.notice,
            problem=self.problem,
            devices=self._devices(machine),
        )

    def _chosen(self, machine: Machine) -> int:
        """The selected process, or else whoever the console speaks with, or runs."""
        if self.selected in machine.kernel.processes:
            return self.selected
        running = next((p.pid for p in machine.kernel.lanes if p), 0)
        front = machine.kernel.foreground()
        return running or (front.pid if front else 0)

    def _devices(self, machine: Machine | None) -> tuple[tuple[str, str, str], ...]:
        if machine is None:
            return ()
        busy = {p.device for p in machine.kernel.requests.table.values() if p.answer is None}
        return tuple(
            (name, "~" if name in busy else "*", self.tail.devices.get(name, "")) for name in machine.world.devices
        )

    def _rate(self) -> float:
        """Tokens a second over the last seconds, all lanes; 0 when nothing runs."""
        now = time.monotonic()
        recent = [(t, n) for t, n in self._rates if now - t < 5]
        if len(recent) < 2 or now - recent[-1][0] > 2:
            return 0.0
        return sum(n for _, n in recent[1:]) / max(recent[-1][0] - recent[0][0], 1e-3)
