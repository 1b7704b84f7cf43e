"""Residency: the pages of this tick's tokens are found, made private, or somebody else's are taken.

Knows: bursts, frames, whose turn it is to read its prompt. Does not know: who gets a lane (`lanes.py`), what a token means.
Read next: `memory.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import compaction, guard, mapping, pager, planner, thinking
from .cpu import Burst
from .errors import OutOfMemory
from .limits import DECODE_COST, MANY, MOST_DEARER, MOST_WEIGHT, PASS_COST, READ_COST
from .memory import NoFrames
from .pressure import make_room
from .process import Process, Thought
from .space import starts

if TYPE_CHECKING:
    from .kernel import Kernel


def make_resident(kernel: Kernel) -> None:
    """Fill this tick's work: a burst for every lane that can run."""
    work = kernel.work
    work.clear()
    prefilling = _choose_prefill(kernel)
    for lane, process in enumerate(kernel.lanes):
        if process is None:
            continue
        burst = _decode(kernel, process)
        if burst is None and (process.feed_left <= 1 or lane == prefilling):
            burst = _burst(kernel, process)
        if burst is not None:
            work.processes.append(process)
            work.bursts.append(burst)


def _choose_prefill(kernel: Kernel) -> int:
    """At most one lane prefills in a tick: the lanes take turns, so that a long prompt starves nobody."""
    reading = []
    for process in kernel.lanes:
        if process is not None and process.feed_left > 1:
            reading.append(process)
    if not reading:
        kernel.earned = 0
        return -1
    if not _earned(kernel, len(reading)):
        return -1
    count = len(kernel.lanes)
    process = min(reading, key=lambda p: (p.lane - kernel.next_prefill) % count)
    space = process.space
    if not space.frames and space.work is None and (saved := kernel.memory.adopt(space)):
        kernel.emit("share", process.pid, saved)
    kernel.next_prefill = (process.lane + 1) % count
    return process.lane


def _earned(kernel: Kernel, reading: int) -> bool:
    """May a chunk be read in this tick? Many who decode keep their pace: it is read when they have written enough for it."""
    pace = kernel.config.pace
    decoding = len(kernel.lanes) - kernel.lanes.count(None) - reading
    if not pace or decoding < MANY:
        return True
    kernel.weight = kernel.weight or 1000 * (PASS_COST + READ_COST * kernel.geometry.chunk) // (decoding * DECODE_COST)
    kernel.earned += 1000 * (1000 - pace)
    if kernel.earned < pace * kernel.weight:
        return False
    kernel.earned -= pace * kernel.weight
    return True


def settle(kernel: Kernel, measured: int) -> None:
    """The last chunk cost so many thousandths of a tick without one, and the next is thought to cost the same. What was paid
    too little is owed; what was paid too much goes to the next chunk, and no further."""
    believed = min(max(measured, 0), MOST_DEARER * max(kernel.weight, 1000), MOST_WEIGHT)
    kernel.earned -= kernel.config.pace * (believed - kernel.weight)
    kernel.weight = max(1, believed)
    kernel.earned = min(kernel.earned, kernel.config.pace * kernel.weight)


def _decode(kernel: Kernel, process: Process) -> Burst | None:
    """The common case, quickly: one token is fed, and its page is in RAM and private. None: `_burst` has to look closer."""
    space, page = process.space, kernel.geometry.page
    thought: Thought = process.thought  # type: ignore[assignment]  # a process on a lane thinks
    pos, frames = space.resident, space.frames
    if (
        len(space.tokens) != pos + 1
        or pos >= len(frames) * page
        or space.work is not None
        or space.slots  # without slots in the page file no page is away
        or space.hidden
        or space.maps
        or thought.capture >= 0
        or process.limits
        or compaction.near(kernel, space)
        or kernel.memory.refs[frames[pos // page]] != 1
    ):
        return None
    fields = (
        frames,
        starts(len(frames), page),
        pos,
        (space.tokens[pos],),
        1,
        kernel.wakes,
        thought.seed,
        thought.temperature,
        thought.min_p,
        None,
        (),
        space.adapter,
        thinking.forbidden(kernel, thought),
    )
    return tuple.__new__(Burst, fields)  # Burst(...) passes a Python function, which takes as long as all the rest


def _burst(kernel: Kernel, process: Process) -> Burst | None:
    """This tick's work of a process, with its pages made private and present; None if it has to wait for frames."""
    space = process.space
    if compaction.pressed(kernel, process) or _too_long(kernel, process):
        return None
    mapping.pass_over(space, kernel.geometry.page)
    if (lacking := mapping.fault(space)) is not None:
        return _fill(kernel, process, lacking)
    feed = _placed(kernel, process)
    if not feed:
        return None
    thought: Thought = process.thought  # type: ignore[assignment]  # a process on a lane thinks
    pos = space.resident
    last = pos + len(feed) == len(space.tokens)
    return Burst(
        *space.table(kernel.geometry.page, pos),
        pos,
        feed,
        int(last),
        kernel.wakes,
        thought.seed,
        thought.temperature,
        thought.min_p,
        thinking.allowed(kernel, process, thought) if last else None,
        pager.digests(kernel, space),
        space.adapter,
        thinking.forbidden(kernel, thought),
    )


def _fill(kernel: Kernel, process: Process, page: int) -> Burst | None:
    """A page of a mapped document is needed for the first time; None if it has to wait for a frame."""
    while True:
        try:
            return mapping.fill(kernel, process, page)
        except NoFrames as lack:
            if not make_room(kernel, process, lack.needed):
                return None


def _too_long(kernel: Kernel, process: Process) -> bool:
    """Its context has outgrown the window, or it may hold or write no more: then its thought is over."""
    tokens, most = len(process.space.tokens), process.limits.get("frames")
    if tokens > pager.capacity(kernel, process.space):
        thinking.finish(kernel, process, "full")
    elif most is not None and tokens > most * kernel.geometry.page:
        thinking.abandon(kernel, process, OutOfMemory(f"pid {process.pid} may hold {most} frames and needs more"))
    elif most is not None and guard.crowded(kernel, process):
        thinking.abandon(
            kernel, process, OutOfMemory(f"pid {process.pid} and those who share its quota of frames need more")
        )
    elif "tokens" in process.limits and _spent(process):
        thinking.finish(kernel, process, "length")
    else:
        return False
    return True


def _spent(process: Process) -> bool:
    """Have others used up the tokens that it shares with them?"""
    left = guard.left(process, "tokens")
    return left is not None and left <= 0


def _placed(kernel: Kernel, process: Process) -> tuple[int, ...]:
    """The next tokens to feed, their pages present and private; none if it has to wait for frames."""
    space = process.space
    while True:
        pos = space.resident
        count = planner.stretch(space, pager.span(kernel, space), kernel.geometry.page)
        count = mapping.stretch(space, count, kernel.geometry.page)
        feed = tuple(space.tokens[pos : pos + count])
        try:
            pager.arrange(kernel, process, len(feed))
            if space.resident != pos:
                continue  # a page could not be brought back: its process begins again
            copies = kernel.memory.reserve(space, len(feed))
        except NoFrames as lack:
            if not make_room(kernel, process, lack.needed):
                return ()
            continue
        if copies:
            kernel.work.copies += copies
            kernel.emit("cow", process.pid, *copies[0])
        return feed
