"""An address space: the context of one process, in tokens and pages.

Knows: token ids, who said them, their labels, and where each page is: in a frame, in a slot of the page file, in both, or
nowhere. Does not know: who else maps a frame (`memory.py`), which pages should be where (`pager.py`).

A virtual address is a token position. Page i holds positions i*page .. i*page + page - 1. Its entry `frames[i]` is a frame or
ABSENT; `slots[i]` is its copy in the page file, and a page without one is dirty. The first `resident` tokens have keys and
values; the others must be fed. So to preempt a process by recompute is to drop its pages and set `resident` to 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from .labels import KERNEL, Label, join, private, tainted

if TYPE_CHECKING:
    from .workingset import WorkingSet

MODEL = ord("m")
ABSENT = 0
"""The table entry of a page that is not in RAM: nobody may map frame 0."""


class Moved(NamedTuple):
    """A stretch of context that was moved out to the retrieval disk, with what it takes to undo that."""

    number: int
    at: int  # where its pointer stands
    length: int  # tokens of the pointer
    title: str  # of the document on the disk
    label: Label
    tokens: tuple[int, ...]
    who: bytes
    spans: tuple[tuple[int, Label], ...]  # positions counted from the stretch's beginning
    text: str


class Mapped(NamedTuple):
    """A document whose pages are computed when they are first needed (`mapping.py`)."""

    title: str
    first: int  # page
    pages: int


class AddressSpace:
    """Owned by one process; mutated by the kernel."""

    __slots__ = (
        "adapter",
        "chain",
        "domain",
        "frames",
        "handles",
        "hidden",
        "keep",
        "leaving",
        "lossy",
        "maps",
        "moved",
        "needed",
        "pressed",
        "resident",
        "slot",
        "slots",
        "spans",
        "tail",
        "tokens",
        "trace",
        "undone",
        "who",
        "work",
    )

    def __init__(self, domain: bytes = b"", work: WorkingSet | None = None, trace: bool = False) -> None:
        self.tokens: list[int] = []
        self.who = bytearray()  # the author of each token: m model, K kernel or program, u person, d device
        self.spans: list[tuple[int, Label]] = []  # (first position, label), in order
        self.frames: tuple[int, ...] = ()
        self.slots: dict[int, int] = {}  # page -> its slot in the page file
        self.resident = 0
        self.lossy: int | None = None  # from here on computed while pages were absent; None = all exact
        self.work = work  # None: all pages are in RAM when it runs (exact mode)
        self.trace: list[int] | None = [] if trace else None  # the reference string: pages that got attention
        self.maps: tuple[Mapped, ...] = ()
        self.needed: tuple[int, ...] = ()  # pages of these that were needed so far, in order
        self.moved: list[Moved] = []  # what is on the retrieval disk instead, oldest first
        self.keep = (0, 0)  # where the newest question begins, and where the prompt of the thought ends: never moved
        self.leaving: Moved | None = None  # on its way to the disk
        self.undone = 0  # stretches that were put back
        self.pressed = 0  # tokens below which compaction need not be tried again
        self.tail: Label = KERNEL  # the join of everything in it: the label of what the model writes next
        self.slot = 0  # pages of one slot for words from outside; 0 = no planner, all words are in the open
        self.hidden: tuple[int, ...] = ()  # the first page of each slot: this stream's own tokens don't attend to them
        self.handles: tuple[tuple[str, Label], ...] = ()  # the words of each, whole
        self.domain = domain  # pages are shared only inside one domain
        self.adapter = 0  # the set of weights that its keys and values are computed with
        self.chain: list[bytes] = []  # chained hash of each published or adopted page

    def append(self, ids: Iterable[int], label: Label, who: str) -> None:
        """Add tokens at the end; they have no keys and values yet."""
        if not self.spans or self.spans[-1][1] != label:
            self.spans.append((len(self.tokens), label))
        self.tail = join(self.tail, label)
        before = len(self.tokens)
        self.tokens.extend(ids)
        self.who.extend(who.encode() * (len(self.tokens) - before))

    def write(self, token: int) -> None:
        """Add one token that the model sampled: its label is the join of all it could see."""
        if self.spans[-1][1] != self.tail:
            self.spans.append((len(self.tokens), self.tail))
        self.tokens.append(token)
        self.who.append(MODEL)

    def label_of(self, first: int, last: int) -> Label:
        """The join of the labels of positions first..last."""
        found: Label | None = None
        for i, (start, label) in enumerate(self.spans):
            end = self.spans[i + 1][0] if i + 1 < len(self.spans) else len(self.tokens)
            if start <= last and end > first:
                found = label if found is None else join(found, label)
        return found or Label()

    def put(self, i: int, frame: int) -> None:
        """Page i is in `frame` now, or ABSENT."""
        frames = list(self.frames)
        frames[i] = frame
        self.frames = tuple(frames)

    def table(self, page: int, at: int = 0) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """What the CPU gets to run the token at position `at`: the frames of pages in RAM, and the first position in each.

        A planner's slots are left out, but for tokens that are in one themselves.
        """
        if ABSENT not in self.frames and not self.hidden:
            return self.frames, starts(len(self.frames), page)
        veiled = () if self.in_slot(at // page) else self.hidden
        there = [(f, i * page) for i, f in enumerate(self.frames) if f != ABSENT and not _within(i, veiled, self.slot)]
        return tuple(f for f, _ in there), tuple(start for _, start in there)

    def in_slot(self, i: int) -> bool:
        """Is page i in one of a planner's slots?"""
        return _within(i, self.hidden, self.slot)

    def missing(self) -> list[int]:
        """Pages of this space that were in RAM and are not now."""
        return [i for i, frame in enumerate(self.frames) if frame == ABSENT and not self.unread(i)]

    def unread(self, i: int) -> bool:
        """Is absent page i one of a mapped document that has no keys and values yet?"""
        return i not in self.slots and any(m.first <= i < m.first + m.pages for m in self.maps)

    def held(self) -> int:
        """Frames it maps."""
        return len(self.frames) - self.frames.count(ABSENT)

    def copy(self) -> AddressSpace:
        """The same context over the same pages; the caller counts the references."""
        child = AddressSpace(self.domain, self.work.copy() if self.work else None)
        child.tokens, child.who = self.tokens.copy(), self.who.copy()
        child.spans, child.chain, child.tail = self.spans.copy(), self.chain.copy(), self.tail
        child.frames, child.resident, child.lossy = self.frames, self.resident, self.lossy
        child.slots, child.moved, child.undone = self.slots.copy(), self.moved.copy(), self.undone
        child.maps, child.needed = self.maps, self.needed
        child.keep, child.slot, child.hidden, child.handles = self.keep, self.slot, self.hidden, self.handles
        child.adapter, child.trace = self.adapter, None if self.trace is None else []
        return child

    def check(self, page: int) -> None:
        """The laws of one table; AssertionError names the one that is broken."""
        there = [f for f in self.frames if f != ABSENT]
        assert self.resident <= len(self.tokens), "more resident tokens than tokens"
        assert self.resident <= len(self.frames) * page, "resident tokens without a page"
        assert len(self.who) == len(self.tokens), "a token without an author"
        assert len(set(there)) == len(there), "one frame twice in a table"
        if self.slot:
            self._check_slots(page)
        assert all(i < len(self.frames) for i in self.slots), "a slot of a page that does not exist"
        if self.work is None:
            assert all(i in self.slots for i in self.missing()), "a page is neither in RAM nor in the page file"

    def _check_slots(self, page: int) -> None:
        """A planner's law: words from outside are in slots, and nothing but the slots has them."""
        assert _open(self.tail), "a planner's own words depend on words from outside"
        for i, (start, label) in enumerate(self.spans):
            end = self.spans[i + 1][0] if i + 1 < len(self.spans) else len(self.tokens)
            if not _open(label):
                inside = all(self.in_slot(n) for n in range(start // page, -(-end // page)))
                assert inside, "words from outside lie in a planner's open pages"


def _open(label: Label) -> bool:
    """May a planner's own tokens attend to it?"""
    return not tainted(label) and not private(label)


def _within(i: int, slots: tuple[int, ...], size: int) -> bool:
    return any(first <= i < first + size for first in slots)


@lru_cache(maxsize=1024)
def starts(pages: int, page: int) -> tuple[int, ...]:
    """The first position of each page, when none is away."""
    return tuple(range(0, pages * page, page))
