"""Events told to people: log lines in plain words, and the console's text with its authors.

Knows: the kinds of events and what each carries. Does not know: the kernel, the screen. Kinds that only matter to
machines (retire, switch) have no log line.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Container, Iterable, Sequence
from itertools import dropwhile, islice
from typing import Any, NamedTuple

from llmos_kernel.ports import Event

from .callsteps import NOTED
from .marking import Grounds, Said
from .searched import found
from .status import Found, Line, Mark, Run
from .stopwatch import Stopwatch

LOG_LINES = 400
MARKS_SHOWN = 500
SWITCHES_SHOWN = 2_000  # of these there are many; they go nowhere but into the timeline
CONSOLE_CHARS = 20_000


def _clip(value: Any, width: int = 60) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= width else text[: width - 1] + "…"


def _named(pid: int, program: str) -> str:
    """Whose page: there may be two of a name."""
    return f"{program} (pid {pid})"


def _args(args: Iterable[Any]) -> str:
    return _clip(" ".join(str(a) for a in args), 40)


TELLERS: dict[str, Callable[..., str]] = {
    "spawn": lambda pid, ppid, program, args: f"spawn  pid {pid} {program} (child of {ppid}) {_args(args)}",
    "exit": lambda pid, status, value, why: f"exit   pid {pid} status {status}{f': {_clip(why)}' if why else ''}",
    "exec": lambda pid, program, args: f"exec   pid {pid} is {program} {_args(args)} from here on",
    "signal": lambda pid, signal, why: f"signal {signal} for pid {pid}{f': {_clip(why)}' if why else ''}",
    "deadlock": lambda pid, pids, story: f"dead   locked: {story}; a signal to one of them ends it",
    "oom": lambda pid, story: f"memory {story}",
    "adapter": lambda pid, name: f"weights of pid {pid} from here on: {_clip(name, 24)}",
    "think": lambda pid, ids: f"think  pid {pid}: {len(ids)} tokens to read",
    "thought": lambda pid, stop, n: f"done   pid {pid} wrote {n} tokens: {stop}",
    "share": lambda pid, n: f"share  pid {pid} found {n} tokens already in RAM",
    "shared": lambda pid, name, n: f"share  pid {pid} gives {n} tokens the name {_clip(name, 24)}",
    "attached": lambda pid, name, n, pages: (
        f"share  pid {pid} begins with {n} tokens of {_clip(name, 24)} in {pages} pages"
    ),
    "cow": lambda pid, source, target: f"copy   pid {pid} writes a shared page: frame {source} -> {target}",
    "evict": lambda pid, n, by: f"evict  pid {pid} gives back {n} frames, needed by pid {by}; its tokens stay",
    "swapout": lambda pid, n: f"swap   pid {pid}: {n} pages to the page file, byte for byte",
    "swapin": lambda pid, n: f"swap   pid {pid}: {n} pages back in RAM",
    "parked": lambda pid, n, left: (
        f"park   pid {pid} is parked: {n} of its pages went to the page file"
        + (f", {left} found no room" if left else "")
    ),
    "unparked": lambda pid, n: f"park   pid {pid} goes on; its {n} pages come back when it runs",
    "swapfull": lambda pid, why: f"swap   no room for a page of pid {pid}: {why}; it will be computed again",
    "damaged": lambda pid, page, program: (
        f"swap   page {page} of {_named(pid, program)} came back damaged: the process is computed again"
    ),
    "pageout": lambda pid, page, program, kept: (
        f"page   {page} of {_named(pid, program)} leaves its window"
        + ("; a digest of its keys stays" if kept else " for good")
    ),
    "mmap": lambda pid, title, n, pages: (
        f"mmap   pid {pid}: {title}, {n} tokens in {pages} pages that wait to be needed"
    ),
    "mapin": lambda pid, page, program: (
        f"mmap   page {page} of {_named(pid, program)} is needed for the first time: computed"
    ),
    "pressure": lambda pid, n, most: (
        f"pressure  pid {pid} fills {n} of {most} tokens: its oldest part goes to the disk"
    ),
    "overflow": lambda pid, n, most: f"pressure  pid {pid} fills {n} of {most} tokens, and nothing of it may be moved",
    "moved": lambda pid, title, n, left: (
        f"moved  pid {pid}: {n} tokens are on the disk as {title!r}, {left} point there"
    ),
    "undone": lambda pid, title, n: f"undo   pid {pid}: {n} tokens of {title!r} are back in the window",
    "window": lambda pid, n, name: f"window pid {pid} may hold {n or 'all its'} frames" + (f", {name}" if n else ""),
    "trap": lambda pid: f"trap   pid {pid} emitted TRAP: a call begins",
    "call": lambda pid, device, text, by: f"call   pid {pid} {device} {_clip(text, 40)} ({by})",
    "result": lambda pid, device, text, ok, origin: (
        f"result pid {pid} {device} {'' if ok else 'error: '}{_clip(text, 40)} label DATA"
    ),
    "judged": lambda pid, device, text, verdict, rule, why: (
        f"{verdict:<6} pid {pid} {device} {_clip(text, 40)}: rule {rule}, {_clip(why)}"
    ),
    "ask": lambda pid, number, device, text, label, rule, why: (
        f"asked  question {number}: pid {pid} {device} {_clip(text, 40)} waits for the person's word"
    ),
    "answered": lambda pid, number, word: f"answer {word} to question {number} of pid {pid}",
    "illegal": lambda pid, why: f"illegal instruction  pid {pid}: {_clip(why)}",
    "refused": lambda pid, why: f"refused {_clip(why)}",
    "policy": lambda pid, name: f"policy  the scheduler is {name} from here on",
    "victims": lambda pid, name: f"memory  {name} loses its frames first from here on",
    "device": lambda pid, name, on: f"device {name} {'plugged in' if on else 'unplugged'}",
    "attach": lambda pid: f"attach pid {pid} hears the next typed line",
    "interrupt": lambda pid: f"interrupt pid {pid} from the keyboard",
}


def _fault(
    watch: Stopwatch | None, pid: int, page: int, program: str, layer: int, back: int, again: int, number: int
) -> str:
    """`back` and `again` are the constants that the kernel reckons with, in microseconds; a live machine has measured times."""
    why = f"was needed by layer {layer}" if layer >= 0 else ("was needed", "comes along")[layer]
    spent, fed = (watch.back(number), watch.again()) if watch else (None, None)
    how = f"brought back from swap, {_ms(spent, back)}" if number else "its frame still had it"
    return f"fault  page {page} of {_named(pid, program)} {why}: {how}; recompute would have cost {_ms(fed, again)}"


def _ms(measured: float | None, reckoned: int) -> str:
    return f"about {reckoned / 1000:.1f} ms" if measured is None else f"{measured:.1f} ms"


def log_line(event: Event, watch: Stopwatch | None = None) -> Line | None:
    """What the kernel log says of an event; None if nothing. With a machine's own watch, with the times that it took."""
    tick, kind, pid, *data = event
    if kind == "fault":
        return Line(tick, _fault(watch, pid, *data))
    teller = TELLERS.get(kind)
    return Line(tick, teller(pid, *data)) if teller else None


