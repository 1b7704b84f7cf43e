"""What a device is: a name, help, a grammar for its arguments, and one function from text to text.

Knows: the Protocol that every peripheral implements, and what all of them share: a deadline, a limit on results.
Does not know: processes, tokens, who called. A device runs on a worker thread, so it may block; several calls may run
at once; it must stop when `ctx.cancelled()` turns true or soon after `ctx.timeout` seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

MAX_RESULT = 2000  # characters of one result: about 500 tokens of somebody's context


class DeviceError(Exception):
    """The device refused or failed; the message is one line that the model can read and act on."""


@dataclass(frozen=True)
class Result:
    """What a device brings back. `origin` says where it came from, for the label: "calc", "file:notes.txt"."""

    text: str
    origin: str


@dataclass(frozen=True)
class Context:
    """What one call may rely on."""

    timeout: float = 10.0  # seconds
    cancelled: Callable[[], bool] = field(default=lambda: False)
    now: Callable[[], datetime] = field(default=lambda: datetime.now().astimezone())
    caller: int = 0  # whose call this is (a pid), for devices that remember something between calls
    stream: Callable[[str], None] = field(default=lambda text: None)  # partial output, for the screen only


class Device(Protocol):
    """Its five facts are usually class attributes; `call` does the work. `docs/devices.md` writes one in ten lines."""

    @property
    def name(self) -> str: ...

    @property
    def help(self) -> str:
        """What it is for and an example, for a line such as "calc: exact sums, such as calc 37*48"."""

    @property
    def usage(self) -> tuple[str, ...]:
        """Argument forms, such as "add N days [to DATE]"."""

    @property
    def grammar(self) -> str:
        """Lark rules for the arguments (llguidance dialect); `start` is the whole argument text."""

    @property
    def outside(self) -> bool:
        """Does a call have an effect that can't be taken back?"""

    def call(self, text: str, ctx: Context) -> Result:
        """Run one call. Raises DeviceError with a readable line; never anything else for bad input."""


@runtime_checkable
class Closable(Protocol):
    """A device that holds a process, a file or a connection; `registry.close` lets go of it."""

    def close(self) -> None: ...


class Deadline:
    """When one call must be over. Made at its start, checked wherever the call could go on for long."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.end = time.monotonic() + ctx.timeout

    def left(self) -> float:
        """Seconds, at least 0."""
        return max(self.end - time.monotonic(), 0.0)

    def check(self) -> None:
        """Raises DeviceError once the call was cancelled or its time is over."""
        if self.ctx.cancelled():
            raise DeviceError("cancelled")
        if not self.left():
            raise DeviceError(f"timed out after {self.ctx.timeout:g} seconds")


def cut(text: str, limit: int = MAX_RESULT) -> str:
    """`text`, or its first `limit` characters and a notice that says how long it was."""
    return text if len(text) <= limit else f"{text[:limit]}\n[cut: {len(text):,} characters in all]"


def whole(text: str) -> str:
    """`text` with a question mark for each half of a character, which no file and no terminal takes."""
    return text.encode(errors="replace").decode()


def one_line(error: object, limit: int = 200) -> str:
    """What an error says, as one line."""
    return " ".join(str(error).split())[:limit]
