"""One burst on its way through the CPU.

Knows: which tokens come next, where they go, when the lane stops. Does not know: padding, shapes, arithmetic.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from llmos_kernel.cpu import Burst, Cause, Geometry, Retired

from . import digest
from .model import Probe, State
from .sampling import Chosen


class Fed(NamedTuple):
    """What one step left behind for all its lanes."""

    state: State
    probes: list[Probe]  # of each layer


class Lane:
    """`feed` is what the next step takes, empty when the lane has stopped."""

    def __init__(self, burst: Burst, geometry: Geometry) -> None:
        """ValueError when the burst breaks the contract."""
        check(burst, geometry)
        self.burst = burst
        self.feed: tuple[int, ...] = burst.feed
        self.pos = burst.pos
        self.ids: list[int] = []
        self.top: list[tuple[tuple[int, int], ...]] = []
        self.cause = Cause.QUANTUM
        self._page = geometry.page
        self._table = dict(zip(burst.starts, burst.frames, strict=True))
        self._clip()

    @property
    def samples(self) -> bool:
        """Does it want an id after the pending tokens?"""
        return len(self.ids) < self.burst.steps and self.cause == Cause.QUANTUM

    def places(self) -> list[tuple[int, int]]:
        """(frame, slot) of each pending token."""
        positions = range(self.pos, self.pos + len(self.feed))
        return [(self._table[p - p % self._page], p % self._page) for p in positions]

    def _clip(self) -> None:
        """Keep only those pending tokens that have a slot."""
        for i in range(len(self.feed)):
            position = self.pos + i
            if position - position % self._page not in self._table:
                self.feed, self.cause = self.feed[:i], Cause.FULL
                return

    def fed(self, step: Fed, row: int) -> None:
        """The pending tokens are in the KV cache now."""
        self._last, self._row, self._count = step, row, len(self.feed)
        self.pos += len(self.feed)
        self.feed = ()

    def sampled(self, chosen: Chosen, row: int) -> None:
        """Take this lane's row of a choice: stop, or line the id up as the next feed."""
        if not chosen.finite[row]:
            self.cause = Cause.MACHINE_CHECK
            return
        token = int(chosen.id[row])
        self.ids.append(token)
        self.top.append(tuple(zip(chosen.top[row].tolist(), chosen.share[row].tolist(), strict=True)))
        if token in self.burst.wake:
            self.cause = Cause.WAKE
        elif len(self.ids) < self.burst.steps:
            self.feed = (token,)
            self._clip()

    def retire(self) -> Retired:
        """What came of the burst. Waits for its last step."""
        if self.pos == self.burst.pos:
            return Retired((), self.cause, 0)
        heads = len(self._last.probes) * self._last.probes[0].top.shape[-1]
        mass = (np.asarray(self._last.state.mass)[self._row, : len(self.burst.frames)] // heads).tolist()
        worth, layers = self._worth() if self.burst.digests else ((), ())
        return Retired(
            tuple(self.ids),
            self.cause,
            self.pos - self.burst.pos,
            tuple(mass),
            worth,
            tuple(self.top),
            layers,
        )

    def _worth(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """What each page is worth to the tokens of the last step, or to the last one if an id was sampled after it; and the
        layer that wants each absent page most."""
        looked = digest.layers(len(self._last.probes))
        probes = [self._last.probes[i] for i in looked]
        asking = slice(self._count - 1 if self.burst.steps else 0, self._count)
        query, top, total = (
            np.stack([np.asarray(a)[self._row, asking] for a in part], 1) for part in zip(*probes, strict=True)
        )
        absent = len(self.burst.digests) - len(self.burst.frames)
        worth, asked = digest.worth(self.burst.digests, absent, (query, top, total))
        return worth, tuple(looked[i] for i in asked)


def check(burst: Burst, geometry: Geometry) -> None:
    """ValueError when the burst breaks the contract."""
    n = len(burst.frames)
    if (
        not 1 <= len(burst.feed) <= geometry.chunk
        or n > geometry.max_pages
        or max(len(burst.wake), len(burst.never)) > 16
    ):
        raise ValueError(f"feed of {len(burst.feed)}, {n} pages, {len(burst.wake)} wake ids: too many or none")
    if not all(0 <= f < geometry.frames for f in burst.frames) or not all(0 <= t < geometry.vocab for t in burst.feed):
        raise ValueError("a frame or a token id is out of range")
    if len(set(burst.starts)) != n or any(start % geometry.page for start in burst.starts):
        raise ValueError("the first positions of a table are multiples of the page, each once")
    if burst.starts and max(*burst.starts, burst.pos) >= geometry.page * geometry.max_pages:
        raise ValueError("a position is beyond the longest context")
    if burst.allowed is not None and burst.steps > 1:
        raise ValueError("a mask of allowed ids is for one step at most")
