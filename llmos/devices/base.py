"""What a device is: a name, help, a grammar for its arguments, and one function from text to text.

Knows: the Protocol that every peripheral implements. Does not know: processes, tokens, who called. A device runs on a
worker thread, so it may block; it must stop when `ctx.cancelled()` turns true or soon after `ctx.timeout` seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


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
    stream: Callable[[str], None] = field(default=lambda text: None)  # partial output, for the screen only


class Device(Protocol):
    name: str
    help: str  # one line a model can learn from: how a call is written, with an example
    usage: tuple[str, ...]  # argument forms, such as "add N days [to DATE]"
    grammar: str  # Lark rules for the arguments (llguidance dialect), the rule `start` being the whole argument text
    outside: bool  # does a call have an effect that can't be taken back?

    def call(self, text: str, ctx: Context) -> Result:
        """Run one call. Raises DeviceError with a readable line; never anything else for bad input."""
