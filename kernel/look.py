"""Looking at the kernel: one frozen `Snapshot`, for the screen and for tests.

Knows: where each field of `view.py` is found. Does not know: how it is drawn. Never changes anything, never calls a port.
"""

from __future__ import annotations

from functools import lru_cache

from . import accounts, compaction
from .kernel import PHASES, Kernel
from .labels import Ring
from .limits import STREAM
from .process import Process
from .space import ABSENT
from .view import Counters, FrameView, LaneView, MovedView, PageView, ProcessView, Snapshot, SpanView, TokenView

_frame = lru_cache(8192)(FrameView)
"""Frozen values that come again and again are made once: a thousand frames are a few kinds of frame."""
FREE = FrameView(0, 0, ".", "", False)
UNKNOWN = (b"", "unknown")  # what an id says that was never in a context


@lru_cache(8192)
def _said(token: int, piece: bytes, name: str, who: int) -> TokenView:
    return TokenView(token, name or piece.decode("utf-8", "replace"), chr(who), bool(name))


def snapshot(kernel: Kernel, selected: int = 0) -> Snapshot:
    """A picture of the whole kernel; `selected` is the pid whose page table is wanted."""
    chosen = kernel.processes.get(selected)
    return Snapshot(
        tick=kernel.tick,
        phase=PHASES[kernel.phase],
        processes=tuple(_process(kernel, p) for p in kernel.processes.values()),
        lanes=tuple(_lane(kernel, i) for i in range(len(kernel.lanes))),
        frames=_frames(kernel),
        timeline=tuple(tuple(line) for line in kernel.timeline),
        selected=selected if chosen else 0,
        pages=_pages(kernel, chosen) if chosen else (),
        counters=_counters(kernel),
        window=_window(kernel, chosen) if chosen else (),
        moved=_moved(chosen) if chosen else (),
    )


def inside(kernel: Kernel, pid: int) -> Snapshot:
    """Of a snapshot what depends on who is selected, and nothing else."""
    p = kernel.processes[pid]
    return Snapshot(
        kernel.tick,
        PHASES[kernel.phase],
        selected=pid,
        pages=_pages(kernel, p),
        window=_window(kernel, p),
        moved=_moved(p),
    )


def _process(kernel: Kernel, p: Process) -> ProcessView:
    waiting = kernel.tick - p.account.since if p.state == "READY" else 0
    return ProcessView(
        pid=p.pid,
        ppid=p.ppid,
        program=p.program,
        args=" ".join(str(a) for a in p.args)[:80],
        state=str(p.state),
        ring=p.ring.name,
        priority=p.priority,
        tokens=len(p.space.tokens),
        decoded=p.account.decoded,
        prefilled=p.account.prefilled,
        pages=len(p.space.frames),
        shared=kernel.memory.shared(p.space),
        wait=p.account.waited + waiting,
        why=p.why,
        lane=p.lane,
        quantum=kernel.policy.turn(p.pid)[0] if p.lane >= 0 else 0,
        response=accounts.response(p),
        turnaround=accounts.turnaround(p, kernel.tick),
        ran=p.account.ran,
        recomputed=p.account.recomputed,
        faults=p.account.faults,
        calls=p.account.calls,
        energy=accounts.energy(p),
        group=p.group,
        absent=p.space.frames.count(ABSENT),
        unread=sum(map(p.space.unread, range(len(p.space.frames)))) if p.space.maps else 0,
    )


def _lane(kernel: Kernel, lane: int) -> LaneView:
    p = kernel.lanes[lane]
    if p is None:
        return LaneView(lane, 0, "", 0, kernel.policy.quantum, (), (), "", "", ())
    return on_lane(kernel, lane, p)


def on_lane(kernel: Kernel, lane: int, p: Process, left: int = -1) -> LaneView:
    """A lane with the process that has it, or that had it until it `left`."""
    tokens = p.space.tokens
    first = max(0, len(tokens) - STREAM)
    used, allowed = kernel.policy.turn(p.pid)
    return LaneView(
        lane=lane,
        pid=p.pid,
        program=p.program,
        quantum=used,
        quantum_max=allowed,
        stream=tuple(
            _said(token, *kernel.words.get(token, UNKNOWN), who)
            for token, who in zip(tokens[first:], p.space.who[first:], strict=True)
        ),
        top=tuple((word(kernel, t), weight / 65535) for t, weight in p.top),
        chosen=word(kernel, tokens[-1]) if tokens and p.space.who[-1] == ord("m") else "",
        stop=p.stop,
        mass=p.mass,
        first=first,
        left=left,
    )


def word(kernel: Kernel, token: int) -> str:
    """What an id says: a control id's name, or its text."""
    piece, name = kernel.words.get(token, (b"", f"<{token}>"))
    return name or piece.decode("utf-8", "replace")


