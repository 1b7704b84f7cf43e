"""The audit: one line for every decision, each sealed with a hash over itself and the seal before it.

Knows: how lines are chained and checked. Does not know: files (`llmos/audit.py`), who decides. A line changed, removed or
moved breaks the chain from there on; the *head*, a count and the last seal kept elsewhere, shows a cut at the end.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

ROOT = "0" * 64
KEEP = 10_000  # records that nobody took
WIDTH = 64  # characters of a seal


class Entry(NamedTuple):
    """One decision and what it rests on. All plain. `causes` are (first, last, ring, origin, text) of spans."""

    number: int
    tick: int
    pid: int
    program: str
    by: str
    device: str
    args: str
    label: tuple[Any, ...]
    verdict: str
    rule: str
    why: str
    call: tuple[int, int] = (-1, -1)  # positions of the tokens that wrote it; -1 for a program's
    causes: tuple[tuple[Any, ...], ...] = ()

    def line(self) -> str:
        return json.dumps(self, ensure_ascii=True, separators=(",", ":"))


def seal(before: str, body: str) -> str:
    return sha256((before + body).encode()).hexdigest()


def read(body: str) -> Entry:
    """The entry of a line. Raises ValueError."""
    raw = json.loads(body)
    if not isinstance(raw, list) or len(raw) != len(Entry._fields):
        raise ValueError("not an audit record")
    return Entry(*raw)


def verify(lines: Iterable[str], head: tuple[int, str] | None = None) -> tuple[int, str, str]:
    """(lines that hold, the last seal, what is wrong or ""). A line is its seal, a space, its body."""
    last, count, hash_ = ROOT, 0, sha256
    for line in lines:
        sealed = line[:WIDTH]
        if (
            line[WIDTH : WIDTH + 1] != " "
            or hash_((last + line[WIDTH + 1 :].rstrip("\n")).encode()).hexdigest() != sealed
        ):
            return count, last, f"record {count + 1} was changed, or one before it was removed or moved"
        last = sealed
        count += 1
    if head is not None and head != (count, last):
        return count, last, f"the head says {head[0]} records, here are {count}: some were removed or added at the end"
    return count, last, ""


@dataclass(slots=True)
class Chain:
    """The records of this machine since it was booted that were not taken yet, and the last seal."""

    last: str = ROOT
    number: int = 0
    fresh: list[str] = field(default_factory=list)  # on its way out like an event: no part of the machine's state

    def __getstate__(self) -> tuple[str, int]:
        return self.last, self.number

    def __setstate__(self, state: tuple[str, int]) -> None:
        (self.last, self.number), self.fresh = state, []

    def add(self, entry: Entry) -> str:
        """Seal an entry; its line."""
        body = entry.line()
        self.last = seal(self.last, body)
        self.number += 1
        line = f"{self.last} {body}"
        self.fresh.append(line)
        if len(self.fresh) > KEEP:
            del self.fresh[0]
        return line

    def take(self) -> list[str]:
        taken, self.fresh = self.fresh, []
        return taken
