"""Which pages a token attended to, layer by layer, head by head: asked of the CPU when somebody wants to know it.

Knows: the kernel's tables, and a CPU that can tell where a token looks. Does not know: how it finds out, or how it is drawn.
Called by the machine's thread between two ticks. The token is computed once more from the pages that are there, or, if they are
gone, from its words in frames that nobody has. All processes, their pages, the journal and every later token stay as they are.
Nothing is computed unless it is asked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol, cast

from llmos_kernel.cpu import Burst, Cpu, Retired
from llmos_kernel.kernel import Kernel
from llmos_kernel.look import word
from llmos_kernel.space import AddressSpace

from .status import Attention

ALL = 65535
"""A weight of one."""


class Prober(Protocol):
    """A CPU that can say where a token looks; `cpu.engine.Engine` and `cpu.scripted.ScriptedCpu` can."""

    def run(self, bursts: Sequence[Burst]) -> Sequence[Retired]:
        """As `Cpu.run`."""

    def wipe(self, frames: Sequence[int]) -> None:
        """As `Cpu.wipe`."""

    def attention(self, burst: Burst) -> Any:
        """Shares of 1, [layers][heads][pages of the table], of the one token that `burst` feeds. Changes nothing."""


def prober(cpu: Cpu | None) -> Prober | None:
    """The CPU, if it can tell."""
    return cast(Prober, cpu) if hasattr(cpu, "attention") else None


def attention(seen: Kernel, now: Kernel, cpu: Prober | None, pid: int, position: int) -> Attention:
    """Of the token at a position of a process, as it is in the kernel that is looked at; `now` is the machine itself, whose
    frames the CPU has. Raises ValueError with the reason when it cannot be told."""
    if cpu is None:
        raise ValueError("not known: a recording has no CPU to ask; it kept the sum, beside `attended`")
    if now.phase:
        raise ValueError("not known in the middle of a tick: step on")
    size = now.geometry.page
    space, old = _living(seen, now, pid, position), seen.processes[pid].space
    frames, starts = space.table(size, position) if space else _again(old, now, cpu, position)
    count = sum(start <= position for start in starts)
    frames, starts = frames[:count], starts[:count]
    if position // size * size not in starts:
        raise ValueError("not known: its page is not in RAM now")
    token = old.tokens[position]
    shares = cpu.attention(Burst(frames, starts, position, (token,), 0, adapter=old.adapter))
    if not space:
        cpu.wipe(frames)  # they are nobody's
    parts = [slice(start, min(start + size, position + 1)) for start in starts]
    return Attention(
        position,
        word(now, token),
        tuple(start // size for start in starts),
        position // size + 1 - count,
        len(shares),
        len(shares[0]),
        tuple(_weight(one) for layer in shares for head in layer for one in head),
        "".join(_author(old.who[part]) for part in parts),
        tuple("".join(word(now, t) for t in old.tokens[part]) for part in parts),
        space is None,
    )


def _living(seen: Kernel, now: Kernel, pid: int, position: int) -> AddressSpace | None:
    """The process's space as it is now, if it still begins with what is looked at: earlier keys and values never change."""
    process = now.processes.get(pid)
    if process is None or position > process.space.resident:
        return None
    same = process.space.tokens[: position + 1] == seen.processes[pid].space.tokens[: position + 1]
    return process.space if same and process.space.frames else None


def _again(space: AddressSpace, now: Kernel, cpu: Prober, position: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A table for words whose pages are gone: they are read once more, into frames that are free and stay so."""
    size = now.geometry.page
    count = position // size + 1
    if space.work is not None or space.lossy is not None or space.hidden or space.maps:
        raise ValueError("not known: its pages are gone, and it did not see all of them alike")
    frames, starts = tuple(now.memory.free[:count]), tuple(range(0, count * size, size))  # those that are wanted last
    if len(frames) < count:
        raise ValueError(f"not known: its pages are gone, and fewer than {count} frames are free to read it again")
    for first in range(0, position + 1, now.geometry.chunk):
        feed = tuple(space.tokens[first : min(first + now.geometry.chunk, position + 1)])
        cpu.run([Burst(frames, starts, first, feed, 0, adapter=space.adapter)])
    return frames, starts


def _author(who: bytearray) -> str:
    return chr(max(sorted(set(who)), key=who.count))


def _weight(share: float) -> int:
    """A broken page's share is no number."""
    return min(ALL, max(0, round(float(share) * ALL))) if math.isfinite(share) else 0