def _frames(kernel: Kernel) -> tuple[FrameView, ...]:
    mapped, cached = _mapped(kernel), kernel.memory.cached
    writing = {
        frame
        for b in kernel.work.bursts
        for frame, start in zip(b.frames, b.starts, strict=True)
        if start + kernel.geometry.page > b.pos and start < b.pos + len(b.feed)
    }
    views: list[FrameView] = []
    for frame, refs in enumerate(kernel.memory.refs):
        if refs or frame in cached or not frame:
            owner, ring, dirty, pinned, heat = mapped.get(frame, (0, "", False, False, 0))
            kind = "K" if not frame else ("S" if refs > 1 else "p") if refs else "c"
            views.append(_frame(owner, refs, kind, ring, frame in writing, dirty, pinned, heat))
        else:
            views.append(FREE)
    return tuple(views)


def _mapped(kernel: Kernel) -> dict[int, tuple[int, str, bool, bool, int]]:
    """Of each mapped frame: whose it is, its ring; is it dirty, pinned, and how hot. The first who maps it owns it."""
    mapped: dict[int, tuple[int, str, bool, bool, int]] = {}
    for p in kernel.processes.values():
        rings, mass, slots = _rings(kernel, p), p.mass, p.space.slots
        for i, frame in enumerate(p.space.frames):
            if frame != ABSENT:
                owner, ring = mapped[frame][:2] if frame in mapped else (p.pid, rings[i])
                heat = mass[i] if i < len(mass) else 0
                mapped[frame] = (owner, ring, i not in slots, _pinned(p, i), heat)
    return mapped


def _pinned(p: Process, i: int) -> bool:
    work = p.space.work
    return work is not None and (i < work.pins.first or i >= len(p.space.frames) - work.pins.last)


def _where(p: Process, i: int) -> str:
    if p.space.frames[i] != ABSENT:
        return "ram"
    if p.space.unread(i):
        return "mapped"
    if i not in p.space.slots:
        return "gone"
    return "away" if p.space.work is not None and p.space.held() else "swap"


def _window(kernel: Kernel, p: Process) -> tuple[SpanView, ...]:
    cut = compaction.plan(kernel, p.space)
    return tuple(
        SpanView(
            first,
            count,
            Ring(label.ring).name,
            "+".join(label.origin),
            count * 1000 // kernel.capacity,
            text,
            cut is not None and first < cut.end and first + count > cut.first,
        )
        for first, count, label, text in compaction.spans(kernel, p.space)
    )


def _moved(p: Process) -> tuple[MovedView, ...]:
    return tuple(MovedView(m.title, len(m.tokens), Ring(m.label.ring).name, m.at, m.text[:80]) for m in p.space.moved)


def _rings(kernel: Kernel, p: Process) -> list[str]:
    """The ring letter of each page: the least trusted of its spans."""
    page = kernel.geometry.page
    rings = [int(Ring.KERNEL)] * len(p.space.frames)
    spans = p.space.spans
    for i, (start, label) in enumerate(spans):
        end = spans[i + 1][0] if i + 1 < len(spans) else len(p.space.tokens)
        for n in range(start // page, min(len(rings), (end - 1) // page + 1)):
            rings[n] = max(rings[n], label.ring)
    return [Ring(r).name[0] for r in rings]


def _pages(kernel: Kernel, p: Process) -> tuple[PageView, ...]:
    page, rings = kernel.geometry.page, _rings(kernel, p)
    return tuple(
        PageView(
            page=i,
            frame=frame,
            refs=kernel.memory.refs[frame],
            ring=rings[i],
            mass=p.mass[i] if i < len(p.mass) else 0,
            text="".join(word(kernel, t) for t in p.space.tokens[i * page : (i + 1) * page]),
            where=_where(p, i),
            dirty=frame != ABSENT and i not in p.space.slots,
            pinned=_pinned(p, i),
            exact=p.space.lossy is None or (i + 1) * page <= p.space.lossy,
        )
        for i, frame in enumerate(p.space.frames)
    )


def _counters(kernel: Kernel) -> Counters:
    processes = kernel.processes.values()
    return Counters(
        decoded=kernel.decoded,
        prefilled=kernel.prefilled,
        shared_frames=sum(n - 1 for n in kernel.memory.refs if n > 1),
        copies=kernel.memory.copies,
        evictions=kernel.evictions,
        switches=kernel.switches,
        calls=sum(p.account.calls for p in processes),
        fairness=accounts.fairness(kernel),
        swapped_out=kernel.swapped_out,
        swapped_in=kernel.swapped_in,
        slots_used=len(kernel.memory.slots.refs),
        slots=kernel.memory.slots.count,
        faults=sum(p.space.work.counters.faults for p in processes if p.space.work),
        prefetches=sum(p.space.work.counters.prefetches for p in processes if p.space.work),
        prefetch_hits=sum(p.space.work.counters.prefetch_hits for p in processes if p.space.work),
    )
