"""The system call: how a program reaches the kernel, and the table of what it may ask.

Knows: the one door (`trap`), the shape of a call, who may make which. Does not know: how a call is served (`calls.py`).
Two decoders feed one table: programs pass typed arguments, the model writes text between TRAP and GO.
"""

from __future__ import annotations

from collections.abc import Generator
from types import coroutine
from typing import Any, NamedTuple

from .errors import BadCall, LimitReached
from .limits import MAX_TEXT


class Call(NamedTuple):
    """What crosses the door: a name and plain values."""

    name: str
    args: tuple[Any, ...]


@coroutine
def trap(name: str, *args: Any) -> Generator[Call, Any, Any]:
    """Ask the kernel for something; the coroutine sleeps until the answer is there. Raises KernelError."""
    return (yield Call(name, plain(args)))


def plain(value: Any) -> Any:
    """A copy of `value` made of int, str, bytes, None and tuples only. Raises BadCall for anything else."""
    if value is None or type(value) in (int, bytes):
        return value
    if type(value) is str:
        if len(value) > MAX_TEXT:
            raise LimitReached(f"a text of {len(value):,} characters; at most {MAX_TEXT:,} cross a call")
        return value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        return plain(str(value))
    if isinstance(value, (tuple, list)):
        return tuple(plain(v) for v in value)
    raise BadCall(f"{type(value).__name__} can't cross a call; use int, str, bytes, None or tuples of these")


class Entry(NamedTuple):
    """One row of the call table."""

    name: str
    model: bool  # may the model make this call by itself?
    help: str


CALLS: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry("think", False, "add spans to the context and let the model continue"),
        Entry("read", True, "next line, or a device's result, from a channel"),
        Entry("write", True, "text to a channel: the console, or a device's arguments"),
        Entry("open", True, "a channel to a device by name"),
        Entry("close", True, "give a channel back"),
        Entry("fork", False, "a new process on a copy-on-write copy of this context"),
        Entry("spawn", False, "a new process with an empty context"),
        Entry("wait", False, "block until a child ends; its number and status"),
        Entry("exit", True, "end this process"),
        Entry("kill", False, "end another process"),
        Entry("pipe", False, "two channels: what is written to one is read from the other"),
        Entry("start", False, "spawn, with some of my channels"),
        Entry("exec", False, "become another program"),
        Entry("group", False, "make a child the head of a job"),
        Entry("nice", False, "change a process's priority and share"),
        Entry("adapter", False, "choose the weights that a process runs with"),
        Entry("mmap", False, "put a document into the context; its pages are computed when they are needed"),
        Entry("maps", False, "the mapped documents, and how many pages of each were needed"),
        Entry("park", False, "stop a process and write all its pages to the page file"),
        Entry("unpark", False, "let a parked process go on; its pages come back when it runs"),
        Entry("limit", False, "make a limit of this process smaller"),
        Entry("signal", False, "catch, ignore or take a signal by default"),
        Entry("send", False, "a message to another process's mailbox"),
        Entry("recv", False, "the oldest message of my mailbox"),
        Entry("share", False, "give my context a name, so that others can map it"),
        Entry("attach", False, "begin my context with a shared segment"),
        Entry("unshare", False, "remove a segment of mine"),
        Entry("sleep", True, "block for a number of ticks"),
        Entry("me", False, "my own number"),
        Entry("ps", False, "the process table"),
        Entry("pledge", False, "keep only these devices and calls, for good"),
        Entry("unveil", False, "keep only these paths, for good"),
    )
}