MARKS = {
    "call": "c",
    "trap": "t",
    "result": "r",
    "fault": "f",
    "evict": "e",
    "exit": "x",
    "refused": "!",
    "judged": "!",
    "illegal": "!",
}
"""Kinds of event that the timeline shows, and their letters."""
STOPPERS = ("call", "result", "illegal", "switch")
"""Kinds of event that end a step (`stepping.py`)."""
KEPT = 20_000  # events of each sort that can be told again after going back


class Entry(NamedTuple):
    """A line of the log, and what it is about."""

    kind: str
    pid: int
    what: Any  # the event's first datum: of a fault its page, of a call its device
    line: Line


class Story:
    """What was logged and printed, with ticks, so that it can be told up to any earlier one. Owned by one machine."""

    def __init__(self) -> None:
        self._log: deque[Entry] = deque(maxlen=KEPT)
        self._out: deque[Said] = deque(maxlen=KEPT)
        self._grounds = Grounds()
        self._devices: deque[tuple[int, str, str]] = deque(maxlen=KEPT)
        self._searches: deque[Event] = deque(maxlen=KEPT)  # calls of the device search, and results
        self._calls: deque[Event] = deque(maxlen=KEPT)  # what calls leave, as it came
        self._marks: deque[Mark] = deque(maxlen=KEPT)
        self._stops: deque[tuple[int, str]] = deque(maxlen=KEPT)  # (the tick after it, kind)
        self._switches: deque[int] = deque(maxlen=KEPT)  # ticks, each once

    def take(self, events: Iterable[Event], watch: Stopwatch | None = None) -> None:
        for event in events:
            tick, kind, pid, *data = event
            line = log_line(event, watch)
            if kind == "out":
                self._out.append(Said(tick, Run(str(data[0]), str(data[1]), pid)))
            elif line is not None:
                self._log.append(Entry(kind, pid, data[0] if data else None, line))
            if kind in MARKS and line is not None:
                self._marks.append(Mark(tick, MARKS[kind], line.text))
            if kind in NOTED:
                self._calls.append(event)
            if kind in STOPPERS:
                self._stops.append((tick + 1, kind))
            if kind == "switch" and (not self._switches or self._switches[-1] != tick):
                self._switches.append(tick)
            if kind in ("call", "result"):
                self._devices.append((tick, str(data[0]), f"{'= ' * (kind == 'result')}{_clip(data[1], 24)}"))
                if data[0] == "search":
                    self._searches.append(event)
            self._weigh(tick, kind, pid, data)

    def _weigh(self, tick: int, kind: str, pid: int, data: Sequence[Any]) -> None:
        """What an answer may rest on is kept; a whole answer is judged."""
        if kind == "spawn" and data[2]:
            self._grounds.asked(pid, str(data[2][0]))
        elif kind == "out" and data[0] == "u":
            self._grounds.asked(pid, str(data[1]))
        elif kind == "think":
            self._grounds.began(pid, tick)
        elif kind == "result" and data[2]:
            self._grounds.told(pid, tick, str(data[3] or data[0]), str(data[1]))
        elif kind == "thought":
            self._grounds.judge(pid, self._out)

    def bookmark(self, tick: int, text: str) -> None:
        """Marks stay in the order of their ticks."""
        marks = sorted([*self._marks, Mark(tick, "b", text)], key=lambda m: m.tick)
        self._marks = deque(marks, maxlen=KEPT)

    def cut(self, tick: int) -> Story:
        """The story up to, and without, `tick`: what a branch from there begins with."""
        new = Story()
        new._log.extend(entry for entry in self._log if entry.line.tick < tick)
        new._out.extend(said for said in self._out if said.tick < tick)
        new._grounds = self._grounds.cut(tick)
        new._devices.extend(d for d in self._devices if d[0] < tick)
        new._searches.extend(event for event in self._searches if event[0] < tick)
        new._calls.extend(event for event in self._calls if event[0] < tick)
        new._marks.extend(m for m in self._marks if m.tick < tick)
        new._stops.extend(stop for stop in self._stops if stop[0] <= tick)
        new._switches.extend(t for t in self._switches if t < tick)
        return new

    def log(self, tick: int) -> tuple[Line, ...]:
        """The last lines before `tick`, oldest first."""
        return tuple(entry.line for entry in _last(self._log, LOG_LINES, lambda entry: entry.line.tick < tick))

    def marks(self) -> tuple[Mark, ...]:
        return tuple(_last(self._marks, MARKS_SHOWN, lambda mark: True))

    def switches(self) -> tuple[int, ...]:
        """The last ticks in which a lane went to another process."""
        return tuple(_last(self._switches, SWITCHES_SHOWN, lambda tick: True))

    def stops(self, kinds: Container[str]) -> list[int]:
        """The ticks before which a machine stands that stopped at an event of these kinds, in order."""
        return [tick for tick, kind in self._stops if kind in kinds]

    def devices(self, tick: int) -> dict[str, str]:
        """Device -> its last call before `tick`, in words."""
        said: dict[str, str] = {}
        for t, name, text in self._devices:
            if t < tick:
                said[name] = f"{said.get(name, '')} {text}" if text.startswith("= ") else text
        return said

    def found(self, tick: int) -> Found | None:
        """The last search before `tick`."""
        return found(event for event in reversed(self._searches) if event[0] < tick)

    def console(self, tick: int) -> tuple[Run, ...]:
        """The console's text before `tick`, neighbours of one author joined."""
        joined: list[Run] = []
        chars = 0
        for t, run in reversed(self._out):
            if t >= tick:
                continue
            chars += len(run.text)
            if chars > CONSOLE_CHARS:
                break
            if joined and _alike(joined[-1], run):
                joined[-1] = Run(run.who, run.text + joined[-1].text, run.pid, run.rests)
            else:
                joined.append(run)
        return tuple(reversed(joined))

    def trace(self, pid: int, tick: int) -> list[Line]:
        """The log lines before `tick` that name a process."""
        named = re.compile(rf"\bpid {pid}\b")
        return [line for _, _, _, line in self._log if line.tick < tick and named.search(line.text)]

    def calls(self, pid: int, tick: int) -> list[Event]:
        """What the calls of one process left before `tick`."""
        return [event for event in self._calls if event[2] == pid and event[0] < tick]

    def about(self, pid: int, tick: int, kinds: Container[str]) -> list[Entry]:
        """What happened to one process before `tick`, of some kinds."""
        return [e for e in self._log if e.pid == pid and e.line.tick < tick and e.kind in kinds]


def _alike(one: Run, other: Run) -> bool:
    return one.who == other.who and one.pid == other.pid and one.rests == other.rests


def _last(items: deque[Any], count: int, good: Callable[[Any], bool]) -> list[Any]:
    """The last `count` good items of a deque that is in order of ticks."""
    return list(islice(dropwhile(lambda item: not good(item), reversed(items)), count))[::-1]
