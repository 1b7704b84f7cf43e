"""Shared memory: a context under a name, which other processes map instead of reading it again.

Knows: named segments, who made them. Does not know: frames (`memory.py` counts them), what a context says. Keys depend on all
that stands before them, so a segment is always the beginning of a context: it is attached before anything else is in it, and
whoever writes on gets pages of its own. Labels come along, and the monitor asks for the right to `share` and `attach`. A
segment lives until its maker removes it or ends; those who attached it keep what they map.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import guard
from .errors import BadCall, Denied, LimitReached
from .labels import private
from .limits import MAX_SEGMENTS
from .memory import AddressSpace
from .process import Process

if TYPE_CHECKING:
    from .kernel import Kernel


@dataclass(slots=True)
class Segment:
    maker: int  # pid
    space: AddressSpace  # the kernel's own; nobody runs in it


def sys_share(kernel: Kernel, process: Process, name: str) -> int:
    """Give this context, as it is now, a name. The number of its tokens."""
    guard.permit(kernel, process, "share", str(name))
    space = process.space
    if not isinstance(name, str) or not name or name in kernel.segments:
        raise BadCall(f"a segment needs a name of its own; got {name!r}")
    if not space.tokens or space.slot:
        raise BadCall("there is nothing to share" if not space.tokens else "a planner's context is not shared")
    if private(space.tail):
        raise Denied(f"share: only {', '.join(space.tail.readers)} may read this context")
    if len(kernel.segments) >= MAX_SEGMENTS:
        raise LimitReached(f"{MAX_SEGMENTS} segments exist already")
    kernel.segments[name] = Segment(process.pid, kernel.memory.fork(space))
    kernel.emit("shared", process.pid, name, len(space.tokens))
    return len(space.tokens)


def sys_attach(kernel: Kernel, process: Process, name: str) -> int:
    """Begin this context with a segment: its frames are mapped, not copied and not read again. The number of its tokens."""
    guard.permit(kernel, process, "attach", str(name))
    segment = kernel.segments.get(name)
    if segment is None:
        raise BadCall(f"no segment {name!r}; there are {', '.join(kernel.segments) or 'none'}")
    if process.space.tokens:
        raise BadCall("a segment is attached before anything else is in the context")
    if process.space.domain != segment.space.domain:
        raise Denied(f"attach: {name} belongs to another domain")
    process.space = kernel.memory.fork(segment.space)
    process.high = process.space.resident
    kernel.emit("attached", process.pid, name, len(process.space.tokens), process.space.held())
    return len(process.space.tokens)


def sys_unshare(kernel: Kernel, process: Process, name: str) -> None:
    """Remove a segment of one's own."""
    segment = kernel.segments.get(name)
    if segment is None or segment.maker != process.pid:
        raise BadCall(f"no segment {name!r} of pid {process.pid}")
    _remove(kernel, name)


def forget(kernel: Kernel, pid: int) -> None:
    """A process is over, and with it its segments."""
    for name in [name for name, segment in kernel.segments.items() if segment.maker == pid]:
        _remove(kernel, name)


def _remove(kernel: Kernel, name: str) -> None:
    kernel.memory.drop(kernel.segments.pop(name).space)


def release(kernel: Kernel, enough: int) -> bool:
    """Memory pressure: segments give up their frames until `enough` are there; what nobody else maps is read again later."""
    for segment in kernel.segments.values():
        if kernel.memory.available() >= enough:
            break
        kernel.memory.drop(segment.space)
    return kernel.memory.available() >= enough
