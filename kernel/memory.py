"""RAM: the frames of the KV pool, who maps them, and which can be shared.

Knows: frame numbers, reference counts, token ids, chained page hashes. Does not know: what is in a frame (the CPU does),
processes, scheduling. Read next: `process.py`.

A virtual address is a token position. Page i of an address space holds positions i*page .. i*page + page - 1 and sits in
frame `frames[i]`. The first `resident` tokens have their keys and values in frames; the others must be fed again. So to
preempt a process by recompute is to drop its frames and set `resident = 0`: nothing else changes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from hashlib import blake2b

from .cpu import TRASH
from .labels import KERNEL, Label, join


class NoFrames(Exception):
    """`needed` more frames than are free or cached; nothing was changed."""

    def __init__(self, needed: int) -> None:
        super().__init__(f"{needed} more frames needed")
        self.needed = needed


class AddressSpace:
    """One process's context: its tokens, who said them, and its block table. Owned by one process; mutated by the kernel."""

    __slots__ = ("chain", "domain", "frames", "resident", "spans", "starts", "tail", "tokens", "who")

    def __init__(self, domain: bytes = b"") -> None:
        self.tokens: list[int] = []
        self.who = bytearray()  # the author of each token: m model, K kernel or program, u person, d device
        self.spans: list[tuple[int, Label]] = []  # (first position, label), in order
        self.frames: tuple[int, ...] = ()
        self.starts: tuple[int, ...] = ()
        self.resident = 0
        self.tail: Label = KERNEL  # the join of everything in it: the label of what the model writes next
        self.domain = domain  # pages are shared only inside one domain
        self.chain: list[bytes] = []  # chained hash of each published or adopted page

    def append(self, ids: Iterable[int], label: Label, who: str) -> None:
        """Add tokens at the end; they have no keys and values yet."""
        if not self.spans or self.spans[-1][1] != label:
            self.spans.append((len(self.tokens), label))
        self.tail = join(self.tail, label)
        before = len(self.tokens)
        self.tokens.extend(ids)
        self.who.extend(who.encode() * (len(self.tokens) - before))

    def label_of(self, first: int, last: int) -> Label:
        """The join of the labels of positions first..last."""
        found: Label | None = None
        for i, (start, label) in enumerate(self.spans):
            end = self.spans[i + 1][0] if i + 1 < len(self.spans) else len(self.tokens)
            if start <= last and end > first:
                found = label if found is None else join(found, label)
        return found or Label()


class Memory:
    """The frame allocator. Sole owner of reference counts, the free list and the table of shareable pages."""

    def __init__(self, frames: int, page: int) -> None:
        self.page = page
        self.total = frames - 1  # frame 0 is TRASH
        self.refs = [0] * frames
        self.free = list(range(frames - 1, TRASH, -1))  # a stack: the lowest number goes out first
        self.published: dict[bytes, int] = {}
        self.name_of: list[bytes | None] = [None] * frames
        self.cached: dict[int, None] = {}  # published frames that nobody maps, oldest first
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
            else:
                self.cached[frame] = None

    def _unpublish(self, frame: int) -> None:
        name = self.name_of[frame]
        if name is not None:
            del self.published[name]
            self.name_of[frame] = None

    # -- address spaces -------------------------------------------------------------------------------------------

    def reserve(self, space: AddressSpace, count: int) -> list[tuple[int, int]]:
        """Make the pages of the next `count` tokens exist and be private. Returns (source, target) frames to copy.

        The only place where copy-on-write happens. Raises NoFrames before changing anything.
        """
        page, have = self.page, len(space.frames)
        want = -(-(space.resident + count) // page)
        tail = space.resident // page
        split = tail < have and self.refs[space.frames[tail]] > 1
        needed = want - have + split
        if needed <= 0:
            return []
        if self.available() < needed:
            raise NoFrames(needed - self.available())
        frames, pairs = list(space.frames), []
        if split:
            pairs.append((frames[tail], self._allocate()))
            self._release(frames[tail])
            frames[tail] = pairs[0][1]
            self.copies += 1
        frames.extend(self._allocate() for _ in range(want - have))
        self._set(space, frames)
        return pairs

    def _set(self, space: AddressSpace, frames: Iterable[int]) -> None:
        space.frames = tuple(frames)
        space.starts = tuple(range(0, len(space.frames) * self.page, self.page))

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
        self._set(space, frames)
        space.chain = chain
        space.resident = len(frames) * self.page
        return space.resident

    def publish(self, space: AddressSpace) -> None:
        """Offer every full, retired page for sharing. The first copy of a page wins."""
        for i in range(len(space.chain), space.resident // self.page):
            name = self._hash(space, i, space.chain)
            space.chain.append(name)
            frame = space.frames[i]
            if name not in self.published and self.name_of[frame] is None:
                self.published[name] = frame
                self.name_of[frame] = name

    def _hash(self, space: AddressSpace, i: int, chain: list[bytes]) -> bytes:
        ids = array("q", space.tokens[i * self.page : (i + 1) * self.page]).tobytes()
        return blake2b((chain[i - 1] if i else space.domain) + ids, digest_size=16).digest()

    def fork(self, parent: AddressSpace) -> AddressSpace:
        """A copy of the context that maps the same frames; nothing is copied until somebody writes."""
        child = AddressSpace(parent.domain)
        child.tokens, child.who = parent.tokens.copy(), parent.who.copy()
        child.spans, child.chain, child.tail = parent.spans.copy(), parent.chain.copy(), parent.tail
        child.frames, child.starts, child.resident = parent.frames, parent.starts, parent.resident
        for frame in child.frames:
            self._map(frame)
        return child

    def drop(self, space: AddressSpace) -> None:
        """Give all frames back. The tokens stay: they can be fed again."""
        for frame in reversed(space.frames):
            self._release(frame)
        space.frames, space.starts, space.resident, space.chain = (), (), 0, []

    def shared(self, space: AddressSpace) -> int:
        return sum(self.refs[f] > 1 for f in space.frames)

    def check(self, spaces: Iterable[AddressSpace]) -> None:
        """The laws of the allocator; AssertionError names the one that is broken."""
        counted = [0] * len(self.refs)
        for space in spaces:
            assert space.resident <= len(space.tokens), "more resident tokens than tokens"
            assert space.resident <= len(space.frames) * self.page, "resident tokens without a frame"
            assert len(space.who) == len(space.tokens), "a token without an author"
            assert len(set(space.frames)) == len(space.frames), "one frame twice in a table"
            for frame in space.frames:
                counted[frame] += 1
        assert counted == self.refs, "reference counts differ from table entries"
        assert counted[TRASH] == 0, "somebody maps the trash frame"
        mapped = sum(n > 0 for n in counted)
        assert mapped + len(self.free) + len(self.cached) == self.total, "frames were lost or doubled"
        assert not set(self.free) & set(self.cached), "a frame is both free and cached"
        assert all(self.refs[f] == 0 for f in [*self.free, *self.cached]), "a free frame is mapped"
        assert {f for f, n in enumerate(self.name_of) if n} == set(self.published.values()), "names out of step"
