"""A random walk over a machine short of memory: windows, mapped documents, compactions and their undoing, forks, parking, a
page file that fills up, a retrieval disk that is slow or refuses. The laws are checked after every tick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmos.cpu.scripted import ByteCodec, ScriptedCpu
from llmos.swap import RamPages
from llmos_apps import goon
from llmos_kernel.errors import KernelError
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.look import snapshot
from llmos_kernel.ports import Delivery, Request
from llmos_kernel.replacement import REPLACEMENTS
from llmos_kernel.syscall import trap

PAGES = 24  # of an address space
LINE = "the {} has a shelf with a box and {} lamps\n"
PLACES = ("museum", "harbour", "mill", "tower", "garden")


class Shelf:
    """A disk that takes its time, and refuses while it is told to."""

    def __init__(self, delay: int) -> None:
        self.delay, self.now, self.takes = delay, 0, True
        self.typed: list[Delivery] = []
        self.waiting: list[tuple[int, int]] = []

    def poll(self) -> Sequence[Delivery]:
        self.now += 1
        while self.waiting and self.waiting[0][0] <= self.now:
            text = "kept" if self.takes else "the disk is full"
            self.typed.append(Delivery("done", str(self.waiting.pop(0)[1]), (text, "disk:there"), int(self.takes)))
        taken, self.typed = self.typed, []
        return taken

    def submit(self, request: Request) -> None:
        self.waiting.append((self.now + self.delay, request.number))


async def init() -> int:
    while True:
        try:
            await trap("wait")
        except KernelError:
            await trap("sleep", 5)


async def talker(*lengths: int) -> int:
    for n, length in enumerate(lengths):
        try:
            if length % 4 == 3:
                await trap("mmap", f"doc {n}", "".join(LINE.format(p, length) for p in PLACES))
            text = "".join(LINE.format(p, n) for p in PLACES[: length % 6])
            await trap("think", (("user", f"{text}what is in the {PLACES[length % 5]}?"),), 4 + length)
            await trap("sleep", length)
        except KernelError:
            continue
    return 0


async def forker(length: int) -> int:
    await trap("think", (("user", "one two three " * length),), 5)
    for program, *args in (("nosuch",), ("talker", length), ("forker", 1, 2)):
        try:
            await trap("fork", program, *args)
        except KernelError:
            continue
    await trap("think", (), 9)
    return 0


PROGRAMS: dict[str, Any] = {"init": init, "talker": talker, "forker": forker, "goon": goon.main}
pid = st.integers(2, 4)
orders = st.one_of(
    st.tuples(st.just("spawn"), st.just("talker"), st.lists(st.integers(0, 19), min_size=1, max_size=4)),
    st.tuples(st.just("spawn"), st.just("forker"), st.lists(st.integers(1, 9), min_size=1, max_size=1)),
    st.tuples(
        st.sampled_from(["fork", "swapout", "park", "unpark", "unpark", "compact", "compact", "undo", "undo"]), pid
    ),
    st.tuples(st.just("window"), pid, st.sampled_from([0, 0, 4, 6, 9, 40]), st.sampled_from(sorted(REPLACEMENTS))),
    st.tuples(st.just("kill"), pid, st.sampled_from(["INT", "TERM", "STOP", "CONT"])),
    st.tuples(st.just("disk"), st.booleans()),
    st.tuples(st.just("run"), st.integers(1, 60)),
    st.tuples(st.just("run"), st.integers(1, 60)),
)


def looked_at(kernel: Kernel, held: dict[int, int]) -> None:
    """The laws, and that what is in the frames is what the process has said and heard. `held` are the frames it had before:
    who is given a smaller window gives up pages at its next turn, and takes no more until then."""
    kernel.check_integrity()
    page, ids = kernel.geometry.page, kernel.cpu.ids  # type: ignore[attr-defined]
    for process in kernel.processes.values():
        space = process.space
        for i, frame in enumerate(space.frames):
            if frame > 0:
                own = space.tokens[i * page : min((i + 1) * page, space.resident)]
                assert ids[frame][: len(own)] == own, f"pid {process.pid} page {i}"
        if space.work is not None and not space.maps:
            assert space.held() <= max(space.work.limit, held.get(process.pid, 0))
        held[process.pid] = space.held()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    walk=st.lists(orders, min_size=4, max_size=40),
    frames=st.integers(10, 60),
    slots=st.sampled_from([0, 3, 200]),
    window=st.sampled_from([0, 0, 6]),
    delay=st.sampled_from([1, 3, 40]),
)
def test_a_walk_short_of_memory_breaks_no_law(
    walk: list[tuple[Any, ...]], frames: int, slots: int, window: int, delay: int
) -> None:
    world = Shelf(delay)
    cpu = ScriptedCpu(frames=frames, lanes=2, max_pages=PAGES)
    config = Config(quantum=5, slots=slots, window=window, compact=1)
    kernel = Kernel(config, PROGRAMS, cpu, ByteCodec(), world, store=RamPages(slots))
    held: dict[int, int] = {}
    for verb, *args in [("spawn", "talker", [9, 11, 7]), *walk]:
        steps = 2
        if verb == "run":
            steps = args[0]
        elif verb == "disk":
            world.takes = args[0]
        elif verb == "spawn":
            world.typed.append(Delivery("command", "spawn", (args[0], *args[1])))
        else:
            world.typed.append(Delivery("command", verb, tuple(args)))
        for _ in range(steps):
            kernel.step()
            looked_at(kernel, held)
        for number in [1, *kernel.processes]:
            snapshot(kernel, number)
        kernel.events.clear()
    for process in [p for p in kernel.processes.values() if p.pid != 1]:
        world.typed.append(Delivery("command", "kill", (process.pid, "KILL")))
    for _ in range(6):
        kernel.step()
        kernel.check_integrity()
    assert list(kernel.processes) == [1]
    assert kernel.memory.available() == kernel.memory.total
    assert not kernel.memory.slots.refs
