"""A working set: the pages that a process may keep in RAM when it has fewer frames than pages.

Knows: page numbers, a replacement policy, which pages are pinned, the digests of those that left, counters. Does not know:
frames, slots, the CPU (`pager.py` moves pages). After Denning (1968); the recall of absent pages after Quest and InfLLM (2024).

Pinned pages are not the policy's: page 0, where attention that has nowhere to go collects, and the last ones, where the process
writes. A page becomes the policy's when it is no longer among the last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .errors import BadCall
from .limits import ACCESSED, MAX_PREFETCHED
from .replacement import REPLACEMENTS, Attention, Replacement


@dataclass(frozen=True, slots=True)
class Pins:
    first: int = 1  # pages at the beginning
    last: int = 2  # pages at the end


@dataclass(slots=True)
class Counters:
    """What a working set did."""

    bursts: int = 0
    faults: int = 0  # absent pages that were called back
    restarts: int = 0  # of these, tokens that were run again with the page
    evictions: int = 0
    prefetches: int = 0  # neighbours brought along
    prefetch_hits: int = 0  # of these, got attention before they left
    lost: int = 0  # pages that left and can't come back


@dataclass(slots=True)
class WorkingSet:
    """Owned by one address space."""

    limit: int  # frames
    name: str
    pins: Pins = field(default_factory=Pins)
    policy: Replacement = field(init=False)
    admitted: dict[int, None] = field(default_factory=dict)  # the pages that are the policy's
    digests: dict[int, bytes] = field(default_factory=dict)  # of absent pages, when the policy calls them back
    listed: tuple[int, ...] = ()  # the absent pages of the last burst, as the CPU saw them
    wanted: tuple[int, ...] = ()  # absent pages that the last query called for, most wanted first
    asked: dict[int, int] = field(default_factory=dict)  # page -> the layer that asked for it most
    prefetched: dict[int, None] = field(default_factory=dict)
    restarted: tuple[int, int] = (-1, 0)  # position run again, and how often
    edge: int = 0  # from this page on they are pinned: written now, or among the last
    arrived: tuple[int, ...] = ()  # came back for the next burst
    proven: tuple[int, ...] = ()  # came back for the last burst, and got attention
    now: int = 0  # position of the last burst
    left: dict[int, int] = field(default_factory=dict)  # page -> position at which it left
    counters: Counters = field(default_factory=Counters)

    def __post_init__(self) -> None:
        if self.name not in REPLACEMENTS:
            raise BadCall(f"no replacement policy {self.name!r}; there are {', '.join(REPLACEMENTS)}")
        if self.limit < self.least:
            raise BadCall(f"a working set of {self.limit} frames; with its pins it needs {self.least}")
        self.policy = REPLACEMENTS[self.name](self.limit)

    @property
    def least(self) -> int:
        return self.pins.first + max(self.pins.last, 1) + 1

    @property
    def managed(self) -> int:
        """Frames that the policy decides about."""
        return self.limit - self.pins.first - max(self.pins.last, 1)

    @property
    def recalls(self) -> bool:
        """Do absent pages leave a digest, so that they can be called back?"""
        return isinstance(self.policy, Attention)

    def copy(self) -> WorkingSet:
        """For a fork: the same limits, with what the policy learned to be learned again."""
        return replace(self, admitted={}, digests=self.digests.copy(), prefetched={}, left={}, counters=Counters())

    # -- before a burst ---------------------------------------------------------------------------------------------

    def victims(self, present: Sequence[int], first: int, last: int, count: int) -> list[int]:
        """The pages to go, when a burst writes pages `first`..`last`. Fewer than `count` when the rest is pinned."""
        self.edge = min(first, last + 1 - self.pins.last)
        gone: list[int] = []

        def evict() -> None:
            gone.append(self.policy.victim())
            self.leave(gone[-1])

        for page in present:
            if page not in self.admitted and self.pins.first <= page < self.edge:
                if len(self.admitted) == self.limit:  # the window was made smaller
                    evict()
                self.policy.admit(page)
                self.admitted[page] = None
        while len(gone) < count and self.admitted:
            evict()
        self.counters.evictions += len(gone)
        return gone

    def leave(self, page: int) -> None:
        """The page is not in RAM any more."""
        if page in self.admitted:
            self.policy.remove(page)
            del self.admitted[page]
        self.prefetched.pop(page, None)
        self.left[page] = self.now

    def cut(self, keep: int) -> None:
        """Pages from `keep` on do not exist any more."""
        for page in [p for p in self.admitted if p >= keep]:
            self.leave(page)
        for page in [p for p in self.digests if p >= keep]:
            del self.digests[page]
        self.left.clear()
        self.wanted = tuple(p for p in self.wanted if p < keep)

    def callers(self, absent: Sequence[int]) -> list[tuple[int, bool]]:
        """The pages to bring back now: as prefetch (True) the neighbours of those that just came and got attention, for what
        matters begins and ends in the middle of pages; then those called for, most wanted first.

        At least half of the frames are left to what is there.
        """
        most = max(1, self.managed // 2)
        near = [p for p in self._neighbours() if p in absent][: min(MAX_PREFETCHED, most)]
        come = dict.fromkeys(near, True) | {p: False for p in self.wanted if p in absent and p not in near}
        self.wanted = self.proven = ()
        return list(come.items())[:most]

    def _neighbours(self) -> list[int]:
        """Absent pages beside those that just came and got attention."""
        return [p for proven in self.proven for p in (proven + 1, proven - 1) if p in self.digests]

    def came(self, page: int, ahead: bool) -> None:
        """A page is back in RAM."""
        self.arrived = (*self.arrived, page)
        self.digests.pop(page, None)
        if ahead:
            self.counters.prefetches += 1
            self.prefetched[page] = None
        else:
            self.counters.faults += 1

    # -- after a burst ----------------------------------------------------------------------------------------------

    def restart(self, pos: int, wanted: Sequence[int], layers: Sequence[int], most: int) -> bool:
        """Did the token at `pos` fault? Then it is run again, once its pages are there; at most so many times.

        Who left for it is not called back for it: each time others are tried, and those that got the most attention stay.
        """
        self.now = pos
        called = [self.listed[i] for i in wanted]
        self.asked = dict(zip(called, layers, strict=False))
        self.wanted = tuple(page for page in called if self.left.get(page) != pos)
        again = self.restarted[1] if self.restarted[0] == pos else 0
        if not (self.wanted or self._neighbours()) or again >= most:
            return False
        self.restarted = (pos, again + 1)
        self.counters.restarts += 1
        return True

    def accessed(self, masses: Mapping[int, int]) -> list[int]:
        """Set the accessed bits: pages with more than a threshold of a burst's attention were referenced."""
        self.counters.bursts += 1
        hot = hot_pages(masses)
        for page in hot:
            if page in self.admitted and not self.recalls:
                self.policy.touch(page)
            if page in self.prefetched:
                del self.prefetched[page]
                self.counters.prefetch_hits += 1
        if isinstance(self.policy, Attention):
            self.policy.attend({page: mass for page, mass in masses.items() if page < self.edge})
        self.proven, self.arrived = tuple(page for page in self.arrived if page in hot), ()
        return hot


def hot_pages(masses: Mapping[int, int]) -> list[int]:
    return [page for page, mass in masses.items() if mass >= ACCESSED]


def build(limit: int, name: str, pins: tuple[int, int] = (1, 2)) -> WorkingSet | None:
    """None for no limit. Raises BadCall."""
    return WorkingSet(limit, name, Pins(*pins)) if limit else None
