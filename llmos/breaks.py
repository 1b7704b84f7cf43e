"""Break- and watchpoints: words that stop the machine after the tick in which something happened, or in which a value changed.

Knows: kinds of event, and where in a kernel a watched value stands. Does not know: rooms, worlds. It is asked around each tick:
`before` gives what `hit` needs to tell what the tick brought, so nothing is remembered that going back would make untrue.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from llmos_kernel import guard
from llmos_kernel.kernel import Kernel
from llmos_kernel.labels import Ring
from llmos_kernel.ports import Event
from llmos_kernel.process import Process
from llmos_kernel.space import ABSENT, AddressSpace

KINDS: dict[str, tuple[str, ...]] = {
    "trap": ("trap",),
    "call": ("call",),
    "result": ("result",),
    "fault": ("fault",),
    "evict": ("evict",),
    "deny": ("judged", "refused"),
    "illegal": ("illegal",),
    "exit": ("exit",),
    "spawn": ("spawn",),
    "switch": ("switch",),
}
RINGS = tuple(
    ring.name for ring in Ring if ring
)  # no token has the kernel's own label: its control ids have their author's
USAGE = f"break {'|'.join(KINDS)}|token TEXT|label RING|tick N|clear"
WATCH_USAGE = "watch state PID|frames PID|page PID NUMBER|quota PID NAME|clear"
"""Each fits on a line of 120 cells, behind what is said before it."""


@dataclass(frozen=True, slots=True)
class Break:
    kind: str
    what: str = ""

    def __str__(self) -> str:
        return f"{'watch ' if self.kind in WATCHED else ''}{self.kind} {self.what}".strip()


class Seen(NamedTuple):
    """What stood before a tick: of each point that needs it, its value."""

    tick: int
    values: dict[Break, Any]


class Breaks:
    """The break- and watchpoints of one room."""

    def __init__(self) -> None:
        self.all: list[Break] = []

    def add(self, kind: str, *rest: str) -> None:
        """A point that is there already is taken away; `clear` takes all. Raises ValueError with the usage."""
        what = " ".join(rest)
        if kind == "clear" and not what:
            self.all.clear()
            return
        if kind == "label":
            what = what.upper()
        known = (
            (kind in KINDS and not what)
            or (kind == "token" and what)
            or (kind == "label" and what in RINGS)
            or (kind == "tick" and what.isdecimal())
        )
        if not known:
            raise ValueError(USAGE)
        self._toggle(Break(kind, what))

    def watch(self, kernel: Kernel, kind: str, *rest: str) -> None:
        """As `add`, for a value. Raises ValueError with the usage, or where there is nothing to watch."""
        if kind == "clear" and not rest:
            self.all = [one for one in self.all if one.kind not in WATCHED]
            return
        one = Break(kind, " ".join(rest))
        if kind not in WATCHED or len(rest) != (2 if kind in ("page", "quota") else 1):
            raise ValueError(WATCH_USAGE)
        if one not in self.all and _value(kernel, one) == NOTHING:
            raise ValueError(f"there is nothing to watch: {one.kind} {one.what}")
        self._toggle(one)

    def _toggle(self, one: Break) -> None:
        if one in self.all:
            self.all.remove(one)
        else:
            self.all.append(one)

    def before(self, kernel: Kernel) -> Seen:
        """Asked before a tick, or a phase of one."""
        return Seen(kernel.tick, {one: _value(kernel, one) for one in self.all if one.kind not in KINDS})

    def hit(self, kernel: Kernel, seen: Seen, events: Sequence[Event]) -> str:
        """Which point was met since `seen`, in words; "" = none."""
        return next((said for one in self.all if (said := _met(one, kernel, seen, events))), "")


def _met(one: Break, kernel: Kernel, seen: Seen, events: Sequence[Event]) -> str:
    if one.kind in KINDS:
        found = next((e for e in events if e[1] in KINDS[one.kind]), None)
        return f"{one} in tick {found[0]:,}, pid {found[2]}" if found else ""
    if one not in seen.values:  # it was set since
        return ""
    before = seen.values[one]
    if one.kind == "tick":
        return f"tick {kernel.tick:,}" if kernel.tick == int(one.what) != seen.tick else ""
    where = f"in tick {seen.tick:,}"
    if one.kind in WATCHED:
        now = _value(kernel, one)
        return f"{one}: {before} is now {now}, {where}" if now != before else ""
    if one.kind == "label":
        grown = (pid for pid, count in _labelled(kernel, one).items() if count > before.get(pid, 0))
        return next((f"{one} {where}, pid {pid}" for pid in grown), "")
    streams = (p.pid for p in kernel.processes.values() if _wrote(kernel, p.space, before.get(p.pid, 0), one.what))
    pid = next(streams, 0) or next((e[2] for e in events if e[1] == "out" and _printed(kernel, e, one.what)), 0)
    return f"{one} {where}, pid {pid}" if pid else ""


def _wrote(kernel: Kernel, space: AddressSpace, first: int, text: str) -> bool:
    """Did the tokens from number `first` on make the text complete? A control id says its name."""
    if len(space.tokens) <= first:
        return False
    wanted = text.encode("utf-8", "surrogatepass")
    new = b"".join(_says(kernel, token) for token in space.tokens[first:])
    lead = b""
    while first and len(lead) < len(wanted) - 1:
        first -= 1
        lead = _says(kernel, space.tokens[first]) + lead
    return wanted in lead[len(lead) - len(wanted) + 1 if len(lead) >= len(wanted) else 0 :] + new


def _says(kernel: Kernel, token: int) -> bytes:
    piece, name = kernel.words.get(token, (b"", ""))
    return name.encode() or piece


def _printed(kernel: Kernel, event: Event, text: str) -> bool:
    """Did a program print it? What a model says on the console stood in its stream before."""
    process = kernel.processes.get(event[2])
    return text in event[4] and (event[3] == "K" or (event[3] == "d" and not (process and process.space.tokens)))


# -- values ---------------------------------------------------------------------------------------------------------------

NOTHING = "gone"


def _value(kernel: Kernel, one: Break) -> Any:
    if one.kind == "tick":
        return None
    if one.kind == "token":
        return {p.pid: len(p.space.tokens) for p in kernel.processes.values()}
    if one.kind == "label":
        return _labelled(kernel, one)
    pid, *rest = one.what.split()
    process = kernel.processes.get(int(pid))
    return NOTHING if process is None else WATCHED[one.kind](kernel, process, *rest)


def _labelled(kernel: Kernel, one: Break) -> dict[int, int]:
    """How many tokens of a ring each process holds."""
    ring, counts = Ring[one.what], {}
    for p in kernel.processes.values():
        ends = [start for start, _ in p.space.spans[1:]] + [len(p.space.tokens)]
        counts[p.pid] = sum(
            end - start for (start, label), end in zip(p.space.spans, ends, strict=False) if label.ring == ring
        )
    return counts


def _page(kernel: Kernel, process: Process, number: str) -> str:
    frames = process.space.frames
    if not 0 <= int(number) < len(frames):
        return NOTHING
    frame = frames[int(number)]
    return "in no frame" if frame == ABSENT else f"in frame {frame}, mapped by {kernel.memory.refs[frame]}"


def _quota(kernel: Kernel, process: Process, name: str) -> str:
    return next((f"{used} of {most}" for key, used, most in guard.quotas(kernel, process) if key == name), NOTHING)


WATCHED: dict[str, Callable[..., str]] = {
    "state": lambda kernel, process: str(process.state),
    "frames": lambda kernel, process: str(process.space.held()),
    "page": _page,
    "quota": _quota,
}
"""What can be watched -> its value now, in words."""
