"""Which words of an answer rest on what, for the console: the model's text cut where its ground changes.

Knows: what each process was asked, what devices told it, and what it said since it began to think. Does not know: how
support is reckoned (`grounding.py`), how it is drawn. An answer is judged when it is whole, and only if its process could call.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from .grounding import Source, Word, ground, spans
from .status import DREAMED, Run

KEPT = 2_000  # results that an answer may still rest on


class Said(NamedTuple):
    """A stretch of the console's text, and when it was written."""

    tick: int
    run: Run


class Grounds:
    """What processes were asked and told, with ticks. Owned by one story."""

    def __init__(self) -> None:
        self._asked: dict[int, str] = {}
        self._began: dict[int, int] = {}
        self._told: deque[tuple[int, int, Source]] = deque(maxlen=KEPT)

    def asked(self, pid: int, question: str) -> None:
        self._asked[pid] = question

    def began(self, pid: int, tick: int) -> None:
        self._began[pid] = tick

    def told(self, pid: int, tick: int, origin: str, result: str) -> None:
        self._told.append((tick, pid, Source(origin, result)))

    def cut(self, tick: int) -> Grounds:
        """As it was before `tick`."""
        new = Grounds()
        new._asked |= self._asked
        new._began |= self._began
        new._told.extend(entry for entry in self._told if entry[0] < tick)
        return new

    def judge(self, pid: int, out: deque[Said]) -> None:
        """The thought of `pid` is over: mark what it said on the console since it began."""
        first, later = self._began.pop(pid, -1), []
        while first >= 0 and out and out[-1].tick >= first:
            later.append(out.pop())
        later.reverse()
        mine = [said.run.text for said in later if _by_model(said, pid)]
        sources = [source for _, who, source in self._told if who == pid]
        words = spans(ground("".join(mine), sources, self._asked.get(pid, "")))
        at = 0
        for said in later:
            if _by_model(said, pid):
                out.extend(Said(said.tick, run) for run in parted(said.run, at, words))
                at += len(said.run.text)
            else:
                out.append(said)


def _by_model(said: Said, pid: int) -> bool:
    return said.run.who == "m" and said.run.pid == pid


def parted(run: Run, at: int, words: Sequence[Word]) -> Iterator[Run]:
    """A run whose text stands at `at` of the answer, cut at the ends of the stretches that touch it."""
    here, end = at, at + len(run.text)
    for word in words:
        first, last = max(word.start, at), min(word.end, end)
        if first < last:
            if here < first:
                yield replace(run, text=run.text[here - at : first - at])
            yield replace(run, text=run.text[first - at : last - at], rests=word.source or DREAMED)
            here = last
    if here < end:
        yield replace(run, text=run.text[here - at :])
