"""A stopwatch beside the machine: how long pages took to come back, and what computing them again would have taken.

Knows: the ports to the CPU and to the page file, which it stands in front of. Does not know: pages' owners, the journal.
What it measures is told to people and to nobody else: the kernel decides by the constants in the journal's header, so that
a replay, which has no times, decides alike.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

from llmos_kernel.cpu import Burst, Cpu, Geometry, Retired
from llmos_kernel.ports import PageStore

from .gauge import Gauge

KEPT = 1_000  # pages whose time is remembered


class Stopwatch:
    """Implements `Cpu` and `PageStore` in front of the real ones. Pages are numbered as the kernel's `swapped_in` counts."""

    def __init__(self, cpu: Cpu, store: PageStore) -> None:
        self._cpu, self._store = cpu, store
        self.copy, self.wipe, self.save, self.digest, self.put = cpu.copy, cpu.wipe, cpu.save, cpu.digest, store.put
        self._began = 0.0  # when the page that is on its way was asked for
        self._number = 0
        self._back: deque[tuple[int, float]] = deque(maxlen=KEPT)
        self._token = 0.0  # milliseconds to read one token of a prompt, of late

    @property
    def cpu(self) -> Cpu:
        """The real one, for questions that are no part of a run."""
        return self._cpu.cpu if isinstance(self._cpu, Gauge) else self._cpu

    @property
    def geometry(self) -> Geometry:
        return self._cpu.geometry

    def run(self, bursts: Sequence[Burst]) -> Sequence[Retired]:
        began = time.perf_counter()
        retired = self._cpu.run(bursts)
        if len(bursts) == 1 and bursts[0].steps == 0:
            spent = (time.perf_counter() - began) * 1e3 / max(1, retired[0].fed)
            self._token = spent if not self._token else (self._token + spent) / 2
        return retired

    def get(self, slot: int) -> bytes | None:
        self._began = time.perf_counter()
        return self._store.get(slot)

    def load(self, frame: int, data: bytes) -> None:
        self._cpu.load(frame, data)
        if self._began:
            self._number += 1
            self._back.append((self._number, (time.perf_counter() - self._began) * 1e3))
            self._began = 0.0

    def back(self, number: int) -> float | None:
        """Milliseconds that the `number`-th page took from the page file into its frame; None when nobody measured."""
        return next((spent for n, spent in self._back if n == number), None)

    def again(self) -> float | None:
        """Milliseconds to compute a page's tokens again."""
        return self._token * self.geometry.page or None
