"""Who said it: the label that every span of tokens, page and value carries.

Knows: rings, readers, origins, their join, and who may learn what. Does not know: which call is being judged (the monitor
does that). Labels form a lattice: `join` only ever goes up, so what depends on two things is at least as suspect and at
least as secret as either.
"""

from __future__ import annotations

from collections.abc import Iterable
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
NOBODY = "nobody"  # the only reader of what nobody but the person at the machine may read
UNKNOWN = Label(Ring.DATA, (NOBODY,), ("unknown",))
"""What came without a label: as suspect and as secret as can be."""

CLEAN = ("calc", "clock", "console", "kernel", "python")
"""Origins that bring nothing of their own: devices whose result is a function of their arguments, whose labels it keeps."""


def data(origin: str) -> Label:
    """The label of something a device brought in from outside."""
    return Label(Ring.DATA, (), (origin or "unknown",))


def join(a: Label, b: Label) -> Label:
    """The label of what depends on both: least trusted ring, fewest readers, all origins.

    Beside data, where trusted words came from does not matter any more: it would make a sum of the person's look untrusted.
    """
    if a == b:
        return a
    readers = b.readers if not a.readers else a.readers if not b.readers else _common(a.readers, b.readers)
    if (a.ring < 3) != (b.ring < 3):
        origin = _origin(a if b.ring < 3 else b)
    else:
        origin = a.origin if a.origin == b.origin else tuple(sorted({*_origin(a), *_origin(b)}))
    return Label(max(a.ring, b.ring), readers, origin)


def join_all(labels: Iterable[Label]) -> Label:
    """The join of all; KERNEL, the bottom, for none."""
    joined = KERNEL
    for label in labels:
        joined = join(joined, label)
    return joined


def _origin(label: Label) -> tuple[str, ...]:
    """Data without an origin must not pass for clean once it is joined with something that has one."""
    return label.origin or (("unknown",) if label.ring >= Ring.DATA else ())


def _common(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(a) & set(b))) or (NOBODY,)


def tainted(label: Label) -> bool:
    """Could somebody outside have chosen these words? Data of any origin but the clean ones."""
    if label.ring < 3:
        return False
    for origin in label.origin:
        if origin not in CLEAN:
            return True
    return not label.origin


def private(label: Label) -> bool:
    """Not everybody may read it."""
    return bool(label.readers)


def may_learn(label: Label, who: str) -> bool:
    """May `who` be told something with this label?"""
    return not label.readers or who in label.readers


def below(a: Label, b: Label) -> bool:
    """Is `a` at most as suspect and as secret as `b`: the order of the lattice."""
    return join(a, b) == join(b, b)
