"""The last search on the disk, as a person wants to see it: what was asked, which passages came, how well each fits.

Knows: events, and how the device heads its passages. Does not know: the disk. It tells only what the process was told, so that
a recording says the same; how the disk ranks passages is not in it, so a hit counts the words of the query that stand in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from llmos_kernel.ports import Event

from .status import Found

HEAD = re.compile(r"^\[(.+#\d+) of \d+\] ", re.M)
WORD = re.compile(r"\w+")
SHOWN = 100  # characters of a hit


def found(events: Iterable[Event]) -> Found | None:
    """The newest search among calls of the device and their results, newest first."""
    answers: dict[int, str] = {}
    for tick, kind, pid, _, text, *_ in events:
        if kind == "call":
            words, hits = _hits(str(text), answers.get(pid, ""))
            return Found(tick, pid, str(text), words, hits, pid in answers)
        answers[pid] = str(text)
    return None


@lru_cache(64)
def _hits(query: str, answer: str) -> tuple[int, tuple[tuple[str, int, str], ...]]:
    """How many words were asked, and the passages of an answer."""
    asked = set(WORD.findall(query.lower()))
    _, *parts = HEAD.split(answer)
    return len(asked), tuple(
        (place, len(asked & set(WORD.findall(f"{place} {text}".lower()))), " ".join(text.split())[:SHOWN])
        for place, text in zip(parts[::2], parts[1::2], strict=True)
    )
