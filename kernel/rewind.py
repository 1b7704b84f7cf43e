"""Rewinding: any tick of a recorded machine again, from the nearest snapshot and a short replay.

Knows: the records, snapshots of kernel state, and the diary: what each program was given, call by call. Does not know: files,
models, screens. A coroutine can't be copied; a program that is driven after a return to the past is begun anew and given what
the diary says, and only if it is driven at all. State goes into a snapshot as bytes; ports, programs and coroutines stay out.

    rewind = Rewind(header, tape, programs)
    rewind.goto(9_000); rewind.back(); rewind.state_hash()
A live machine sets `kernel.diary = rewind.diary` before its first step and calls `keep(kernel)` after every tick. Memory is
bounded by the snapshots (`MOST`, `MOST_BYTES`) and the diary; the records may stay on a disk.
"""

from __future__ import annotations

import pickle
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol
from zlib import compress, decompress

from . import dialects
from .cpu import Burst
from .journal import Header, Player, Record, again
from .kernel import Kernel, Program
from .sched import Own

EVERY = 128  # ticks between two snapshots; 256 was a little slow on a busy computer
MOST, MOST_BYTES = 512, 64 * 2**20  # snapshots kept, and all of them together; beyond that every other old one goes
FEWEST = 16  # snapshots that are kept however big they are
NEVER = 1 << 62  # a tick that is not reached
OUTSIDE = (
    "choose",
    "cpu",
    "codec",
    "world",
    "programs",
    "store",
    "grammar",
    "dialect",
    "diary",
    "events",
    "config",
    "geometry",
)
"""What of a kernel is not its state: ports, and what the header says."""


class Tape(Protocol):
    """The records of a session, in memory or in a file, that grow at the end only."""

    def __len__(self) -> int: ...

    def tail(self, first: int) -> Iterator[Record]:
        """Record number `first` and those after it."""


class Kept(NamedTuple):
    tick: int
    taken: int  # records the machine had been given
    state: bytes


