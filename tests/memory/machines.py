"""Small machines for the tests of memory: a kernel over the scripted CPU, whose tokens depend on what is in the frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llmos.cpu.scripted import ByteCodec, ScriptedCpu
from llmos.swap import RamPages
from llmos_kernel.journal import Header, Recorder, replay
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.ports import Delivery, PageStore, Request
from llmos_kernel.syscall import trap

SLOTS = 300


class Quiet:
    """A world in which somebody may type commands."""

    def __init__(self) -> None:
        self.typed: list[Delivery] = []

    def poll(self) -> Sequence[Delivery]:
        taken, self.typed = self.typed, []
        return taken

    def submit(self, request: Request) -> None:
        """No devices."""


async def parent(count: int, limit: int) -> int:
    for n in range(count):
        await trap("spawn", "child", f"{n} says hello to everybody in this wide world. " * 3, limit + 7 * n)
    for _ in range(count):
        await trap("wait")
    return 0


async def child(text: str, tokens: int) -> int:
    ids: tuple[int, ...] = ()
    for _ in range(2):
        thought = await trap("think", (("user", text),), tokens)
        ids += thought[1]
        await trap("sleep", 2)
    await trap("exit", 0, ids)
    return 0


async def forker(text: str, tokens: int) -> int:
    """Thinks, and forks children that think on over the same pages."""
    first = await trap("think", (("user", text),), tokens)
    for n in range(3):
        await trap("fork", "child", f"child {n}", tokens + n)
    rest = await trap("think", (("user", "go on"),), tokens)
    for _ in range(3):
        await trap("wait")
    await trap("exit", 0, first[1] + rest[1])
    return 0


PROGRAMS: dict[str, Any] = {"init": parent, "child": child, "forker": forker}


def build(frames: int = 80, store: PageStore | None = None, lanes: int = 2, **config: Any) -> Kernel:
    config.setdefault("args", (4, 30))
    config.setdefault("slots", SLOTS)
    cpu = ScriptedCpu(frames=frames, lanes=lanes)
    return Kernel(Config(**config), PROGRAMS, cpu, ByteCodec(), Quiet(), store=store or RamPages(SLOTS))


def run(kernel: Kernel, each: Callable[[Kernel], None] = lambda kernel: None, most: int = 5_000) -> dict[int, Any]:
    """What each process gave to `exit`. Free frames are filled with junk after every tick, and all laws are checked."""
    given: dict[int, Any] = {}
    for _ in range(most):
        if kernel.halted:
            return given
        kernel.step()
        each(kernel)
        kernel.check_integrity()
        for frame in kernel.memory.free:
            kernel.cpu.load(frame, b"\x5a" * (16 * kernel.geometry.page))
        given |= {event[2]: event[4] for event in kernel.take_events() if event[1] == "exit"}
    raise AssertionError("the machine did not halt")


def twice(ports: Kernel, config: Config) -> tuple[list[Any], list[Any], list[Any]]:
    """The events of a run over the ports of a machine that has not begun, those of its replay without them, its records."""
    records: list[Any] = []
    recorder = Recorder(ports.cpu, ports.codec, ports.world, records.append, RamPages(SLOTS))
    kernel = Kernel(config, PROGRAMS, recorder, recorder, recorder, store=recorder)
    events: list[Any] = []
    while not kernel.halted:
        kernel.step()
        events += kernel.take_events()
    recorder.close()
    again: list[Any] = []
    for replayed in replay(Header.of(config, ports.cpu, ports.codec, ""), records, PROGRAMS):
        again += replayed.take_events()
    return events, again, records
