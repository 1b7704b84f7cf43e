"""The pager: pages move between frames and the page file, and somebody has to go when frames run out.

Knows: address spaces, working sets, what a page costs. Does not know: who gets a lane, what a token means, what is in a page.
In exact mode all pages of a process are in RAM when it runs. In working-set mode some stay away, and what is computed
meanwhile is marked. Read next: `memory.py`, `workingset.py`, `swap.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .cpu import Burst, Retired
from .limits import RESTARTS, RESTARTS_ASKED, ROOM
from .memory import AddressSpace, NoFrames
from .process import Process
from .space import ABSENT
from .swap import swaps
from .workingset import hot_pages

if TYPE_CHECKING:
    from .kernel import Kernel


# -- whole processes ----------------------------------------------------------------------------------------------------


def evict(kernel: Kernel, victim: Process, why: int) -> None:
    """Take all frames of a process, by swap or by recompute, whatever is cheaper. Its tokens stay in any case."""
    space = victim.space
    pages = [i for i, frame in enumerate(space.frames) if frame != ABSENT]
    dirty = [i for i in pages if i not in space.slots]
    cheaper = swaps(kernel.costs, len(dirty), len(space.frames), space.resident)
    kernel.emit("evict", victim.pid, len(pages), why)
    kernel.evictions += 1
    if not (cheaper and kernel.memory.slots.available() >= len(dirty) and swap_out(kernel, victim)):
        kernel.memory.drop(space)


def swap_out(kernel: Kernel, process: Process) -> bool:
    """Every page of a process to the page file. False when one could not be kept; those before it are out already."""
    space, moved = process.space, 0
    for i, frame in enumerate(space.frames):
        if frame == ABSENT:
            continue
        if not _keep(kernel, process, i):
            return False
        if space.work is not None:
            _remember(kernel, space, i)
            space.work.leave(i)
        kernel.memory.give_up(space, i)
        moved += 1
    if moved:
        kernel.emit("swapout", process.pid, moved)
    return True


def swap_in(kernel: Kernel, process: Process) -> None:
    """Bring every missing page back. Raises NoFrames before anything is moved when there are too few frames."""
    space, memory = process.space, kernel.memory
    missing = space.missing()
    if not missing:
        return
    if memory.available() < len(missing):
        raise NoFrames(len(missing) - memory.available())
    for i in missing:
        if not _bring(kernel, process, i):
            kernel.emit("damaged", process.pid, i, process.program)
            memory.drop(space)  # a page is lost, not a token: all of it is computed again
            return
    kernel.emit("swapin", process.pid, len(missing))


def _keep(kernel: Kernel, process: Process, i: int) -> bool:
    """See that page i is in the page file. What is clean is there already."""
    space, slots = process.space, kernel.memory.slots
    if i in space.slots:
        return True
    slot = slots.allocate()
    if slot is None:
        _full(kernel, process, f"all {slots.count} slots are taken")
        return False
    kernel.flush_copies()
    name = space.chain[i] if i < len(space.chain) else b""
    if not kernel.store.put(slot, kernel.cpu.save(space.frames[i]), name):
        slots.release(slot)
        _full(kernel, process, "the disk has no room")
        return False
    space.slots[i] = slot
    kernel.swapped_out += 1
    return True


def _full(kernel: Kernel, process: Process, why: str) -> None:
    kernel.emit("swapfull", process.pid, why)


def _bring(kernel: Kernel, process: Process, i: int) -> bool:
    """Page i into a frame; False when the page file does not have it whole."""
    space, memory = process.space, kernel.memory
    if memory.find(space, i):
        return True
    kernel.flush_copies()
    data = kernel.store.get(space.slots[i])
    if data is None:
        return False
    frame = memory.take(space, i)
    kernel.cpu.load(frame, data)
    memory.filled(frame)
    kernel.swapped_in += 1
    return True


# -- working sets -------------------------------------------------------------------------------------------------------


def capacity(kernel: Kernel, space: AddressSpace) -> int:
    """The longest context. A working set needs no frame for every page, nor does a mapped document."""
    return kernel.geometry.page * kernel.geometry.max_pages if space.work or space.maps else kernel.capacity


def span(kernel: Kernel, space: AddressSpace) -> int:
    """The most tokens of one burst: in working-set mode so few that their pages leave room for others.

    The last page of a prompt is a burst of its own, since what is answered then needs all the room there is.
    """
    page, work = kernel.geometry.page, space.work
    if work is None:
        return kernel.geometry.chunk
    room = max(1, work.managed // ROOM) * page - space.resident % page
    left = len(space.tokens) - space.resident
    return min(kernel.geometry.chunk, room, max(left - page, min(left, page)))


def arrange(kernel: Kernel, process: Process, count: int) -> None:
    """Make room for the next `count` tokens, and bring back what was called for. Raises NoFrames."""
    space, page = process.space, kernel.geometry.page
    work = space.work
    if work is None:
        swap_in(kernel, process)
        return
    if space.held() == 0 and space.frames:
        _come_back(kernel, process)
    first, last = space.resident // page, (space.resident + count - 1) // page
    come = work.callers([i for i in space.missing() if i in space.slots])
    new = max(0, last + 1 - len(space.frames))
    over = space.held() + new + len(come) - work.limit
    there = [i for i, frame in enumerate(space.frames) if frame != ABSENT]
    for i in work.victims(there, first, last, over):
        _page_out(kernel, process, i)
    room = max(0, work.limit - space.held() - new)
    for i, ahead in come[:room]:
        before = kernel.swapped_in
        if kernel.memory.available() <= new or not _bring(kernel, process, i):
            break
        work.came(i, ahead)
        costs, read = kernel.costs, kernel.swapped_in - before
        number = kernel.swapped_in if read else 0  # 0: it had left, and nobody had taken its frame yet
        layer = -1 if ahead else work.asked.get(i, -2)  # -1: comes along; -2: this CPU has no layers
        spared = costs.back * read, costs.recompute * page
        kernel.emit("fault", process.pid, i, process.program, layer, *spared, number)
    if space.lossy is None and any(frame == ABSENT for frame in space.frames[:first]):
        space.lossy = space.resident


def make_way(kernel: Kernel, process: Process) -> None:
    """A working set that is full gives up a page for one that is computed out of turn."""
    space, work = process.space, process.space.work
    if work is not None and space.held() >= work.limit:
        there = [i for i, frame in enumerate(space.frames) if frame != ABSENT]
        tail = space.resident // kernel.geometry.page
        for i in work.victims(there, tail, tail, 1):
            _page_out(kernel, process, i)


def _page_out(kernel: Kernel, process: Process, i: int) -> None:
    """One page of a working set leaves; only where it can be called back is it kept."""
    space, work = process.space, process.space.work
    assert work is not None
    kept = work.recalls and _keep(kernel, process, i)
    if kept:
        _remember(kernel, space, i)
    else:
        work.digests.pop(i, None)
        work.counters.lost += 1
        space.needed = tuple(page for page in space.needed if page != i)
    kernel.memory.give_up(space, i)
    kernel.emit("pageout", process.pid, i, process.program, int(kept))


def _come_back(kernel: Kernel, process: Process) -> None:
    """A working set that was swapped out as a whole: pinned pages and the newest others return, as many as it may hold."""
    space, work = process.space, process.space.work
    assert work is not None
    kept = [i for i in space.missing() if i in space.slots]
    tail = len(space.frames) - 1
    if tail not in space.slots and not space.unread(tail):  # the page to be written is gone: begin again
        kernel.memory.drop(space)
        return
    best = sorted(kept, key=lambda i: (i >= work.pins.first, -i))[: work.limit - 1]
    if tail in kept and tail not in best:
        best[-1] = tail
    if kernel.memory.available() < len(best):
        raise NoFrames(len(best) - kernel.memory.available())
    for i in sorted(best):
        if not _bring(kernel, process, i):
            kernel.memory.drop(space)
            return
    kernel.emit("swapin", process.pid, len(best))


def _remember(kernel: Kernel, space: AddressSpace, i: int) -> None:
    """A full page leaves its digest, once."""
    work = space.work
    if (
        work is not None
        and work.recalls
        and not work.digests.get(i)
        and (i + 1) * kernel.geometry.page <= space.resident
    ):
        work.digests[i] = kernel.cpu.digest(space.frames[i])


def digests(kernel: Kernel, space: AddressSpace) -> tuple[bytes, ...]:
    """What the CPU gets to know of pages: of those in RAM and of the absent ones, as soon as somebody may have to go."""
    work = space.work
    if work is None or not work.recalls or 2 * len(space.frames) < work.limit:
        return ()
    there = [i for i, frame in enumerate(space.frames) if frame != ABSENT]
    for i in there:
        _remember(kernel, space, i)
    away = [i for i in sorted(work.digests) if space.frames[i] == ABSENT]
    work.listed = (*there, *away)
    return tuple(work.digests.get(i, b"") for i in work.listed)


def faulted(process: Process, burst: Burst, retired: Retired) -> bool:
    """Must this burst be run again, because absent pages matter more to it than some that are there?"""
    work = process.space.work
    if work is None or not retired.worth:
        return False
    away = work.listed[len(burst.frames) :]
    work.asked = dict(zip(away, retired.layers, strict=False))
    work.weigh(dict(zip(work.listed, retired.worth, strict=True)), away)
    return work.restart(burst.pos, RESTARTS_ASKED if burst.steps and len(burst.feed) > 1 else RESTARTS)


def attended(kernel: Kernel, process: Process, burst: Burst, mass: Sequence[int]) -> None:
    """Attention sets the accessed bits."""
    space, page = process.space, kernel.geometry.page
    if space.work is None and space.trace is None and len(mass) == len(space.frames):  # no page was away
        process.mass = tuple(mass)
        return
    masses = {start // page: m for start, m in zip(burst.starts, mass, strict=False)}
    hot = space.work.accessed(masses) if space.work else hot_pages(masses) if space.trace is not None else []
    if space.trace is not None:
        space.trace += hot
    process.mass = tuple(masses.get(i, 0) for i in range(len(space.frames)))