class Rewind:
    """Owned by one thread. `kernel` is the machine at the tick that was asked for last; reading it is free, stepping is not."""

    def __init__(self, header: Header, tape: Tape, programs: dict[str, Program]) -> None:
        self.header, self.tape, self.programs = header, tape, programs
        self.diary: dict[int, list[tuple[Any, Any, int]]] = {}
        self.kept: list[Kept] = []
        self.bytes = 0  # of all that is kept
        self.player = Player(header, self.records(0))
        self.kernel = again(header, self.player, programs)
        self.kernel.diary = self.diary
        self._keep(self.kernel, 0)

    def records(self, taken: int) -> Iterator[Record]:
        """Records from number `taken` on; idle ticks, which leave none, may follow the last."""
        for record in self.tape.tail(taken):
            if record[0] != "end":
                yield record
        yield ("end", NEVER)

    def goto(self, tick: int, phase: int = 0) -> Kernel:
        """The machine before phase `phase` of `tick`, or as it halted before that; the events of a tick that has begun are
        still in it. Raises Divergence."""
        nearest = self.kept[bisect_right(self.kept, tick, key=lambda kept: kept.tick) - 1]
        kernel = self.kernel
        if nearest.tick <= kernel.tick and (kernel.tick, kernel.phase) <= (tick, phase):
            self._attach(kernel, self.player.taken, kernel.tick + (kernel.phase > 0))
        else:
            self._thaw(nearest)
        while self.kernel.tick < tick and (self.kernel.phase or not self.kernel.halted):
            self.kernel.step()
            self.kernel.events.clear()
            self.keep(self.kernel, self.player.taken)
        while self.kernel.phase < phase and (self.kernel.phase or not self.kernel.halted):
            self.kernel.step_phase()
        self.kernel.guard.chain.take()
        return self.kernel

    def back(self) -> Kernel:
        """One tick earlier; from between two phases, one phase earlier."""
        tick, phase = self.kernel.tick, self.kernel.phase
        return self.goto(tick, phase - 1) if phase else self.goto(max(0, tick - 1))

    def state_hash(self) -> str:
        return state_hash(self.kernel)

    # -- snapshots --------------------------------------------------------------------------------------------------

    def keep(self, kernel: Kernel, taken: int | None = None) -> None:
        """A snapshot, if one is due. A live machine has been given all records there are."""
        if kernel.tick % EVERY == 0 and kernel.phase == 0 and kernel.tick > self.kept[-1].tick:
            self._keep(kernel, len(self.tape) if taken is None else taken)

    def _keep(self, kernel: Kernel, taken: int) -> None:
        packed = compress(_packed(kernel), 1)
        self.kept.append(Kept(kernel.tick, taken, packed))
        self.bytes += len(packed)
        if len(self.kept) > MOST or (self.bytes > MOST_BYTES and len(self.kept) > FEWEST):
            old = len(self.kept) * 3 // 4
            self.kept = [*self.kept[:old:2], *self.kept[old:]]
            self.bytes = sum(len(kept.state) for kept in self.kept)

    def _thaw(self, kept: Kept) -> None:
        self.kernel = self._revived(decompress(kept.state))
        self._attach(self.kernel, kept.taken, kept.tick)

    def _revived(self, packed: bytes) -> Kernel:
        kernel = Kernel.__new__(Kernel)
        vars(kernel).update(pickle.loads(packed))
        kernel.config, kernel.geometry, kernel.programs = self.header.config, self.header.geometry, self.programs
        kernel.grammar, kernel.events, kernel.diary = None, [], self.diary
        return kernel

    def twin(self, kernel: Kernel) -> Kernel:
        """A copy to try something on, that nobody owns: whoever asks one of its ports gets EndOfJournal."""
        twin = self._revived(_packed(kernel))
        self._plug(twin, Player(self.header, ()))
        return twin

    def _attach(self, kernel: Kernel, taken: int, tick: int) -> None:
        """Give the kernel ports that answer from record number `taken` on."""
        self.player = player = Player(self.header, self.records(taken))
        player.taken, player.tick = taken, tick - 1
        self._plug(kernel, player)

    def _plug(self, kernel: Kernel, player: Player) -> None:
        kernel.cpu = kernel.codec = kernel.world = kernel.store = player
        kernel.choose = player.choose if self.header.config.policy == "own" else None
        if isinstance(kernel.policy, Own):
            kernel.policy.choose = player.choose
        kernel.dialect = dialects.by_name(self.header.config.dialect, player)


def _packed(kernel: Kernel) -> bytes:
    state = {name: value for name, value in vars(kernel).items() if name not in OUTSIDE}
    return pickle.dumps(state, pickle.HIGHEST_PROTOCOL)


def state_hash(kernel: Kernel) -> str:
    """A short name of all kernel state: equal machines have equal names, in any process."""
    state = {name: value for name, value in vars(kernel).items() if name not in OUTSIDE}
    return blake2b(repr(_plain(state)).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _plain(value: Any) -> Any:
    """Values all the way down, without identities; what an object leaves out of a snapshot is no part of it."""
    if isinstance(value, int):
        return int(value)  # what a journal brings back has no names
    if value is None or isinstance(value, (str, bytes)):
        return value
    if isinstance(value, Burst):
        ours = value._replace(digests=(b"",) * len(value.digests), allowed=None)  # what a replay has not
        return [*map(_plain, ours)]
    if isinstance(value, (list, tuple, deque)):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return [(_plain(k), _plain(v)) for k, v in value.items()]
    if isinstance(value, (bytearray, BaseException)):
        return repr(value)
    if callable(value) and hasattr(value, "__qualname__"):
        return value.__qualname__
    return [type(value).__name__, _plain(value.__getstate__())]


__all__ = ["EVERY", "Rewind", "state_hash"]
