"""The user library: system calls with types. The only file here that imports the kernel.

Knows: the names of the calls and what they return. Does not know: how they are served. Every function may raise
KernelError; a program that does not catch it ends with its status.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from llmos_kernel.errors import (
    DeviceFailed,
    EndOfInput,
    Interrupted,
    KernelError,
    LimitReached,
    NoSuchChannel,
    NoSuchProcess,
    Signalled,
)
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
    adapter: str


async def think(
    *spans: Span,
    limit: int = 256,
    temperature: int = 0,
    min_p: int = 0,
    seed: int | None = None,
    echo: bool = False,
    chat: bool = True,
    traps: bool = True,
    bare: bool = False,
) -> Thought:
    """Add spans to the context and let the model write at most `limit` tokens; temperature and min_p in thousandths.

    `bare`: the model as it is without this machine, with no call and no id that it may not sample.
    """
    raw = await trap("think", spans, limit, temperature, min_p, seed, echo, chat, traps, bare)
    return Thought(raw[0], raw[1], raw[2], tuple(DeviceCall(*c) for c in raw[3]))


async def say(text: str) -> None:
    """Write to the console."""
    await trap("write", 1, text)


async def complain(text: str) -> None:
    """Say why something can't be done, past the pipe that this program writes into."""
    try:
        await trap("write", 2, text)
    except NoSuchChannel:
        await say(text)


async def hear() -> str:
    """The next typed line; raises EndOfInput."""
    return str(await trap("read", 0))


async def call(device: str, text: str) -> str:
    """One call to a device, as a program makes it; raises DeviceFailed with the device's own line."""
    channel = await trap("open", device)
    try:
        await trap("write", channel, text)
        result = str(await trap("read", channel))
    except KernelError:
        await trap("close", channel)
        raise
    await trap("close", channel)
    return result


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


async def kill(pid: int, signal: str = "TERM") -> None:
    """A signal to a process; to a whole job with its negative number. INT, TERM, KILL, STOP, CONT."""
    await trap("kill", pid, signal)


async def catch(signal: str, action: str = "catch") -> None:
    """INT, TERM or CONT: catch (as Signalled, or Interrupted), ignore, or default."""
    await trap("signal", signal, action)


async def pipe() -> tuple[int, int]:
    """Two channels: what is written to the second can be read from the first."""
    r, w = await trap("pipe")
    return r, w


async def close(channel: int) -> None:
    await trap("close", channel)


async def start(program: str, args: tuple[Any, ...], channels: dict[int, int]) -> int:
    """Spawn, with some of my channels under the child's numbers; 0 is what it hears, 1 is where it says."""
    return int(await trap("start", program, args, tuple(channels.items())))


async def execute(program: str, *args: Any) -> None:
    """Become another program; this one does not go on."""
    await trap("exec", program, *args)


async def group(child: int) -> None:
    """Make a child the head of a job of its own."""
    await trap("group", child)


async def nice(pid: int, level: int) -> None:
    """Priority and share of a process, 1 to 20."""
    await trap("nice", pid, level)


async def adapter(name: str, pid: int = 0) -> None:
    """Choose the weights that a process runs with, of this one with `pid` 0; "none" is the model as it was loaded."""
    await trap("adapter", name, pid)


async def mmap(title: str, text: str) -> int:
    """Put a document into my context whose pages are computed only when a question needs them; how many wait."""
    return int(await trap("mmap", title, text))


async def maps() -> list[tuple[str, int, int]]:
    """Of each mapped document: title, pages, pages that were needed so far."""
    return list(await trap("maps"))


async def park(pid: int) -> None:
    """Stop a process and write all its pages to the page file; it stays away until `unpark`."""
    await trap("park", pid)


async def unpark(pid: int) -> None:
    await trap("unpark", pid)


async def limit(kind: str, most: int) -> None:
    """A limit for this process and its children to come: tokens, frames, files, children, ticks or output."""
    await trap("limit", kind, most)


async def send(pid: int, value: Any) -> None:
    """A message; blocks while the mailbox is full."""
    await trap("send", pid, value)


async def recv() -> tuple[int, Any]:
    """(sender, value) of the oldest message."""
    sender, value = await trap("recv")
    return sender, value


async def share(name: str) -> int:
    """Give my context a name, so that others can begin theirs with it; its tokens."""
    return int(await trap("share", name))


async def attach(name: str) -> int:
    """Begin my context, still empty, with a shared one; its tokens."""
    return int(await trap("attach", name))


async def unshare(name: str) -> None:
    """Remove a segment of mine; who attached it keeps it."""
    await trap("unshare", name)


async def listen() -> str:
    """All lines until the end of input."""
    lines: list[str] = []
    while True:
        try:
            lines.append(await hear())
        except EndOfInput:
            return "\n".join(lines)


async def me() -> int:
    """My own number."""
    return int(await trap("me"))


async def sleep(ticks: int) -> None:
    await trap("sleep", ticks)


async def pledge(*devices: str) -> None:
    """Keep only these devices and calls, for good; children too. Raises Denied for what one does not have."""
    await trap("pledge", *devices)


async def unveil(*paths: tuple[str, str]) -> None:
    """Keep only these paths, each with "r" or "rw", for good; children too."""
    await trap("unveil", *paths)


async def planner(pages: int = 8) -> None:
    """From now on what comes from outside goes into slots of this size that my own tokens can't attend to, for good.

    A slot has a handle, "@data1" for the first: in a call it stands for the words.
    """
    await trap("planner", pages)


async def ask_reader(program: str, values: int, *args: Any) -> int:
    """One value, 0 to `values` - 1, from a child that sees the slots and may do nothing. Costs its bits of a budget."""
    return (await wait(int(await trap("reader", program, values, *args))))[1]


async def hand(text: str) -> str:
    """Give the planner that waits for me words that it can't read; their handle."""
    return str(await trap("hand", text))


async def ps() -> list[Row]:
    return [Row(*row) for row in await trap("ps")]


__all__ = [
    "DeviceCall",
    "DeviceFailed",
    "EndOfInput",
    "Interrupted",
    "KernelError",
    "LimitReached",
    "NoSuchChannel",
    "NoSuchProcess",
    "Row",
    "Signalled",
    "Span",
    "Thought",
    "adapter",
    "ask_reader",
    "call",
    "catch",
    "close",
    "complain",
    "execute",
    "fork",
    "group",
    "hand",
    "hear",
    "kill",
    "leave",
    "limit",
    "listen",
    "maps",
    "me",
    "mmap",
    "nice",
    "park",
    "pipe",
    "planner",
    "pledge",
    "ps",
    "recv",
    "say",
    "send",
    "sleep",
    "spawn",
    "start",
    "think",
    "unpark",
    "unveil",
    "wait",
]
