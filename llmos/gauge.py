"""A gauge beside the CPU: what a chunk of prompt costs those who decode in the same tick, measured as the machine runs.

Knows: the CPU it stands in front of, the clock. Does not know: processes, what is made of its figure (`residency.py` in the
kernel). The figure reaches the kernel as a delivery, so that it is in the journal and a replay decides alike. What a tick takes
without a chunk is a median, because others use the computer too.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from statistics import median

from llmos_kernel.cpu import Burst, Cpu, Geometry, Retired
from llmos_kernel.limits import MANY
from llmos_kernel.ports import Delivery

TICKS = 9  # remembered ticks without a chunk


class Gauge:
    """Implements `Cpu` in front of the real one; `tell` gets a delivery for every chunk."""

    def __init__(
        self, cpu: Cpu, tell: Callable[[Delivery], None], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.cpu, self._tell, self._clock = cpu, tell, clock
        self.copy, self.wipe, self.save, self.load, self.digest = cpu.copy, cpu.wipe, cpu.save, cpu.load, cpu.digest
        self._alone: deque[float] = deque(maxlen=TICKS)  # seconds of a tick without a chunk, with `_decoding` lanes
        self._decoding = 0

    @property
    def geometry(self) -> Geometry:
        return self.cpu.geometry

    def run(self, bursts: Sequence[Burst]) -> Sequence[Retired]:
        began = self._clock()
        retired = self.cpu.run(bursts)
        if len(bursts) >= MANY:
            self._note(bursts, self._clock() - began)
        return retired

    def _note(self, bursts: Sequence[Burst], seconds: float) -> None:
        read = max(len(burst.feed) for burst in bursts)
        decoding = len(bursts) - (read > 1)
        if decoding != self._decoding:
            self._decoding = decoding
            self._alone.clear()
        if read == 1:
            self._alone.append(seconds)
        elif read == self.geometry.chunk and self._alone:
            usual = median(self._alone)
            self._tell(Delivery("weight", str(round(1000 * max(0.0, seconds - usual) / usual))))
