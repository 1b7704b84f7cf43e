"""Going back: a machine's records, from which any earlier tick can be reached again, and from there another future.

Knows: the journal's records, how to replay them, how to relive them on a fresh CPU. Does not know: rooms, screens.
Looking at an earlier tick is a replay and needs no model. Branching runs the recorded bursts again on the branch's own CPU, so
that its frames hold what the kernel believes; what was sampled is taken from the records, not from the CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

from llmos_apps import PROGRAMS
from llmos_kernel.cpu import Burst, Cpu, Retired
from llmos_kernel.journal import Header, Player, Record, Recorder, Sink
from llmos_kernel.kernel import Kernel
from llmos_kernel.ports import Codec, Delivery, Request

from .errors import LlmosError
from .journal import Writer
from .machine import Machine
from .world import HostWorld

NEVER = 1 << 62  # a tick that is not reached
Again = Callable[[], tuple[Cpu, Codec, HostWorld]]
"""A fresh CPU, codec and world, like those the machine was booted with."""


class Past:
    """A sink for records that keeps them. Owned by one machine's thread."""

    def __init__(self, header: Header, again: Again, records: Sequence[Record] = ()) -> None:
        self.header, self.again = header, again
        self.records: list[Record] = list(records)
        self._cursor: tuple[int, Kernel] | None = None  # (records it was given, kernel): can only go on

    def __call__(self, record: Record) -> None:
        self.records.append(record)

    def kernel(self, tick: int) -> Kernel:
        """The machine as it was before `tick`. Replays from the beginning, or on from the last tick that was asked for."""
        count = len(self.records)
        if self._cursor is None or self._cursor[0] != count or self._cursor[1].tick > tick:
            if self._cursor:
                _discard(self._cursor[1])
            player = self._player(count)
            self._cursor = (count, Kernel(self.header.config, PROGRAMS, player, player, player, store=player))
        kernel = self._cursor[1]
        while kernel.tick < tick and not kernel.halted:
            kernel.step()
        kernel.take_events()
        return kernel

    def _player(self, count: int) -> Player:
        """Answers from the first records; idle ticks, which leave none, may follow the last."""
        return Player(self.header, chain(self.records[:count], [("end", NEVER)]))

    def branch(self, tick: int, path: Path | None, progress: Callable[[int, int], None]) -> Machine:
        """A machine of its own that shares the past before `tick`; it records from the first tick on. Takes a while."""
        cpu, codec, world = self.again()
        if cpu.geometry != self.header.geometry:
            raise LlmosError("this CPU is another one than the session was recorded on: it can't branch here")
        writer = Writer(path, self.header) if path else None
        past = Past(self.header, self.again)
        player = self._player(len(self.records))
        ports = Relived(player, cpu, _both(past, writer))
        kernel = Kernel(self.header.config, PROGRAMS, ports, ports, ports, store=player)
        while kernel.tick < tick and not kernel.halted:
            kernel.step()
            progress(kernel.tick, tick)
        kernel.take_events()
        ports.live(cpu, codec, world)
        _take_over(kernel, world)
        return Machine(kernel, world, ports, writer, past)


def _both(past: Past, writer: Writer | None) -> Sink:
    """Records are kept, and written if there is a file."""

    def sink(record: Record) -> None:
        past(record)
        if writer is not None:
            writer(record)

    return sink


class Relived(Recorder):
    """Records answers taken from a player, with a real CPU doing the same work; later from live ports."""

    def __init__(self, player: Player, cpu: Cpu, sink: Callable[[Record], None]) -> None:
        super().__init__(Double(player, cpu), player, player, sink)

    def live(self, cpu: Cpu, codec: Codec, world: HostWorld) -> None:
        """From now on everything is new."""
        self._cpu, self._codec, self._world = cpu, codec, world


class Double:
    """A CPU that does the work and gives the recorded answer."""

    def __init__(self, player: Player, cpu: Cpu) -> None:
        self._player, self._cpu = player, cpu
        self.geometry = cpu.geometry

    def run(self, bursts: Sequence[Burst]) -> Sequence[Retired]:
        self._cpu.run(bursts)
        return self._player.run(bursts)

    def copy(self, pairs: Sequence[tuple[int, int]]) -> None:
        self._cpu.copy(pairs)

    def save(self, frame: int) -> bytes:
        return self._cpu.save(frame)

    def load(self, frame: int, data: bytes) -> None:
        self._cpu.load(frame, data)

    def digest(self, frame: int) -> bytes:
        return self._cpu.digest(frame)


def _discard(kernel: Kernel) -> None:
    """Programs that were never begun are not left hanging."""
    for process in kernel.processes.values():
        if process.coroutine is not None:
            process.coroutine.close()


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
