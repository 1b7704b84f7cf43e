"""Breakpoints: words that stop the machine after the tick in which something happened.

Knows: kinds of event. Does not know: the machine; it is asked once a tick.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from llmos_kernel.ports import Event

KINDS: dict[str, tuple[str, ...]] = {
    "trap": ("trap",),
    "call": ("call",),
    "result": ("result",),
    "fault": ("fault",),
    "evict": ("evict",),
    "deny": ("denied", "refused"),
    "illegal": ("illegal",),
    "exit": ("exit",),
    "spawn": ("spawn",),
    "switch": ("switch",),
}
USAGE = f"break {'|'.join(KINDS)}, break token TEXT, break label RING, break tick N, break clear"
TAIL = 200  # characters of each process's stream that a token pattern may span


@dataclass(frozen=True, slots=True)
class Break:
    kind: str
    what: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.what}".strip()


class Breaks:
    """The breakpoints of one machine."""

    def __init__(self) -> None:
        self.all: list[Break] = []
        self._said: dict[int, str] = {}

    def add(self, kind: str, *rest: str) -> None:
        """Raises ValueError with the usage."""
        what = " ".join(rest)
        if kind == "clear" and not what:
            self.all.clear()
            return
        known = (
            (kind in KINDS and not what) or (kind in ("token", "label") and what) or (kind == "tick" and what.isdigit())
        )
        if not known:
            raise ValueError(USAGE)
        one = Break(kind, what)
        if one in self.all:
            self.all.remove(one)
        else:
            self.all.append(one)

    def hit(self, tick: int, events: Iterable[Event]) -> str:
        """Which breakpoint the tick before `tick` met, in words; "" = none."""
        if not self.all:
            return ""
        events = list(events)
        self._listen(events)
        for one in self.all:
            if one.kind == "tick" and tick == int(one.what):
                return f"tick {tick:,}"
            found = next((e for e in events if self._meets(one, e)), None)
            if found is not None:
                return f"{one} in tick {found[0]:,}, pid {found[2]}"
        return ""

    def _meets(self, one: Break, event: Event) -> bool:
        if one.kind == "token":
            return event[1] == "out" and self._new(one.what, int(event[2]), str(event[4]))
        if one.kind == "label":
            return event[1] == "result" and one.what.upper() == "DATA"
        return event[1] in KINDS.get(one.kind, ())

    def _listen(self, events: Iterable[Event]) -> None:
        for event in events:
            if event[1] == "out":
                pid = int(event[2])
                self._said[pid] = (self._said.get(pid, "") + str(event[4]))[-TAIL:]

    def _new(self, text: str, pid: int, last: str) -> bool:
        """Did the pattern become complete with the last piece?"""
        said = self._said.get(pid, "")
        return text in said[-(len(text) + len(last) - 1) :] if last else False
