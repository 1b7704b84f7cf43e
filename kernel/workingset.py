"""A working set: the pages that a process may keep in RAM when it has fewer frames than pages.

Knows: page numbers, a replacement policy, which pages are pinned, the digests of those that left, counters. Does not know:
frames, slots, the CPU (`pager.py` moves pages). After Denning (1968); the recall of absent pages after Quest and InfLLM (2024).

Pinned pages are not the policy's: page 0, where attention that has nowhere to go collects, and the last ones, where the process
writes. A page becomes the policy's when it is no longer among the last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from .errors import BadCall
from .limits import ACCESSED
from .replacement import REPLACEMENTS, Attention, Replacement


@dataclass(frozen=True, slots=True)
class Pins:
    first: int = 1  # pages at the beginning
    last: int = 2  # pages at the end


@dataclass(slots=True)
class Counters:
    """What a working set did."""

    bursts: int = 0
    faults: int = 0  # absent pages that were called back, and the burst was run again
    restarts: int = 0  # bursts that were run again
    evictions: int = 0
    prefetches: int = 0  # pages brought back for the next burst, because the last one would have wanted them
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
    digests: dict[int, bytes] = field(default_factory=dict)  # of full pages, when the policy calls absent ones back
    listed: tuple[int, ...] = ()  # the pages of the last burst, as the CPU saw them: those in RAM, then the absent ones
    wanted: tuple[int, ...] = ()  # absent pages that the last burst called for, most wanted first
    asked: dict[int, int] = field(default_factory=dict)  # page -> the layer that wants it most
    ahead: bool = False  # are these for the next burst, and not for the same one again?
    prefetched: dict[int, None] = field(default_factory=dict)
    restarted: tuple[int, int] = (-1, 0)  # position run again, and how often
    edge: int = 0  # from this page on they are pinned: written now, or among the last
    counters: Counters = field(default_factory=Counters)

    def __post_init__(self) -> None:
        if self.name not in REPLACEMENTS:
            raise BadCall(f"no replacement policy {self.name!r}; there are {', '.join(REPLACEMENTS)}")
        if self.limit < self.least:
            raise BadCall(f"a working set of {self.limit} frames; with its pins it needs {self.least}")
        self.policy = REPLACEMENTS[self.name](self.limit)

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        """What goes into a snapshot: which pages left digests. Their bytes are the CPU's; a replay is not given them."""
        state = {f.name: getattr(self, f.name) for f in fields(self)}
        return None, state | {"digests": dict.fromkeys(self.digests, b"")}

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
        return replace(self, admitted={}, digests=self.digests.copy(), prefetched={}, counters=Counters())

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

    def cut(self, keep: int) -> None:
        """Pages from `keep` on do not exist any more."""
        for page in [p for p in self.admitted if p >= keep]:
            self.leave(page)
        for page in [p for p in self.digests if p >= keep]:
            del self.digests[page]
        self.wanted = tuple(p for p in self.wanted if p < keep)

    def callers(self, absent: Sequence[int]) -> list[tuple[int, bool]]:
        """The pages to bring back now, most wanted first, and whether that is a prefetch."""
        come = [(page, self.ahead) for page in self.wanted if page in absent]
        self.wanted = ()
        return come[: self.managed]

    def came(self, page: int, ahead: bool) -> None:
        """A page is back in RAM."""
        if ahead:
            self.counters.prefetches += 1
            self.prefetched[page] = None
        else:
            self.counters.faults += 1

    # -- after a burst ----------------------------------------------------------------------------------------------

    def restart(self, pos: int, most: int) -> bool:
        """Did the burst at `pos` fault? Then it is run again, once its pages are there; at most so many times."""
        again = self.restarted[1] if self.restarted[0] == pos else 0
        self.ahead = not self.wanted or again >= most
        if self.ahead:
            return False
        self.restarted = (pos, again + 1)
        self.counters.restarts += 1
        return True

    def weigh(self, worth: Mapping[int, int], away: Sequence[int]) -> None:
        """What each page was worth to the last burst, and which of them were absent.

        The best absent page is held against the worst that could go, the second against the second worst, and so on.
        """
        absent = sorted(away, key=lambda page: -worth[page])
        here = sorted(worth[page] for page in worth if page not in away and self.pins.first <= page < self.edge)
        pairs = zip(absent, here, strict=False)
        self.wanted = tuple(page for page, least in pairs if worth[page] > least)
        if isinstance(self.policy, Attention):
            self.policy.attend(worth)

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
        return hot


def hot_pages(masses: Mapping[int, int]) -> list[int]:
    return [page for page, mass in masses.items() if mass >= ACCESSED]


def build(limit: int, name: str, pins: tuple[int, int] = (1, 2)) -> WorkingSet | None:
    """None for no limit. Raises BadCall."""
    return WorkingSet(limit, name, Pins(*pins)) if limit else None
