"""Who said it: the label that every span of tokens, page and value carries.

Knows: rings, readers, origins and their join. Does not know: what is allowed to flow where (the monitor decides that).
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Ring(IntEnum):
    """Trust, most trusted first."""

    KERNEL = 0
    SYSTEM = 1
    USER = 2
    DATA = 3


class Label(NamedTuple):
    """`readers` empty means everybody may read; `origin` lists where it came from (sorted, no duplicates)."""

    ring: int = Ring.USER
    readers: tuple[str, ...] = ()
    origin: tuple[str, ...] = ()


KERNEL = Label(Ring.KERNEL)
SYSTEM = Label(Ring.SYSTEM)
USER = Label(Ring.USER)


def data(origin: str) -> Label:
    """The label of something a device brought in from outside."""
    return Label(Ring.DATA, (), (origin,))


def join(a: Label, b: Label) -> Label:
    """The label of what depends on both: least trusted ring, fewest readers, all origins."""
    if a == b:
        return a
    readers = b.readers if not a.readers else a.readers if not b.readers else _common(a.readers, b.readers)
    return Label(max(a.ring, b.ring), readers, tuple(sorted({*a.origin, *b.origin})))


def _common(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(a) & set(b))) or ("nobody",)
