"""Going back: a machine's records, from which any earlier tick can be reached again, and from there another future.

Knows: the journal's records, how to replay them, how to relive them on a fresh CPU. Does not know: rooms, screens.
Looking at an earlier tick is a replay and needs no model. Branching runs the recorded bursts again on the branch's own CPU, so
that its frames hold what the kernel believes; what was sampled is taken from the records, not from the CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from llmos_apps import PROGRAMS
from llmos_kernel.cpu import Burst, Cpu, Retired
from llmos_kernel.errors import Divergence, EndOfJournal
from llmos_kernel.journal import Header, Player, Record, Recorder, Sink
from llmos_kernel.kernel import Kernel
from llmos_kernel.panel import deliver
from llmos_kernel.ports import Codec, Delivery, Event, Grammar, PageStore, Request
from llmos_kernel.rewind import Rewind
from llmos_kernel.sched import Choose
from llmos_kernel.sched.own import Candidate

from .attention import prober
from .errors import LlmosError
from .journal import Writer
from .machine import Machine
from .tape import FileTape, Reel
from .world import HostWorld


class Parts(NamedTuple):
    """What a machine is made of besides its kernel."""

    cpu: Cpu
    codec: Codec
    world: HostWorld
    store: PageStore | None = None
    masks: Grammar | None = None
    choose: Choose | None = None  # the person's own policy


Again = Callable[[], Parts]
"""Fresh parts, like those the machine was booted with."""


class Past:
    """A sink for records that keeps them. Owned by one machine's thread. A recording has a tape, a live machine grows one."""

    def __init__(self, header: Header, again: Again, tape: FileTape | None = None) -> None:
        self.header, self.again = header, again
        self.tape = Reel() if tape is None else tape
        self.rewind = Rewind(header, self.tape, PROGRAMS)

    def __call__(self, record: Record) -> None:
        if isinstance(self.tape, Reel):
            self.tape(record)

    def follow(self, kernel: Kernel) -> None:
        """Called after every tick of the machine itself: snapshots are taken as it goes."""
        self.rewind.keep(kernel)

    def kernel(self, tick: int, phase: int = 0) -> Kernel:
        """The machine as it was before a phase of `tick`: from the nearest snapshot and a short replay."""
        return self.rewind.goto(tick, phase)

    def relive(self, tick: int, phase: int = 0) -> list[Event]:
        """That tick happens again, from one of its phases on; all its events."""
        kernel = self.rewind.goto(tick, phase)
        kernel.step()
        return kernel.take_events()

    def refusal(self, kernel: Kernel, asked: Sequence[Delivery]) -> str:
        """What `kernel` would say to the last of these commands; "" where it would obey. It is tried on a copy."""
        twin = self.rewind.twin(kernel)
        try:
            for delivery in asked:
                twin.take_events()
                deliver(twin, delivery)
            said = [event for event in twin.take_events() if event[1] == "refused"]
        except (EndOfJournal, Divergence):  # it went as far as the outside: only that can tell
            return ""
        return str(said[-1][3]) if said else ""

    def branch(self, tick: int, path: Path | None, progress: Callable[[int, int], None]) -> Machine:
        """A machine of its own that shares the past before `tick`; it records from the first tick on. Takes a while."""
        parts = self.again()
        if parts.cpu.geometry != self.header.geometry:
            raise LlmosError("this CPU is another one than the session was recorded on: it can't branch here")
        writer = Writer(path, self.header) if path else None
        past = Past(self.header, self.again)
        ports = Relived(Player(self.header, self.rewind.records(0)), parts, _both(past, writer))
        choose = ports.chooser(ports.choose) if self.header.config.policy == "own" else None
        kernel = Kernel(
            self.header.config, PROGRAMS, ports, ports, ports, grammar=parts.masks, store=ports, choose=choose
        )
        machine = Machine(kernel, parts.world, ports, writer, past)
        machine.prober = prober(parts.cpu)
        while kernel.tick < tick and not kernel.halted:
            machine.step()
            past.follow(kernel)
            progress(kernel.tick, tick)
        ports.live()
        _take_over(kernel, parts.world)
        return machine


def _both(past: Past, writer: Writer | None) -> Sink:
    """Records are kept, and written if there is a file."""

    def sink(record: Record) -> None:
        past(record)
        if writer is not None:
            writer(record)

    return sink


class Relived(Recorder):
    """Records answers taken from a player, while a real CPU and page file do the same work; later from live ports."""

    def __init__(self, player: Player, parts: Parts, sink: Sink) -> None:
        super().__init__(parts.cpu, player, player, sink, parts.store)
        self._past: Player | None = player
        self._parts = parts

    def live(self) -> None:
        """From now on everything is new."""
        self._past, self._codec, self._world = None, self._parts.codec, self._parts.world

    def run(self, bursts: Sequence[Burst]) -> Sequence[Retired]:
        retired = self._cpu.run(bursts)
        return self._ran(retired if self._past is None else self._past.run(bursts))

    def put(self, slot: int, data: bytes, key: bytes = b"") -> bool:
        kept = self._store.put(slot, data, key)
        return self._stored(slot, kept if self._past is None else self._past.put(slot, data, key))

    def get(self, slot: int) -> bytes | None:
        data = self._store.get(slot)
        return self._found(slot, data if self._past is None or self._past.get(slot) is not None else None)

    def choose(self, jobs: Sequence[Candidate], now: int) -> Candidate:
        """Whom the recorded policy chose; later the person's own chooses."""
        if self._past is not None:
            return self._past.choose(jobs, now)
        if self._parts.choose is None:
            raise LlmosError("this session chose by a policy of its own: name its file with --policy")
        return self._parts.choose(jobs, now)


def _take_over(kernel: Kernel, world: HostWorld) -> None:
    """Requests that were in flight: harmless ones are made again; of the others nobody knows, and that is the answer."""
    for number, pending in list(kernel.requests.table.items()):
        device = world.devices.get(pending.device)
        if pending.answer is not None:
            continue
        if device is not None and not device.outside:
            world.submit(Request(number, pending.pid, pending.device, pending.text))
        else:
            unknown = f"unknown: the worlds parted while {pending.device} was at work"
            kernel.requests.done(kernel, number, Delivery("done", str(number), (unknown, pending.device), 0))
