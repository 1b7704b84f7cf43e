"""What the screen may see: frozen values, copied out of the kernel once per snapshot.

Knows: the fields the panels draw. Does not know: how they are drawn, or any live object.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .labels import Label


@dataclass(frozen=True, slots=True)
class ProcessView:
    pid: int
    ppid: int
    program: str
    args: str
    state: str  # NEW READY RUNNING BLOCKED STOPPED ZOMBIE
    ring: str  # KERNEL SYSTEM USER DATA
    priority: int
    tokens: int  # context length now
    decoded: int  # tokens it has sampled in all
    prefilled: int
    pages: int  # table entries
    shared: int  # of these, frames someone else also maps
    wait: int  # ticks spent READY without a lane
    why: str  # what it is blocked on, or how it ended
    lane: int  # -1 = none
    quantum: int  # ticks used of the current quantum
    response: int = -1  # ticks from birth to first burst, -1 = not yet
    turnaround: int = 0  # ticks from birth to end, or until now
    ran: int = 0  # ticks on a lane
    recomputed: int = 0  # tokens fed again
    faults: int = 0
    calls: int = 0
    energy: int = 0  # units of `accounts.py`
    group: int = 1  # its job
    absent: int = 0  # pages without a frame: in the page file, left out, or not read yet
    unread: int = 0  # of these, pages of mapped documents that nobody has needed so far


@dataclass(frozen=True, slots=True)
class TokenView:
    """One token of a process's context: who put it there and what it says."""

    id: int
    text: str  # printable, control ids as their names
    who: str  # "m" model, "K" kernel or program, "u" person, "d" device
    control: bool = False  # a control id: its text is a name, not what a text could say


@dataclass(frozen=True, slots=True)
class LaneView:
    lane: int
    pid: int  # 0 = idle
    program: str
    quantum: int
    quantum_max: int
    stream: tuple[TokenView, ...]  # the last few tokens of its context
    top: tuple[tuple[str, float], ...]  # the alternatives at the last sampled token, likeliest first
    chosen: str  # the token that was sampled
    stop: str  # last stop cause
    mass: tuple[int, ...]  # attention per page of the running process, uint16
    first: int = 0  # place of the stream's first token in its context
    left: int = -1  # the tick before which the process was gone from the lane, -1 = it is there


@dataclass(frozen=True, slots=True)
class FrameView:
    """One cell of the RAM map."""

    owner: int  # pid; 0 = free
    refs: int
    kind: str  # "." free, "p" private, "S" shared, "c" cached (published, no owner), "K" trash frame
    label: str  # ring letter of the page: K S U D
    writing: bool  # a lane writes it in this tick
    dirty: bool = False  # the page file has no copy of it
    pinned: bool = False  # its owner's working set never gives it up
    heat: int = 0  # attention it got in its owner's last burst, uint16


@dataclass(frozen=True, slots=True)
class PageView:
    page: int
    frame: int
    refs: int
    ring: str
    mass: int  # attention in the last burst, uint16
    text: str
    where: str = (
        "ram"  # "ram", "swap" (in the page file only), "away" (outside the window), "mapped" (not read yet) or "gone"
    )
    dirty: bool = False
    pinned: bool = False
    exact: bool = True  # computed while nothing was absent


@dataclass(frozen=True, slots=True)
class SpanView:
    """One span of a context window: whose words, how many tokens, what part of the window."""

    first: int
    tokens: int
    ring: str
    origin: str
    share: int  # thousandths of the window
    text: str  # its beginning
    leaves: bool  # a compaction now would move some of it


@dataclass(frozen=True, slots=True)
class MovedView:
    """A stretch of context that is on the retrieval disk."""

    title: str
    tokens: int
    ring: str
    at: int  # where its pointer stands
    text: str


@dataclass(frozen=True, slots=True)
class Counters:
    decoded: int = 0
    prefilled: int = 0
    shared_frames: int = 0  # frames saved by sharing now
    copies: int = 0  # copy-on-write copies so far
    evictions: int = 0  # processes that lost their frames so far
    switches: int = 0  # context switches so far
    calls: int = 0
    fairness: int = 1000  # Jain's index in thousandths
    swapped_out: int = 0  # pages so far
    swapped_in: int = 0
    slots_used: int = 0  # of the page file, now
    slots: int = 0
    faults: int = 0  # absent pages called back, of the processes that live
    prefetches: int = 0
    prefetch_hits: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The kernel at one instant."""

    tick: int
    phase: str  # the phase about to run
    processes: tuple[ProcessView, ...] = ()
    lanes: tuple[LaneView, ...] = ()
    frames: tuple[FrameView, ...] = ()
    timeline: tuple[tuple[int, ...], ...] = ()  # per lane the pid of each of the last ticks, oldest first
    selected: int = 0  # the pid whose pages are shown
    pages: tuple[PageView, ...] = ()
    counters: Counters = field(default_factory=Counters)
    window: tuple[SpanView, ...] = ()  # of the selected process
    moved: tuple[MovedView, ...] = ()


__all__ = [
    "Counters",
    "FrameView",
    "Label",
    "LaneView",
    "MovedView",
    "PageView",
    "ProcessView",
    "Snapshot",
    "SpanView",
    "TokenView",
]
