"""RAM: the frames of the KV pool, who maps them, and which can be shared.

Knows: frame numbers, slots of the page file, reference counts, token ids, chained page hashes. Does not know: what is in a
frame (the CPU does), processes, scheduling, who has to go (`pager.py`). Read next: `space.py`.

Every frame but TRASH is mapped, cached (published, mapped by nobody) or free; a pinned one is a mapped one that its owner's
working set does not give up.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

from .cpu import TRASH
from .labels import Label, private
from .space import ABSENT, AddressSpace
from .swap import Slots


class NoFrames(Exception):
    """`needed` more frames than are free or cached; nothing was changed."""

    def __init__(self, needed: int) -> None:
        super().__init__(f"{needed} more frames needed")
        self.needed = needed


class Memory:
    """The frame allocator. Sole owner of reference counts, the free list and the table of shareable pages."""

    def __init__(self, frames: int, page: int, slots: int = 0) -> None:
        self.page = page
        self.slots = Slots(slots)
        self.total = frames - 1  # frame 0 is TRASH
        self.refs = [0] * frames
        self.free = list(range(frames - 1, TRASH, -1))  # a stack: the lowest number goes out first
        self.published: dict[bytes, int] = {}
        self.name_of: list[bytes | None] = [None] * frames
        self.cached: dict[int, None] = {}  # published frames that nobody maps, oldest first
        self.stale: dict[int, None] = {}  # frames that hold what is nobody's any more, until the kernel has wiped them
        self.copies = 0

    # -- frames ---------------------------------------------------------------------------------------------------

    def available(self) -> int:
        return len(self.free) + len(self.cached)

    def _allocate(self) -> int:
        if self.free:
            frame = self.free.pop()
        else:
            frame = next(iter(self.cached))
            del self.cached[frame]
            self._unpublish(frame)
            self.stale[frame] = None
        self.refs[frame] = 1
        return frame

    def _map(self, frame: int) -> None:
        self.cached.pop(frame, None)
        self.refs[frame] += 1

    def _release(self, frame: int) -> None:
        self.refs[frame] -= 1
        if self.refs[frame] == 0:
            if self.name_of[frame] is None:
                self.free.append(frame)
                self.stale[frame] = None
            else:
                self.cached[frame] = None

    def filled(self, frame: int) -> None:
        """A whole page was written over what the frame held."""
        self.stale.pop(frame, None)

    def _unpublish(self, frame: int) -> None:
        name = self.name_of[frame]
        if name is not None:
            del self.published[name]
            self.name_of[frame] = None

    # -- address spaces -------------------------------------------------------------------------------------------

    def reserve(self, space: AddressSpace, count: int) -> list[tuple[int, int]]:
        """Make the pages of the next `count` tokens exist and be private. Returns (source, target) frames to copy.

        The only place where copy-on-write happens. The page of the next token is in RAM (the pager has seen to that).
        Raises NoFrames before changing anything.
        """
        page, have = self.page, len(space.frames)
        want = -(-(space.resident + count) // page)
        tail = space.resident // page
        split = tail < have and self.refs[space.frames[tail]] > 1
        needed = want - have + split
        self._forget_copies(space, tail, want)
        if needed <= 0:
            return []
        if self.available() < needed:
            raise NoFrames(needed - self.available())
        frames, pairs = list(space.frames), []
        if split:
            pairs.append((frames[tail], self._allocate()))
            self.filled(pairs[0][1])
            self._release(frames[tail])
            frames[tail] = pairs[0][1]
            self.copies += 1
        frames.extend(self._allocate() for _ in range(want - have))
        space.frames = tuple(frames)
        return pairs

    def _forget_copies(self, space: AddressSpace, first: int, end: int) -> None:
        """These pages are about to be written: what the page file has of them is out of date."""
        for i in range(first, end):
            if i in space.slots:
                self.slots.release(space.slots.pop(i))

    def take(self, space: AddressSpace, i: int) -> int:
        """A frame for an absent page, which its owner fills. Raises NoFrames."""
        assert space.frames[i] == ABSENT, f"page {i} is in RAM already"
        if not self.available():
            raise NoFrames(1)
        frame = self._allocate()
        space.put(i, frame)
        return frame

    def find(self, space: AddressSpace, i: int) -> bool:
        """Map an absent page that is still published: what left for the page file may not have been overwritten yet."""
        frame = self.published.get(space.chain[i]) if i < len(space.chain) else None
        if frame is None:
            return False
        self._map(frame)
        space.put(i, frame)
        return True

    def give_up(self, space: AddressSpace, i: int) -> None:
        """A page leaves RAM; its copy in the page file, if there is one, stays."""
        frame = space.frames[i]
        space.put(i, ABSENT)
        self._release(frame)

    def adopt(self, space: AddressSpace) -> int:
        """Map published frames that hold this space's own prefix. Returns the tokens saved.

        At least one token is always left to feed: a thought needs a last query.
        """
        frames: list[int] = []
        chain: list[bytes] = []
        for i in range((len(space.tokens) - 1) // self.page):
            name = self._hash(space, i, chain)
            frame = self.published.get(name)
            if frame is None:
                break
            self._map(frame)
            frames.append(frame)
            chain.append(name)
        space.frames = tuple(frames)
        space.chain = chain
        space.resident = len(frames) * self.page
        return space.resident

    def publish(self, space: AddressSpace) -> None:
        """Offer every full, retired, exact page for sharing. The first copy of a page wins.

        From the first page on that not everybody may read, none is offered: what came after it was computed from it, and
        that an equal page is found at once would tell others what it holds. A fork still maps them: it has the same labels.
        """
        exact = space.resident if space.lossy is None else min(space.resident, space.lossy)
        for i in range(len(space.chain), exact // self.page):
            frame = space.frames[i]
            if frame == ABSENT:
                return
            if private(space.label_of(i * self.page, (i + 1) * self.page - 1)):
                return
            name = self._hash(space, i, space.chain)
            space.chain.append(name)
            if name not in self.published and self.name_of[frame] is None:
                self.published[name] = frame
                self.name_of[frame] = name

    def _hash(self, space: AddressSpace, i: int, chain: list[bytes]) -> bytes:
        """The page's tokens, their labels, all before it, what of that it could not see, and the set of weights. Equal names,
        equal pages."""
        ids = array("q", space.tokens[i * self.page : (i + 1) * self.page]).tobytes()
        label = _written(space.label_of(i * self.page, (i + 1) * self.page - 1))
        unseen = [first for first in space.hidden if first < i] if space.hidden and not space.in_slot(i) else []
        blind = repr((unseen, space.slot)).encode() if unseen else b""
        root = space.domain + (b"adapter %d" % space.adapter if space.adapter else b"")
        return blake2b((chain[i - 1] if i else root) + ids + label + blind, digest_size=16).digest()

    def fork(self, parent: AddressSpace) -> AddressSpace:
        """A copy of the context that maps the same frames; nothing is copied until somebody writes."""
        child = parent.copy()
        for frame in child.frames:
            if frame != ABSENT:
                self._map(frame)
        for slot in child.slots.values():
            self.slots.share(slot)
        return child

    def drop(self, space: AddressSpace) -> None:
        """Give all frames and slots back. The tokens stay: they can be fed again."""
        self.cut(space, 0)

    def cut(self, space: AddressSpace, keep: int) -> None:
        """Give back all pages from `keep` on: what they hold is to be computed again."""
        for frame in reversed(space.frames[keep:]):
            if frame != ABSENT:
                self._release(frame)
        for i in [i for i in space.slots if i >= keep]:
            self.slots.release(space.slots.pop(i))
        space.frames, space.chain = space.frames[:keep], space.chain[:keep]
        space.resident = min(space.resident, keep * self.page)
        if space.lossy is not None and space.lossy >= space.resident:
            space.lossy = None
        if space.work is not None:
            space.work.cut(keep)

    def shared(self, space: AddressSpace) -> int:
        return sum(self.refs[f] > 1 for f in space.frames)

    def check(self, spaces: Iterable[AddressSpace]) -> None:
        """The laws of the allocator; AssertionError names the one that is broken."""
        spaces = list(spaces)
        counted = [0] * len(self.refs)
        for space in spaces:
            space.check(self.page)
            for frame in space.frames:
                counted[frame] += frame != ABSENT
        assert counted == self.refs, "reference counts differ from table entries"
        mapped = sum(n > 0 for n in counted)
        assert mapped + len(self.free) + len(self.cached) == self.total, "frames were lost or doubled"
        assert not set(self.free) & set(self.cached), "a frame is both free and cached"
        assert all(self.refs[f] == 0 for f in [*self.free, *self.cached]), "a free frame is mapped"
        assert {f for f, n in enumerate(self.name_of) if n} == set(self.published.values()), "names out of step"
        self.slots.check(slot for space in spaces for slot in space.slots.values())


@lru_cache(maxsize=256)
def _written(label: Label) -> bytes:
    """A label as it stands in a page's name."""
    return repr(tuple(label)).encode("utf-8", "surrogatepass")


__all__ = ["ABSENT", "AddressSpace", "Memory", "NoFrames"]
