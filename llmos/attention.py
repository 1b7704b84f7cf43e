"""Which pages a token attended to, layer by layer, head by head: asked of the CPU when somebody wants to know it.

Knows: the kernel's tables, and a CPU that can tell where a token looks. Does not know: how it finds out, or how it is drawn.
Called by the machine's thread between two ticks. The token is computed once more, from the pages that are there; the process,
its pages, the journal and every later token stay as they are. Nothing is computed unless it is asked.
"""

from __future__ import annotations

import math
from typing import Any, Protocol, cast

from llmos_kernel.cpu import Burst, Cpu
from llmos_kernel.kernel import Kernel
from llmos_kernel.look import word
from llmos_kernel.process import Process

from .status import Attention

ALL = 65535
"""A weight of one."""


class Prober(Protocol):
    """A CPU that can say where a token looks; `cpu.engine.Engine` and `cpu.scripted.ScriptedCpu` can."""

    def attention(self, burst: Burst) -> Any:
        """Shares of 1, [layers][heads][pages of the table], of the one token that `burst` feeds. Changes nothing."""


def prober(cpu: Cpu | None) -> Prober | None:
    """The CPU, if it can tell."""
    return cast(Prober, cpu) if hasattr(cpu, "attention") else None


def attention(seen: Kernel, now: Kernel, cpu: Prober | None, pid: int, position: int) -> Attention:
    """Of the token at a position of a process, as it is in the kernel that is looked at; `now` is the machine itself, whose
    frames the CPU has. Raises ValueError with the reason when it cannot be told."""
    if cpu is None:
        raise ValueError("not known: a recording has no CPU to ask; what it kept is the sum above")
    if now.phase:
        raise ValueError("not known in the middle of a tick: step on")
    process = _same(seen, now, pid, position)
    page, size = position // now.geometry.page, now.geometry.page
    frames, starts = process.space.table(size, position)
    count = sum(start <= position for start in starts)
    frames, starts = frames[:count], starts[:count]
    if position > process.space.resident or (page * size) not in starts:
        raise ValueError("not known: its page is not in RAM now")
    token = process.space.tokens[position]
    burst = Burst(frames, starts, position, (token,), 0, adapter=process.space.adapter)
    shares = cpu.attention(burst)
    pages = tuple(start // size for start in starts)
    weights = tuple(_weight(one) for layer in shares for head in layer for one in head)
    parts = [slice(start, min(start + size, position + 1)) for start in starts]
    return Attention(
        position,
        word(now, token),
        pages,
        page + 1 - len(pages),
        len(shares),
        len(shares[0]),
        weights,
        "".join(_author(process.space.who[part]) for part in parts),
        tuple("".join(word(now, t) for t in process.space.tokens[part]) for part in parts),
    )


def _same(seen: Kernel, now: Kernel, pid: int, position: int) -> Process:
    """The living process whose first tokens are those that are looked at: earlier keys and values never change."""
    old, living = seen.processes.get(pid), now.processes.get(pid)
    if living is None or old is None:
        raise ValueError("not known: the process has ended, and its pages are free")
    if old.space.tokens[: position + 1] != living.space.tokens[: position + 1]:
        raise ValueError("not known: that stretch of its context is no longer in RAM")
    return living


def _author(who: bytearray) -> str:
    return chr(max(sorted(set(who)), key=who.count))


def _weight(share: float) -> int:
    """A broken page's share is no number."""
    return min(ALL, max(0, round(float(share) * ALL))) if math.isfinite(share) else 0
