"""What was written into the contexts of one world, token by token, and where another world first wrote something else.

Knows: contexts as they are after each tick, whoever wrote there, printed or not. Does not know: rooms, how it is drawn. A
context that became shorter, since some of it was moved to the disk, is followed from its new end on, in every world alike.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from llmos_kernel.kernel import Kernel
from llmos_kernel.process import State
from llmos_kernel.view import TokenView

from .status import Parted, Wrote


class Stream:
    """All that was written into one context, 24 bytes a token."""

    def __init__(self, ticks: array[int], places: array[int], said: array[int]) -> None:
        self.ticks, self.places = ticks, places
        self.said = said  # id * 256 + author

    def before(self, tick: int) -> int:
        """How many were written before a tick."""
        return bisect_left(self.ticks, tick)

    def cut(self, n: int) -> Stream:
        return Stream(self.ticks[:n], self.places[:n], self.said[:n])


class Streams:
    """The streams of all processes of one world, the ended ones too. Owned by the room's thread."""

    def __init__(self) -> None:
        self._of: dict[int, Stream] = {}
        self._lengths: dict[int, int] = {}  # of the contexts, when they were looked at last

    def watch(self, kernel: Kernel) -> None:
        """Take what the last tick wrote."""
        for pid, process in kernel.processes.items():
            space, known = process.space, self._lengths.get(pid, 0)
            length = self._lengths[pid] = len(space.tokens)
            if length > known:
                stream = self._of.setdefault(pid, Stream(array("q"), array("q"), array("q")))
                stream.ticks.extend([kernel.tick - 1] * (length - known))
                stream.places.extend(range(known, length))
                pairs = zip(space.tokens[known:], space.who[known:], strict=True)
                stream.said.extend(token << 8 | who for token, who in pairs)

    def cut(self, tick: int, kernel: Kernel) -> Streams:
        """As they were before `tick`, when the machine was this one."""
        new = Streams()
        new._of = {pid: stream.cut(stream.before(tick)) for pid, stream in self._of.items()}
        new._lengths = {pid: len(process.space.tokens) for pid, process in kernel.processes.items()}
        return new

    def parted(self, here: Kernel, other: Streams, there: Kernel) -> Parted | None:
        """The first token that differs, of the machines as they are looked at."""
        found = self._differences(here, other, there)
        return min(found, key=lambda one: min(w.tick for w in (one.here, one.there) if w.token), default=None)

    def _differences(self, here: Kernel, other: Streams, there: Kernel) -> Iterator[Parted]:
        nothing = Stream(array("q"), array("q"), array("q"))
        for pid in sorted({*self._of, *other._of}):
            mine, theirs = self._of.get(pid, nothing), other._of.get(pid, nothing)
            counts = mine.before(here.tick), theirs.before(there.tick)
            n = _same(mine.said, theirs.said, min(counts))
            if n == min(counts) and (counts[0] == counts[1] or not _over((here, there)[counts[0] > counts[1]], pid)):
                continue  # one goes on where the other may still go on, too
            yield Parted(pid, _wrote(here, mine, n, counts[0]), _wrote(there, theirs, n, counts[1]))


def _same(one: array[int], other: array[int], most: int) -> int:
    """How many of the first `most` numbers are equal; whole stretches are compared at once."""
    a, b = (memoryview(numbers).cast("B") for numbers in (one, other))
    return bisect_right(range(1, most + 1), False, key=lambda n: a[: 8 * n] != b[: 8 * n])


def _over(kernel: Kernel, pid: int) -> bool:
    """Will it write no more?"""
    process = kernel.processes.get(pid)
    return pid < kernel.next_pid if process is None else process.state is State.ZOMBIE


def _wrote(kernel: Kernel, stream: Stream, n: int, count: int) -> Wrote:
    if n >= count:
        return Wrote(kernel.tick)
    token, who = divmod(stream.said[n], 256)
    piece, name = kernel.words.get(token, (b"", ""))
    view = TokenView(token, name or piece.decode("utf-8", "replace"), chr(who), bool(name))
    return Wrote(stream.ticks[n], stream.places[n], view)
