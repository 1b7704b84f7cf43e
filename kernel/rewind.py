"""Rewinding: any tick of a recorded machine again, from the nearest snapshot and a short replay.

Knows: the records, snapshots of kernel state, and the diary: what each program was given, call by call. Does not know: files,
models, screens. A coroutine can't be copied; a program that is driven after a return to the past is begun anew and given what
the diary says, and only if it is driven at all. State goes into a snapshot as bytes; ports, programs and coroutines stay out.

    rewind = Rewind(header, records, programs)
    rewind.goto(9_000); rewind.back(); rewind.state_hash()
A live machine sets `kernel.diary = rewind.diary` before its first step and calls `keep(kernel)` after every tick.
"""

from __future__ import annotations

import pickle
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from hashlib import blake2b
from typing import Any, NamedTuple
from zlib import compress, decompress

from . import dialects
from .journal import Header, Player, Record
from .kernel import Kernel, Program
from .sched import Own

EVERY = 128  # ticks between two snapshots; 256 was a little slow on a busy computer
MOST = 512  # snapshots kept; beyond it every other old one goes
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


class Kept(NamedTuple):
    tick: int
    taken: int  # records the machine had been given
    state: bytes


class Rewind:
    """Owned by one thread. `kernel` is the machine at the tick that was asked for last; reading it is free, stepping is not."""

    def __init__(self, header: Header, records: Sequence[Record], programs: dict[str, Program]) -> None:
        self.header, self.records, self.programs = header, records, programs
        self.diary: dict[int, list[tuple[Any, Any, int]]] = {}
        self.kept: list[Kept] = []
        self.player = Player(header, self._from(0))
        self.kernel = Kernel(
            header.config, programs, self.player, self.player, self.player, store=self.player, choose=self.player.choose
        )
        self.kernel.diary = self.diary
        self._keep(self.kernel, 0)

    def _from(self, taken: int) -> Iterator[Record]:
        """Records from number `taken` on; idle ticks, which leave none, may follow the last."""
        for i in range(taken, len(self.records)):
            yield self.records[i]
        yield ("end", NEVER)

    def goto(self, tick: int, phase: int = 0) -> Kernel:
        """The machine before phase `phase` of `tick`, or as it halted before that. Raises Divergence."""
        nearest = self.kept[bisect_right(self.kept, tick, key=lambda kept: kept.tick) - 1]
        kernel = self.kernel
        if kernel.phase or not nearest.tick <= kernel.tick <= tick:
            self._thaw(nearest)
        else:
            self._attach(kernel, self.player.taken, kernel.tick)
        while self.kernel.tick < tick and not self.kernel.halted:
            self.kernel.step()
            self.kernel.events.clear()
            self.keep(self.kernel, self.player.taken)
        while self.kernel.phase < phase and not self.kernel.halted:
            self.kernel.step_phase()
        self.kernel.events.clear()
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
            self._keep(kernel, len(self.records) if taken is None else taken)

    def _keep(self, kernel: Kernel, taken: int) -> None:
        state = {name: value for name, value in vars(kernel).items() if name not in OUTSIDE}
        self.kept.append(Kept(kernel.tick, taken, compress(pickle.dumps(state, pickle.HIGHEST_PROTOCOL), 1)))
        if len(self.kept) > MOST:
            old = len(self.kept) * 3 // 4
            self.kept = [*self.kept[:old:2], *self.kept[old:]]

    def _thaw(self, kept: Kept) -> None:
        kernel = Kernel.__new__(Kernel)
        vars(kernel).update(pickle.loads(decompress(kept.state)))
        kernel.config, kernel.geometry, kernel.programs = self.header.config, self.header.geometry, self.programs
        kernel.grammar, kernel.events, kernel.diary = None, [], self.diary
        self.kernel = kernel
        self._attach(kernel, kept.taken, kept.tick)

    def _attach(self, kernel: Kernel, taken: int, tick: int) -> None:
        """Give the kernel ports that answer from record number `taken` on."""
        self.player = player = Player(self.header, self._from(taken))
        player.taken, player.tick = taken, tick - 1
        kernel.cpu = kernel.codec = kernel.world = kernel.store = player
        kernel.choose = player.choose
        if isinstance(kernel.policy, Own):
            kernel.policy.choose = player.choose
        kernel.dialect = dialects.by_name(self.header.config.dialect, player)


def state_hash(kernel: Kernel) -> str:
    """A short name of all kernel state: equal machines have equal names, in any process."""
    state = {name: value for name, value in vars(kernel).items() if name not in OUTSIDE}
    return blake2b(repr(_plain(state)).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _plain(value: Any) -> Any:
    """Values all the way down, without identities; a coroutine is no part of it."""
    if value is None or isinstance(value, (int, str, bytes)):
        return value
    if isinstance(value, (list, tuple, deque)):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return [(_plain(k), _plain(v)) for k, v in value.items()]
    if isinstance(value, (bytearray, BaseException)):
        return repr(value)
    if callable(value) and hasattr(value, "__qualname__"):
        return value.__qualname__
    names = [f.name for f in fields(value)] if is_dataclass(value) else _slots(value)
    return [type(value).__name__, *((n, _plain(getattr(value, n))) for n in names if n not in ("coroutine", "choose"))]


def _slots(value: Any) -> list[str]:
    slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    return sorted([*slots, *getattr(value, "__dict__", {})])


__all__ = ["EVERY", "Rewind", "state_hash"]
