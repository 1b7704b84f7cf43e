"""The user library: system calls with types. The only file here that imports the kernel.

Knows: the names of the calls and what they return. Does not know: how they are served. Every function may raise
KernelError; a program that does not catch it ends with its status.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from llmos_kernel.errors import DeviceFailed, EndOfInput, Interrupted, KernelError, NoSuchChannel, NoSuchProcess
from llmos_kernel.syscall import trap

Span = tuple[str, str]
"""(role, text); roles: system, user, assistant, data, text."""


class DeviceCall(NamedTuple):
    """A call that the model made while it thought."""

    device: str
    args: str
    result: str
    label: str = ""  # who said it, as "DATA:disk:Paging#2"

    @property
    def origin(self) -> str:
        """Where the result comes from: "calc", "disk:Paging#2", "file:notes.txt"."""
        return self.label.partition(":")[2] or self.device

    @property
    def ok(self) -> bool:
        return bool(self.device) and not self.result.startswith("error:")


class Thought(NamedTuple):
    """What came of thinking. `stop` is "end", "length", "full" or "calls"."""

    text: str
    ids: tuple[int, ...]
    stop: str
    calls: tuple[DeviceCall, ...]

    @property
    def mark(self) -> str:
        """Where the answer comes from: "[calc]", "[disk:Paging#2]" for each result that entered it, else "[dreamed]"."""
        origins = dict.fromkeys(c.origin for c in self.calls if c.ok)
        return "".join(f"[{origin}]" for origin in origins) or "[dreamed]"


class Row(NamedTuple):
    """One line of `ps`."""

    pid: int
    ppid: int
    program: str
    state: str
    tokens: int
    pages: int
    decoded: int
    why: str


async def think(
    *spans: Span,
    limit: int = 256,
    temperature: int = 0,
    min_p: int = 0,
    seed: int | None = None,
    echo: bool = False,
    chat: bool = True,
    traps: bool = True,
) -> Thought:
    """Add spans to the context and let the model write at most `limit` tokens; temperature and min_p in thousandths."""
    raw = await trap("think", spans, limit, temperature, min_p, seed, echo, chat, traps)
    return Thought(raw[0], raw[1], raw[2], tuple(DeviceCall(*c) for c in raw[3]))


async def say(text: str) -> None:
    """Write to the console."""
    await trap("write", 1, text)


async def hear() -> str:
    """The next typed line; raises EndOfInput."""
    return str(await trap("read", 0))


async def call(device: str, text: str) -> str:
    """One call to a device, as a program makes it; raises DeviceFailed with the device's own line."""
    channel = await trap("open", device)
    try:
        await trap("write", channel, text)
        return str(await trap("read", channel))
    finally:
        await trap("close", channel)


async def spawn(program: str, *args: Any) -> int:
    return int(await trap("spawn", program, *args))


async def fork(program: str, *args: Any) -> int:
    return int(await trap("fork", program, *args))


async def wait(pid: int = 0) -> tuple[int, int]:
    """(pid, status) of a child that has ended; any child for 0."""
    child, status = await trap("wait", pid)
    return child, status


async def leave(status: int = 0, value: Any = None) -> None:
    """Exit now, with a value for whoever started the machine."""
    await trap("exit", status, value)


async def kill(pid: int) -> None:
    await trap("kill", pid)


async def sleep(ticks: int) -> None:
    await trap("sleep", ticks)


async def ps() -> list[Row]:
    return [Row(*row) for row in await trap("ps")]


__all__ = [
    "DeviceCall",
    "DeviceFailed",
    "EndOfInput",
    "Interrupted",
    "KernelError",
    "NoSuchChannel",
    "NoSuchProcess",
    "Row",
    "Span",
    "Thought",
    "call",
    "fork",
    "hear",
    "kill",
    "leave",
    "ps",
    "say",
    "sleep",
    "spawn",
    "think",
    "wait",
]
