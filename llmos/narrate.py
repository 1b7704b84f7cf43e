"""Events told to people: log lines in plain words, and the console's text with its authors.

Knows: the kinds of events and what each carries. Does not know: the kernel, the screen. Kinds that only matter to
machines (retire, switch) have no log line.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from llmos_kernel.ports import Event

from .status import Line, Run

LOG_LINES = 400
CONSOLE_CHARS = 20_000


def _clip(value: Any, width: int = 60) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= width else text[: width - 1] + "…"


def _args(args: Iterable[Any]) -> str:
    return _clip(" ".join(str(a) for a in args), 40)


TELLERS: dict[str, Callable[..., str]] = {
    "spawn": lambda pid, ppid, program, args: f"spawn  pid {pid} {program} {_args(args)} (child of {ppid})",
    "exit": lambda pid, status, value, why: f"exit   pid {pid} status {status}{f': {_clip(why)}' if why else ''}",
    "think": lambda pid, ids: f"think  pid {pid}: {len(ids)} tokens to read",
    "thought": lambda pid, stop, n: f"done   pid {pid} wrote {n} tokens, stopped by {stop}",
    "share": lambda pid, n: f"share  pid {pid} found {n} tokens already in RAM",
    "cow": lambda pid, source, target: f"copy   pid {pid} writes a shared page: frame {source} -> {target}",
    "evict": lambda pid, n, by: f"evict  pid {pid} gives back {n} frames, needed by pid {by}; its tokens stay",
    "trap": lambda pid: f"trap   pid {pid} emitted TRAP: the kernel captures what follows",
    "call": lambda pid, device, text, by: f"call   pid {pid} {device} {_clip(text, 40)} ({by})",
    "result": lambda pid, device, text, ok: (
        f"result pid {pid} {device} {'' if ok else 'error: '}{_clip(text, 40)} label DATA"
    ),
    "illegal": lambda pid, why: f"illegal instruction  pid {pid}: {_clip(why)}",
    "refused": lambda pid, why: f"refused {_clip(why)}",
    "interrupt": lambda pid: f"interrupt pid {pid} from the keyboard",
}


def log_line(event: Event) -> Line | None:
    """What the kernel log says of an event; None if nothing."""
    tick, kind, pid, *data = event
    teller = TELLERS.get(kind)
    return Line(tick, teller(pid, *data)) if teller else None


class Tail:
    """The last log lines and the last console text. Owned by one machine; read as tuples."""

    def __init__(self) -> None:
        self.log: deque[Line] = deque(maxlen=LOG_LINES)
        self.console: deque[Run] = deque()
        self._chars = 0
        self.devices: dict[str, str] = {}  # device -> its last call, in words

    def take(self, events: Iterable[Event]) -> None:
        for event in events:
            _, kind, pid, *data = event
            if kind == "out":
                self._print(str(data[0]), str(data[1]), pid)
            elif (line := log_line(event)) is not None:
                self.log.append(line)
            if kind == "call":
                self.devices[data[0]] = f"{_clip(data[1], 24)} …"
            elif kind == "result":
                self.devices[data[0]] = self.devices.get(data[0], "").removesuffix("…") + f"= {_clip(data[1], 24)}"

    def _print(self, who: str, text: str, pid: int) -> None:
        self._chars += len(text)
        if self.console and self.console[-1].who == who and self.console[-1].pid == pid:
            text = self.console.pop().text + text
        self.console.append(Run(who, text, pid))
        while self._chars > CONSOLE_CHARS and len(self.console) > 1:
            self._chars -= len(self.console.popleft().text)
